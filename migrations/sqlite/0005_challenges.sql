-- compatible_from: 1

-- Attempts to prove an address with a code that was mailed. The code is a keyed hash, and what is needed at
-- the end is sealed. One that nobody can pass has no code, and looks like the others from outside.
CREATE TABLE challenges (
  id BLOB NOT NULL PRIMARY KEY,
  purpose TEXT NOT NULL CHECK (purpose IN ('signup', 'password_reset')),
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
CREATE INDEX challenges_by_user ON challenges (user_id);
CREATE INDEX challenges_by_address ON challenges (address, purpose);
CREATE INDEX challenges_by_end ON challenges (ends_at);
