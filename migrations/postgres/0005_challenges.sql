-- compatible_from: 1

-- Attempts to prove an address with a code that was mailed. The code is a keyed hash, and what is needed at
-- the end is sealed. One that nobody can pass has no code, and looks like the others from outside.
CREATE TABLE challenges (
  id uuid NOT NULL PRIMARY KEY,
  purpose text NOT NULL CHECK (purpose IN ('signup', 'password_reset')),
  address text NOT NULL,
  user_id uuid REFERENCES users (id) ON DELETE CASCADE,
  code bytea,
  code_ends_at timestamptz NOT NULL,
  sealed bytea NOT NULL,
  attempts bigint NOT NULL,
  resends bigint NOT NULL,
  sent_at timestamptz NOT NULL,
  created_at timestamptz NOT NULL,
  ends_at timestamptz NOT NULL,
  redeemed_at timestamptz
);
CREATE INDEX challenges_by_user ON challenges (user_id);
CREATE INDEX challenges_by_address ON challenges (address, purpose);
CREATE INDEX challenges_by_end ON challenges (ends_at);
