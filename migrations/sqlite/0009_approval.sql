-- compatible_from: 1

-- Since when an account waits for an operator to approve it; empty if it does not. An older program lets those who wait
-- sign in: ask for approval once none runs any more.
ALTER TABLE users ADD COLUMN waiting_since INTEGER;
CREATE INDEX users_waiting ON users (created_at, id) WHERE waiting_since IS NOT NULL;
