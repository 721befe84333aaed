create schema access;

-- Who can sign in. The contact itself is a row of tables.contact that dual-write keeps; an administrator of ours may have none, and
-- then carries a name here.
create table access.identity (
  contact_id uuid primary key,
  email text not null check (length(email) between 3 and 200),
  full_name text,
  password_hash text not null,
  failed_attempts integer not null default 0,
  locked_until timestamptz,
  suspended_at timestamptz,
  created_at timestamptz not null,
  password_changed_at timestamptz not null,
  last_signed_in_at timestamptz
);
create unique index identity_email on access.identity (lower(email));

-- Roles can be given before there is an identity: they wait for the invitation to be redeemed.
create table access.contact_role (
  contact_id uuid not null,
  role text not null,
  granted_at timestamptz not null,
  granted_by uuid,
  primary key (contact_id, role)
);

-- The token itself is only in the browser: whoever reads this table cannot become anybody.
create table access.session (
  token_sha256 bytea primary key,
  contact_id uuid not null references access.identity on delete cascade,
  created_at timestamptz not null,
  last_seen_at timestamptz not null,
  expires_at timestamptz not null,
  user_agent text
);
create index session_contact on access.session (contact_id);
create index session_expiry on access.session (expires_at);

create table access.invitation (
  invitation_id uuid primary key,
  type text not null check (type in ('single', 'group')),
  roles text[] not null,
  redemptions_max integer not null check (redemptions_max > 0),
  expires_at timestamptz not null,
  created_at timestamptz not null,
  created_by uuid,
  revoked_at timestamptz
);
create index invitation_created on access.invitation (created_at desc, invitation_id);

-- Every invited contact has a code of their own, so that a code proves whose mailbox it was sent to, in a group too.
create table access.invitation_contact (
  invitation_id uuid not null references access.invitation on delete cascade,
  contact_id uuid not null,
  code_sha256 bytea not null unique,
  redeemed_at timestamptz,
  primary key (invitation_id, contact_id)
);
create index invitation_contact_contact on access.invitation_contact (contact_id);

create table access.password_reset (
  token_sha256 bytea primary key,
  contact_id uuid not null references access.identity on delete cascade,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz
);
create index password_reset_contact on access.password_reset (contact_id);
