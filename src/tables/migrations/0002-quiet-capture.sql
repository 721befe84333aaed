-- The same as before for rows that somebody wants to know about; for the others (a first copy writes them by the ten thousand, quietly
-- and under its own map's name) nothing is computed.
create or replace function tables.capture_change() returns trigger language plpgsql as $$
declare
  is_wanted boolean := exists (
    select 1 from tables.capture c
     where c.table_name = tg_table_name and c.subscriber is distinct from current_setting('comptoir.origin', true));
  is_quiet boolean := current_setting('comptoir.quiet', true) is not distinct from 'on';
  old_row jsonb;
  new_row jsonb;
  id uuid;
  changed text[];
  captured int := 0;
begin
  if is_quiet and not is_wanted then return null; end if;
  old_row := case when tg_op = 'INSERT' then null else to_jsonb(old) end;
  new_row := case when tg_op = 'DELETE' then null else to_jsonb(new) end;
  id := coalesce(new_row, old_row) ->> tg_argv[0];
  if is_wanted then
    select array_agg(e.key) into changed
      from jsonb_each(coalesce(new_row, old_row)) e
     where e.key not in ('modifiedon', 'versionnumber', 'createdon')
       and (tg_op <> 'UPDATE' or (old_row -> e.key) is distinct from e.value);
    if changed is not null then
      insert into tables.change (subscriber, table_name, row_id, operation, columns, before, actor)
      select c.subscriber, tg_table_name, id,
             case tg_op when 'INSERT' then 'create' when 'UPDATE' then 'update' else 'delete' end,
             changed,
             case when tg_op = 'INSERT' then null
                  else (select jsonb_object_agg(k, old_row ->> k) from unnest(changed) k) end,
             nullif(current_setting('comptoir.actor', true), '')
        from tables.capture c
       where c.table_name = tg_table_name
         and c.subscriber is distinct from current_setting('comptoir.origin', true)
         and (c.columns is null or tg_op <> 'UPDATE' or c.columns && changed);
      get diagnostics captured = row_count;
      if captured > 0 then perform pg_notify('comptoir_changes', tg_table_name); end if;
    end if;
  end if;
  if not is_quiet then perform pg_notify('comptoir_rows', tg_table_name || ' ' || id); end if;
  return null;
end $$;
