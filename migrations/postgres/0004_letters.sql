-- compatible_from: 1

-- The tag of the language in which a person reads; empty until it is known.
ALTER TABLE users ADD COLUMN language text NOT NULL DEFAULT '';

-- E-mails, queued in the transaction of the change that they tell of. What a letter says beside
-- fixed words is sealed, and removed once it has come to an end.
CREATE TABLE letters (
  id uuid NOT NULL PRIMARY KEY,
  kind text NOT NULL,
  user_id uuid REFERENCES users (id) ON DELETE CASCADE,
  address text NOT NULL,
  language text NOT NULL,
  sealed bytea NOT NULL,
  created_at timestamptz NOT NULL,
  deadline timestamptz NOT NULL,
  state text NOT NULL CHECK (state IN ('waiting', 'sent', 'refused', 'failed')),
  due_at timestamptz NOT NULL,
  lease uuid,
  tries bigint NOT NULL,
  settled_at timestamptz,
  outcome text NOT NULL
);
CREATE INDEX letters_waiting ON letters (due_at) WHERE state = 'waiting';
CREATE INDEX letters_by_settling ON letters (settled_at) WHERE settled_at IS NOT NULL;
CREATE INDEX letters_in_order ON letters (created_at, id);
CREATE INDEX letters_by_user ON letters (user_id);
CREATE INDEX letters_by_address ON letters (address, settled_at);
