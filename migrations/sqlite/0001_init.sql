-- compatible_from: 1

-- Ids are the 16 bytes of a UUID; times are microseconds since 1970, UTC.

CREATE TABLE users (
  id BLOB NOT NULL PRIMARY KEY,
  email TEXT NOT NULL UNIQUE,
  email_verified_at INTEGER,
  username TEXT NOT NULL,
  username_normalized TEXT NOT NULL UNIQUE,
  disabled_at INTEGER,
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX users_in_order ON users (created_at, id);

CREATE TABLE passwords (
  user_id BLOB NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  hash TEXT NOT NULL,
  changed_at INTEGER NOT NULL
) STRICT;

CREATE TABLE user_roles (
  user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  role TEXT NOT NULL CHECK (role IN ('admin', 'auditor', 'monitor')),
  granted_at INTEGER NOT NULL,
  PRIMARY KEY (user_id, role)
) STRICT;
CREATE INDEX user_roles_by_role ON user_roles (role);

CREATE TABLE organizations (
  id BLOB NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('personal', 'team')),
  created_by BLOB REFERENCES users (id) ON DELETE SET NULL,
  created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX organizations_one_personal ON organizations (created_by) WHERE kind = 'personal';
CREATE INDEX organizations_by_creator ON organizations (created_by);

CREATE TABLE memberships (
  organization_id BLOB NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
  user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  role TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'member')),
  created_at INTEGER NOT NULL,
  PRIMARY KEY (organization_id, user_id)
) STRICT;
CREATE INDEX memberships_by_user ON memberships (user_id, created_at);

-- One row: how this deployment uses organizations, settled at its first start.
CREATE TABLE organization_mode (
  id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
  mode TEXT NOT NULL CHECK (mode IN ('personal', 'single', 'multi')),
  recorded_at INTEGER NOT NULL
) STRICT;

-- The organization carries no foreign key: a member may be removed, and an organization ended,
-- while sessions in it exist. They notice at their next use.
CREATE TABLE sessions (
  id BLOB NOT NULL PRIMARY KEY,
  user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  organization_id BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  last_used_at INTEGER NOT NULL,
  authenticated_at INTEGER NOT NULL,
  method TEXT NOT NULL,
  revoked_at INTEGER,
  address TEXT NOT NULL,
  user_agent TEXT NOT NULL
) STRICT;
CREATE INDEX sessions_by_user ON sessions (user_id, last_used_at);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);
CREATE INDEX sessions_by_revocation ON sessions (revoked_at) WHERE revoked_at IS NOT NULL;

-- A consumed token stays until its session goes, so that a second use is recognised.
CREATE TABLE refresh_tokens (
  hash BLOB NOT NULL PRIMARY KEY,
  session_id BLOB NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  generation INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  consumed_at INTEGER,
  consumer_network TEXT,
  consumer_user_agent TEXT,
  UNIQUE (session_id, generation),
  CHECK ((consumed_at IS NULL) = (consumer_network IS NULL)),
  CHECK ((consumed_at IS NULL) = (consumer_user_agent IS NULL))
) STRICT;

CREATE TABLE signing_keys (
  id TEXT NOT NULL PRIMARY KEY,
  public BLOB NOT NULL,
  sealed BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  active_from INTEGER NOT NULL,
  retired_at INTEGER
) STRICT;

-- Only ever added to. Plain ids: a line outlives the account it speaks of.
CREATE TABLE audit (
  id BLOB NOT NULL PRIMARY KEY,
  at INTEGER NOT NULL,
  action TEXT NOT NULL,
  actor TEXT NOT NULL CHECK (actor IN ('user', 'operator', 'system')),
  actor_id BLOB,
  subject_id BLOB,
  session_id BLOB,
  address TEXT NOT NULL,
  user_agent TEXT NOT NULL,
  detail TEXT NOT NULL
) STRICT;
CREATE INDEX audit_in_order ON audit (at, id);
CREATE INDEX audit_by_subject ON audit (subject_id, at, id);
