-- compatible_from: 1

CREATE TABLE users (
  id uuid PRIMARY KEY,
  email text NOT NULL UNIQUE,
  email_verified_at timestamptz,
  username text NOT NULL,
  username_normalized text NOT NULL UNIQUE,
  disabled_at timestamptz,
  created_at timestamptz NOT NULL
);
CREATE INDEX users_in_order ON users (created_at, id);

CREATE TABLE passwords (
  user_id uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  hash text NOT NULL,
  changed_at timestamptz NOT NULL
);

CREATE TABLE user_roles (
  user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  role text NOT NULL CHECK (role IN ('admin', 'auditor', 'monitor')),
  granted_at timestamptz NOT NULL,
  PRIMARY KEY (user_id, role)
);
CREATE INDEX user_roles_by_role ON user_roles (role);

CREATE TABLE organizations (
  id uuid PRIMARY KEY,
  name text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('personal', 'team')),
  created_by uuid REFERENCES users (id) ON DELETE SET NULL,
  created_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX organizations_one_personal ON organizations (created_by) WHERE kind = 'personal';
CREATE INDEX organizations_by_creator ON organizations (created_by);

CREATE TABLE memberships (
  organization_id uuid NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
  user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  role text NOT NULL CHECK (role IN ('owner', 'admin', 'member')),
  created_at timestamptz NOT NULL,
  PRIMARY KEY (organization_id, user_id)
);
CREATE INDEX memberships_by_user ON memberships (user_id, created_at);

-- One row: how this deployment uses organizations, settled at its first start.
CREATE TABLE organization_mode (
  id bigint PRIMARY KEY CHECK (id = 1),
  mode text NOT NULL CHECK (mode IN ('personal', 'single', 'multi')),
  recorded_at timestamptz NOT NULL
);

-- The organization carries no foreign key: a member may be removed, and an organization ended,
-- while sessions in it exist. They notice at their next use.
CREATE TABLE sessions (
  id uuid PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  organization_id uuid NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  last_used_at timestamptz NOT NULL,
  authenticated_at timestamptz NOT NULL,
  method text NOT NULL,
  revoked_at timestamptz,
  address text NOT NULL,
  user_agent text NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_id, last_used_at);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);
CREATE INDEX sessions_by_revocation ON sessions (revoked_at) WHERE revoked_at IS NOT NULL;

-- A consumed token stays until its session goes, so that a second use is recognised.
CREATE TABLE refresh_tokens (
  hash bytea PRIMARY KEY,
  session_id uuid NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  generation bigint NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  consumed_at timestamptz,
  consumer_network text,
  consumer_user_agent text,
  UNIQUE (session_id, generation),
  CHECK ((consumed_at IS NULL) = (consumer_network IS NULL)),
  CHECK ((consumed_at IS NULL) = (consumer_user_agent IS NULL))
);

CREATE TABLE signing_keys (
  id text PRIMARY KEY,
  public bytea NOT NULL,
  sealed bytea NOT NULL,
  created_at timestamptz NOT NULL,
  active_from timestamptz NOT NULL,
  retired_at timestamptz
);

-- Only ever added to. Plain ids: a line outlives the account it speaks of.
CREATE TABLE audit (
  id uuid PRIMARY KEY,
  at timestamptz NOT NULL,
  action text NOT NULL,
  actor text NOT NULL CHECK (actor IN ('user', 'operator', 'system')),
  actor_id uuid,
  subject_id uuid,
  session_id uuid,
  address text NOT NULL,
  user_agent text NOT NULL,
  detail text NOT NULL
);
CREATE INDEX audit_in_order ON audit (at, id);
CREATE INDEX audit_by_subject ON audit (subject_id, at, id);
