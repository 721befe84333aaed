-- Saved views that people make: a query of one table under a name, of its owner alone or for everybody who may see the table's rows.
-- A view grants nothing: it is asked under the permissions of whoever looks.
create table tables.fetch_view (
  id uuid primary key,
  table_name text not null,
  name text not null check (length(name) between 1 and 100),
  -- The contact that made it.
  owner_id uuid not null,
  shared boolean not null default false,
  -- FetchXML: its attributes are the columns in their order.
  query text not null,
  -- Widths of columns by what they answer under, in pixels.
  widths jsonb not null default '{}',
  changed_at timestamptz(3) not null default now()
);
create index fetch_view_by_table on tables.fetch_view (table_name, owner_id);
