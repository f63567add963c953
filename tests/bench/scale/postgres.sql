-- What `sqlite.sql` makes.
SET search_path = authara;
SET synchronous_commit = off;
SET maintenance_work_mem = '512MB';

CREATE FUNCTION pg_temp.id(at timestamptz) RETURNS uuid LANGUAGE sql VOLATILE AS $$
  SELECT CAST(lpad(to_hex(CAST(extract(epoch FROM at) * 1000 AS bigint)), 12, '0') || '7'
              || substr(md5(CAST(random() AS text)), 1, 3) || '8' || substr(md5(CAST(random() AS text)), 1, 15) AS uuid)
$$;

WITH people AS (
  SELECT n, substr('adabobcydevefayguyhalirajankaylexmaxnedoliparoysueteduma', CAST(1 + 3 * (n * 7 % 18) AS int), 3) AS name,
         now() - interval '700 days' + n * 50000000 / {users} * interval '1 second' AS at
  FROM generate_series(CAST(0 AS bigint), {users} - 1) n
)
INSERT INTO users (id, email, username, username_normalized, created_at)
SELECT pg_temp.id(at),
       CASE n % 2 WHEN 1 THEN name || n || '@mail.example' ELSE name || n || '@company' || n / 200 || '.example' END,
       name || '-' || n, name || '-' || n, at
FROM people;

INSERT INTO passwords (user_id, hash, changed_at)
SELECT id, '$scrypt$ln=15,r=8,p=3$c29tZSBzYWx0IG9yIG90aGVy$bm90IHRoZSBoYXNoIG9mIGFueSBwYXNzd29yZCBhdCBhbGw', created_at
FROM users;

INSERT INTO organizations (id, name, kind, created_by, created_at)
SELECT id, username, 'personal', id, created_at FROM users;

INSERT INTO memberships (organization_id, user_id, role, created_at) SELECT id, id, 'owner', created_at FROM users;

WITH opened AS MATERIALIZED (
  SELECT u.id AS user_id, now() - random() * interval '24 days' AS at
  FROM users u
  CROSS JOIN generate_series(1, 3)
)
INSERT INTO sessions
  (id, user_id, organization_id, created_at, expires_at, last_used_at, authenticated_at, method, address, user_agent)
SELECT pg_temp.id(at), user_id, user_id, at, at + interval '30 days', at, at, 'pwd', '192.0.2.7',
       'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36'
FROM opened;

INSERT INTO refresh_tokens (hash, session_id, generation, created_at, expires_at, consumed_at, consumer_network, consumer_user_agent)
SELECT sha256(uuid_send(id) || '0'), id, 0, created_at, expires_at, last_used_at, '192.0.2.0', user_agent FROM sessions;

INSERT INTO refresh_tokens (hash, session_id, generation, created_at, expires_at)
SELECT sha256(uuid_send(id) || '1'), id, 1, created_at, expires_at FROM sessions;
