-- compatible_from: 1

-- The domain of an address; `storage/users.rs` asks with the same expression.
CREATE INDEX users_by_domain ON users (
  substr(email, length(rtrim(email, 'abcdefghijklmnopqrstuvwxyz0123456789-.')) + 1), email
);
