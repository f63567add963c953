-- compatible_from: 1

-- The roles are admin and operator. Those who had auditor or monitor lose it, with an audit line each;
-- their sessions go on. An older program does not know operator: give that role once none runs any more.
INSERT INTO audit (id, at, action, actor, subject_id, address, user_agent, detail)
SELECT randomblob(16), CAST(strftime('%s', 'now') AS INTEGER) * 1000000,
       'user.role_revoked', 'system', user_id, '0.0.0.0', 'authara migrate', role
FROM user_roles
WHERE role IN ('auditor', 'monitor');

-- SQLite cannot change the check of a column.
CREATE TABLE kept_roles (
  user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  role TEXT NOT NULL CHECK (role IN ('admin', 'operator')),
  granted_at INTEGER NOT NULL,
  PRIMARY KEY (user_id, role)
) STRICT;
INSERT INTO kept_roles (user_id, role, granted_at)
SELECT user_id, role, granted_at FROM user_roles WHERE role = 'admin';
DROP TABLE user_roles;
ALTER TABLE kept_roles RENAME TO user_roles;
CREATE INDEX user_roles_by_role ON user_roles (role);
