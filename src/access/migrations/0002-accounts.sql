-- Customer companies that a contact may act for beside its own (parentcustomerid), which needs no row here.
create table access.membership (
  contact_id uuid not null,
  account_id uuid not null,
  valid_from timestamptz,
  valid_until timestamptz,
  granted_at timestamptz not null,
  granted_by uuid,
  primary key (contact_id, account_id),
  check (valid_from < valid_until)
);
create index membership_account on access.membership (account_id);

-- A role is had for one account. Without an account it holds where the person acts for none: administrators.
alter table access.contact_role
  add column account_id uuid,
  add column valid_from timestamptz,
  add column valid_until timestamptz,
  add column account_known boolean not null default true,
  add check (valid_from < valid_until),
  drop constraint contact_role_pkey,
  add constraint contact_role_once unique nulls not distinct (contact_id, account_id, role);
create index contact_role_account on access.contact_role (account_id);

-- Roles that were given before belong to the contact's own account: the start of the program says which that is, once.
update access.contact_role set account_known = false where role <> 'Administrator';

-- An invitation may be to act for another account than the contact's own.
alter table access.invitation add column account_id uuid;

-- Programs of integrators. What they may do is their role's, as for people.
create table access.service_account (
  service_account_id uuid primary key,
  name text not null check (length(name) between 1 and 100),
  role text not null,
  account_id uuid,
  created_at timestamptz not null,
  created_by uuid,
  disabled_at timestamptz
);
create unique index service_account_name on access.service_account (lower(name));

-- The token itself is shown once, to who made it.
create table access.service_token (
  token_id uuid primary key,
  service_account_id uuid not null references access.service_account on delete cascade,
  token_sha256 bytea not null unique,
  prefix text not null,
  read_only boolean not null,
  -- null: every table that the role has
  tables text[] check (cardinality(tables) > 0),
  created_at timestamptz not null,
  created_by uuid,
  expires_at timestamptz not null,
  last_used_at timestamptz,
  revoked_at timestamptz
);
create index service_token_account on access.service_token (service_account_id);

-- Whose rights have changed is told as soon as it is true: open pages of theirs are looked at again at once. Triggers, so that no way to
-- change rights can forget it.
create function access.tell_contact() returns trigger language plpgsql as $$
begin
  perform pg_notify('comptoir_access', 'contact ' || coalesce(new.contact_id, old.contact_id));
  return null;
end $$;
create function access.tell_service() returns trigger language plpgsql as $$
begin
  perform pg_notify('comptoir_access', 'service ' || coalesce(new.service_account_id, old.service_account_id));
  return null;
end $$;
create trigger tell after insert or update or delete on access.membership for each row execute function access.tell_contact();
create trigger tell after insert or update or delete on access.contact_role for each row execute function access.tell_contact();
create trigger tell after update of suspended_at or delete on access.identity for each row execute function access.tell_contact();
create trigger tell after delete on access.session for each row execute function access.tell_contact();
create trigger tell after update of disabled_at, role, account_id or delete on access.service_account
  for each row execute function access.tell_service();
create trigger tell after update of revoked_at or delete on access.service_token for each row execute function access.tell_service();
