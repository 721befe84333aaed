-- The queue stays as quick with a million changes waiting or parked as with none: each index below holds what one question asks for and
-- nothing else, and a change that cannot go now is out of the way of those that can until what it waits for has ended.

alter table tables.change
  -- The reason without what differs from row to row: similar failures are one cluster.
  add column pattern text,
  -- The row whose own change must end first.
  add column waits_for uuid;

drop index tables.change_of_row;
drop index tables.change_by_row;
drop index tables.change_due;
create index change_of_row on tables.change (row_id, subscriber, number);
create index change_due on tables.change (subscriber, due_at, number) where parked_at is null;
create index change_waiting on tables.change (subscriber, number) where parked_at is null;
create index change_newest_parked on tables.change (number) where parked_at is not null;
create index change_cluster on tables.change (subscriber, reason_code, pattern, number) where parked_at is not null;
create index change_waits_for on tables.change (waits_for) where waits_for is not null;
-- Rows that were deleted here and whose records may still come: few at any time.
create index change_delete on tables.change (subscriber, number) where operation = 'delete';

-- What differs between failures of one cause, taken out: quoted text, and every word with a digit in it.
create function tables.failure_pattern(reason text) returns text language sql immutable parallel safe as $$
  select left(regexp_replace(regexp_replace(reason, '"[^"]*"|''[^'']*''|«[^»]*»|“[^”]*”', '…', 'g'), '[^\s(),;:=]*\d[^\s(),;:=]*', '#', 'g'), 300)
$$;

-- Changes that end free what waited for them: the next changes of the same row, and other rows that need this one. A statement of its own,
-- so that it sees what was committed while the deletion waited for a lock.
create function tables.free_waiting() returns trigger language plpgsql as $$
begin
  update tables.change c set due_at = clock_timestamp()
    from (select distinct subscriber, row_id from gone) g
   where c.row_id = g.row_id and c.subscriber = g.subscriber and c.due_at = 'infinity' and c.reason_code is null and c.parked_at is null;
  update tables.change c set due_at = clock_timestamp(), waits_for = null
    from (select distinct row_id from gone) g
   where c.waits_for = g.row_id and c.waits_for is not null and c.parked_at is null;
  return null;
end $$;
create trigger free_waiting after delete on tables.change
  referencing old table as gone for each statement execute function tables.free_waiting();

-- Deletions that are refused at once: of rows for which the named function, asked with the rule's name and the row's id, says yes.
create table tables.delete_rule (
  table_name text not null,
  name text not null,
  reason text not null,
  function text not null,
  primary key (table_name, name)
);

-- Argument: the table's id column. Whoever the rule is of may delete.
create function tables.refuse_delete() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  rule record;
  id uuid := (to_jsonb(old) ->> tg_argv[0])::uuid;
  is_refused boolean;
begin
  for rule in
    select r.name, r.reason, r.function from tables.delete_rule r
     where r.table_name = tg_table_name and r.name is distinct from current_setting('comptoir.origin', true)
  loop
    execute format('select %s($1, $2)', rule.function) into is_refused using rule.name, id;
    if is_refused then
      raise exception using errcode = 'restrict_violation', message = rule.reason, table = tg_table_name, constraint = 'delete_rule';
    end if;
  end loop;
  return old;
end $$;
