-- Who changed what somebody may do, and when. Written by triggers where rights are kept, so that no way to change them can forget it; and by
-- what is not kept in these tables (publishing, signing somebody out) itself.
create table access.audit (
  audit_id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  -- A contact's id, or a name where a command did it; null where nobody said.
  actor text,
  action text not null,
  -- A contact's or service account's id.
  subject uuid,
  details jsonb not null default '{}'
);
create index audit_subject on access.audit (subject, audit_id desc);

create function access.refuse_audit_change() returns trigger language plpgsql as $$
begin
  raise exception 'the record of access is only added to' using errcode = 'restrict_violation';
end $$;
create trigger append_only before update or delete on access.audit for each row execute function access.refuse_audit_change();
create trigger append_only_truncate before truncate on access.audit for each statement execute function access.refuse_audit_change();

create function access.record(action text, subject uuid, details jsonb, who uuid default null) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
  insert into access.audit (actor, action, subject, details)
  values (coalesce(nullif(current_setting('comptoir.actor', true), ''), who::text), action, subject, jsonb_strip_nulls(details))
$$;

create function access.audit_role() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    perform access.record('role.taken', old.contact_id, jsonb_build_object('role', old.role, 'account', old.account_id));
  else
    perform access.record(case tg_op when 'INSERT' then 'role.given' else 'role.limited' end, new.contact_id,
      jsonb_build_object('role', new.role, 'account', new.account_id, 'from', new.valid_from, 'until', new.valid_until), new.granted_by);
  end if;
  return null;
end $$;
create trigger audit after insert or update or delete on access.contact_role for each row execute function access.audit_role();

create function access.audit_membership() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    perform access.record('membership.ended', old.contact_id, jsonb_build_object('account', old.account_id));
  else
    perform access.record(case tg_op when 'INSERT' then 'membership.begun' else 'membership.limited' end, new.contact_id,
      jsonb_build_object('account', new.account_id, 'from', new.valid_from, 'until', new.valid_until), new.granted_by);
  end if;
  return null;
end $$;
create trigger audit after insert or update or delete on access.membership for each row execute function access.audit_membership();

create function access.audit_identity() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    perform access.record('sign_in.made', new.contact_id, '{}');
  elsif tg_op = 'DELETE' then
    perform access.record('sign_in.deleted', old.contact_id, '{}');
  else
    perform access.record(case when new.suspended_at is null then 'person.reactivated' else 'person.suspended' end, new.contact_id, '{}');
  end if;
  return null;
end $$;
create trigger audit after insert or delete on access.identity for each row execute function access.audit_identity();
create trigger audit_suspension after update of suspended_at on access.identity for each row
  when (old.suspended_at is distinct from new.suspended_at) execute function access.audit_identity();

create function access.audit_service_account() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    perform access.record('program.made', new.service_account_id,
      jsonb_build_object('name', new.name, 'role', new.role, 'account', new.account_id), new.created_by);
  else
    perform access.record(case when new.disabled_at is null then 'program.enabled' else 'program.disabled' end,
      new.service_account_id, jsonb_build_object('name', new.name));
  end if;
  return null;
end $$;
create trigger audit after insert on access.service_account for each row execute function access.audit_service_account();
create trigger audit_disabled after update of disabled_at on access.service_account for each row
  when (old.disabled_at is distinct from new.disabled_at) execute function access.audit_service_account();

create function access.audit_token() returns trigger language plpgsql as $$
declare
  named text := (select a.name from access.service_account a where a.service_account_id = new.service_account_id);
begin
  if tg_op = 'INSERT' then
    perform access.record('token.made', new.service_account_id, jsonb_build_object('name', named, 'token', new.prefix || '…',
      'readOnly', new.read_only, 'tables', array_to_string(new.tables, ', '), 'until', new.expires_at), new.created_by);
  else
    perform access.record('token.revoked', new.service_account_id, jsonb_build_object('name', named, 'token', new.prefix || '…'));
  end if;
  return null;
end $$;
create trigger audit after insert on access.service_token for each row execute function access.audit_token();
create trigger audit_revoked after update of revoked_at on access.service_token for each row
  when (old.revoked_at is distinct from new.revoked_at) execute function access.audit_token();

create function access.audit_invitation() returns trigger language plpgsql as $$
begin
  perform access.record('invitation.revoked', null, jsonb_build_object('roles', array_to_string(new.roles, ', ')));
  return null;
end $$;
create trigger audit_revoked after update of revoked_at on access.invitation for each row
  when (old.revoked_at is distinct from new.revoked_at) execute function access.audit_invitation();
