-- People with three sessions each, two tokens a session. Half of the people share one domain, the others a hundred each.
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -1000000;
BEGIN;

WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers LIMIT {users}),
people AS (
  SELECT n, substr('adabobcydevefayguyhalirajankaylexmaxnedoliparoysueteduma', 1 + 3 * (n * 7 % 18), 3) AS name,
         CAST(unixepoch('now', '-700 days') AS INTEGER) + n * 50000000 / {users} AS at
  FROM numbers
)
INSERT INTO users (id, email, username, username_normalized, created_at)
SELECT unhex(printf('%012x7%03x8%015x', at * 1000, n & 0xfff, random() & 0xfffffffffffffff)),
       iif(n % 2, printf('%s%d@mail.example', name, n), printf('%s%d@company%d.example', name, n, n / 200)),
       printf('%s-%d', name, n), printf('%s-%d', name, n), at * 1000000
FROM people;

INSERT INTO passwords (user_id, hash, changed_at)
SELECT id, '$scrypt$ln=15,r=8,p=3$c29tZSBzYWx0IG9yIG90aGVy$bm90IHRoZSBoYXNoIG9mIGFueSBwYXNzd29yZCBhdCBhbGw', created_at
FROM users;

INSERT INTO organizations (id, name, kind, created_by, created_at)
SELECT id, username, 'personal', id, created_at FROM users;

INSERT INTO memberships (organization_id, user_id, role, created_at) SELECT id, id, 'owner', created_at FROM users;

WITH opened AS (
  SELECT u.id AS user_id, CAST(unixepoch('now') AS INTEGER) - (random() & 0x1fffff) AS at
  FROM users u
  CROSS JOIN (VALUES (1), (2), (3))
)
INSERT INTO sessions
  (id, user_id, organization_id, created_at, expires_at, last_used_at, authenticated_at, method, address, user_agent)
SELECT unhex(printf('%012x7%03x8%015x', at * 1000, random() & 0xfff, random() & 0xfffffffffffffff)), user_id, user_id,
       at * 1000000, (at + 2592000) * 1000000, at * 1000000, at * 1000000, 'pwd', '192.0.2.7',
       'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36'
FROM opened;

INSERT INTO refresh_tokens (hash, session_id, generation, created_at, expires_at, consumed_at, consumer_network, consumer_user_agent)
SELECT randomblob(32), id, 0, created_at, expires_at, last_used_at, '192.0.2.0', user_agent FROM sessions;

INSERT INTO refresh_tokens (hash, session_id, generation, created_at, expires_at)
SELECT randomblob(32), id, 1, created_at, expires_at FROM sessions;

COMMIT;
