-- compatible_from: 1

-- Addresses (ada@example.com) and whole domains (@example.com) that accounts may have where the allowlist is on. An
-- older program does not ask for it.
CREATE TABLE allowed_emails (
  entry text COLLATE "C" NOT NULL PRIMARY KEY,
  added_at timestamptz NOT NULL
);
