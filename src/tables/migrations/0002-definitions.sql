-- Definitions that this installation has made: every version of them, and what keeps their columns true.

-- One document a table: a whole table of this installation, or what it adds to a standard one. The newest of a table is what holds.
create table tables.definition_version (
  number bigint generated always as identity primary key,
  table_name text not null,
  -- 'file': from the folder of definitions; 'stored': made in Studio or by the API.
  source text not null check (source in ('file', 'stored')),
  -- As it was written, in its order. Null: defined no more; what the table held stays, hidden.
  document json,
  author text not null,
  message text not null,
  applied_at timestamptz not null default now()
);
create index definition_version_by_table on tables.definition_version (table_name, number desc);

-- Gives a new row its number where it brings none. Arguments: the column, its sequence, then the number's parts:
-- T<text>, N<digits>, R<characters>, M<format of to_char>.
-- Columns are named at run time: the row goes through jsonb, which keeps every value but a file's bytes, and those are elsewhere.
create function tables.give_autonumber() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  number text := '';
  part text;
begin
  if to_jsonb(new) ->> tg_argv[0] is not null then return new; end if;
  foreach part in array tg_argv[2:] loop
    number := number || case left(part, 1)
      when 'T' then substr(part, 2)
      when 'N' then (select lpad(n, greatest(length(n), substr(part, 2)::int), '0') from (select nextval(tg_argv[1]::regclass)::text as n) s)
      when 'R' then (select string_agg(substr('ABCDEFGHJKLMNPQRSTUVWXYZ23456789', 1 + floor(random() * 32)::int, 1), '')
                       from generate_series(1, substr(part, 2)::int))
      when 'M' then to_char(clock_timestamp() at time zone 'UTC', substr(part, 2))
    end;
  end loop;
  return jsonb_populate_record(new, jsonb_build_object(tg_argv[0], number));
end $$;

-- A customer column points to an account or to a contact, as the column <name>type beside it says: what a foreign key is to a lookup.
create table tables.customer_column (
  table_name text not null,
  column_name text not null,
  on_delete text not null check (on_delete in ('set null', 'cascade', 'restrict')),
  primary key (table_name, column_name)
);

-- Arguments: the column.
create function tables.check_customer() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  customer uuid := (to_jsonb(new) ->> tg_argv[0])::uuid;
  kind text := to_jsonb(new) ->> (tg_argv[0] || 'type');
  is_there boolean;
begin
  if customer is null then return null; end if;
  if kind = 'account' then
    select true into is_there from tables.account where accountid = customer for key share;
  elsif kind = 'contact' then
    select true into is_there from tables.contact where contactid = customer for key share;
  end if;
  if is_there is null then
    raise foreign_key_violation using message = format('%s.%s points to no %s', tg_table_name, tg_argv[0], coalesce(kind, 'account or contact')),
      column = tg_argv[0], table = tg_table_name;
  end if;
  return null;
end $$;

-- After the deletion of an account or contact. Arguments: its id column.
create function tables.release_customer() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  id uuid := (to_jsonb(old) ->> tg_argv[0])::uuid;
  one tables.customer_column;
  is_used boolean;
begin
  for one in select * from tables.customer_column loop
    if one.on_delete = 'cascade' then
      execute format('delete from tables.%I where %I = $1 and %I = $2', one.table_name, one.column_name, one.column_name || 'type')
        using id, tg_table_name;
    elsif one.on_delete = 'set null' then
      execute format('update tables.%I set %I = null, %I = null where %I = $1 and %I = $2', one.table_name, one.column_name,
                     one.column_name || 'type', one.column_name, one.column_name || 'type')
        using id, tg_table_name;
    else
      execute format('select exists (select from tables.%I where %I = $1 and %I = $2)', one.table_name, one.column_name,
                     one.column_name || 'type')
        into is_used using id, tg_table_name;
      if is_used then
        raise foreign_key_violation using message = format('%s.%s still points to it', one.table_name, one.column_name),
          column = one.column_name, table = one.table_name;
      end if;
    end if;
  end loop;
  return null;
end $$;
