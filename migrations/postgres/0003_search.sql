-- compatible_from: 1

-- Compared byte by byte, as SQLite does, so that their unique indexes also find beginnings.
ALTER TABLE users
  ALTER COLUMN email TYPE text COLLATE "C",
  ALTER COLUMN username_normalized TYPE text COLLATE "C";

-- The domain of an address; `storage/users.rs` asks with the same expression.
CREATE INDEX users_by_domain ON users (
  substr(email, length(rtrim(email, 'abcdefghijklmnopqrstuvwxyz0123456789-.')) + 1), email
);
