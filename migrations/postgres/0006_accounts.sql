-- compatible_from: 1

-- Which purposes there are is the program's business: a table with a CHECK cannot learn another.
ALTER TABLE challenges DROP CONSTRAINT challenges_purpose_check;

-- Requests to prove again, in a session, that its owner is there. One is used up by a proof, which then counts for
-- the access token that was shown with it as well as for those issued later.
CREATE TABLE confirmations (
  id uuid NOT NULL PRIMARY KEY,
  session_id uuid NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  ends_at timestamptz NOT NULL,
  redeemed_at timestamptz,
  token_id uuid
);
CREATE INDEX confirmations_by_session ON confirmations (session_id);
CREATE INDEX confirmations_by_end ON confirmations (ends_at);

-- Links in letters with which the owner of an address takes an account back. The key is the hash of what stands in
-- the link.
CREATE TABLE appeals (
  hash bytea NOT NULL PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  address text NOT NULL,
  created_at timestamptz NOT NULL,
  ends_at timestamptz NOT NULL
);
CREATE INDEX appeals_by_user ON appeals (user_id);
CREATE INDEX appeals_by_end ON appeals (ends_at);

-- Until when the address of an account that was opened without a proof of it must be proved; empty if nobody asks.
ALTER TABLE users ADD COLUMN proof_due_at timestamptz;
CREATE INDEX users_by_proof_due ON users (proof_due_at) WHERE proof_due_at IS NOT NULL;
