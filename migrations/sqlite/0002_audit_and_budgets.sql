-- compatible_from: 1

-- Which request it was, by the name it has in the log; empty at the command line. An older
-- program that runs beside this one writes neither column.
ALTER TABLE audit ADD COLUMN request_id TEXT NOT NULL DEFAULT '';
ALTER TABLE audit ADD COLUMN result TEXT NOT NULL DEFAULT 'done' CHECK (result IN ('done', 'refused'));
CREATE INDEX audit_by_action ON audit (action, at, id);

-- What is left of a limit that must hold across instances and restarts. The key is a keyed hash:
-- no address of a person is in it.
CREATE TABLE budgets (
  name TEXT NOT NULL,
  key BLOB NOT NULL,
  spent INTEGER NOT NULL,
  strikes INTEGER NOT NULL,
  ends_at INTEGER NOT NULL,
  PRIMARY KEY (name, key)
) STRICT;
CREATE INDEX budgets_by_end ON budgets (ends_at);
