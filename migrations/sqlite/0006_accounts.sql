-- compatible_from: 1

-- Which purposes there are is the program's business: a table with a CHECK cannot learn another.
CREATE TABLE challenges_anew (
  id BLOB NOT NULL PRIMARY KEY,
  purpose TEXT NOT NULL,
  address TEXT NOT NULL,
  user_id BLOB REFERENCES users (id) ON DELETE CASCADE,
  code BLOB,
  code_ends_at INTEGER NOT NULL,
  sealed BLOB NOT NULL,
  attempts INTEGER NOT NULL,
  resends INTEGER NOT NULL,
  sent_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  ends_at INTEGER NOT NULL,
  redeemed_at INTEGER
) STRICT;
INSERT INTO challenges_anew
  SELECT id, purpose, address, user_id, code, code_ends_at, sealed, attempts, resends, sent_at, created_at, ends_at,
         redeemed_at
  FROM challenges;
DROP TABLE challenges;
ALTER TABLE challenges_anew RENAME TO challenges;
CREATE INDEX challenges_by_user ON challenges (user_id);
CREATE INDEX challenges_by_address ON challenges (address, purpose);
CREATE INDEX challenges_by_end ON challenges (ends_at);

-- Requests to prove again, in a session, that its owner is there. One is used up by a proof, which then counts for
-- the access token that was shown with it as well as for those issued later.
CREATE TABLE confirmations (
  id BLOB NOT NULL PRIMARY KEY,
  session_id BLOB NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  ends_at INTEGER NOT NULL,
  redeemed_at INTEGER,
  token_id BLOB
) STRICT;
CREATE INDEX confirmations_by_session ON confirmations (session_id);
CREATE INDEX confirmations_by_end ON confirmations (ends_at);

-- Links in letters with which the owner of an address takes an account back. The key is the hash of what stands in
-- the link.
CREATE TABLE appeals (
  hash BLOB NOT NULL PRIMARY KEY,
  user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  address TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  ends_at INTEGER NOT NULL
) STRICT;
CREATE INDEX appeals_by_user ON appeals (user_id);
CREATE INDEX appeals_by_end ON appeals (ends_at);

-- Until when the address of an account that was opened without a proof of it must be proved; empty if nobody asks.
ALTER TABLE users ADD COLUMN proof_due_at INTEGER;
CREATE INDEX users_by_proof_due ON users (proof_due_at) WHERE proof_due_at IS NOT NULL;
