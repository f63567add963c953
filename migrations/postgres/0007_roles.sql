-- compatible_from: 1

-- The roles are admin and operator. Those who had auditor or monitor lose it, with an audit line each;
-- their sessions go on. An older program does not know operator: give that role once none runs any more.
INSERT INTO audit (id, at, action, actor, subject_id, address, user_agent, detail)
SELECT gen_random_uuid(), now(), 'user.role_revoked', 'system', user_id, '0.0.0.0', 'authara migrate', role
FROM user_roles
WHERE role IN ('auditor', 'monitor');

DELETE FROM user_roles WHERE role IN ('auditor', 'monitor');
ALTER TABLE user_roles
  DROP CONSTRAINT user_roles_role_check,
  ADD CONSTRAINT user_roles_role_check CHECK (role IN ('admin', 'operator'));
