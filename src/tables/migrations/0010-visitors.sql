-- What a transaction that acts for a visitor may do besides reading and writing rows: say who writes, and take the next number of a series.
-- Both act with the owner's rights; the role has none on what is behind them.

create function tables.set_actor(actor text) returns void language sql security definer set search_path = pg_catalog, pg_temp as $$
  select set_config('comptoir.actor', actor, true)
$$;

create function tables.next_number(series text) returns bigint language sql security definer set search_path = pg_catalog, pg_temp as $$
  insert into tables.number_series (name, value) values (series, 1)
  on conflict (name) do update set value = tables.number_series.value + 1 returning value
$$;
