-- Saved views that people make: a query of one table under a name, of its owner alone or for everybody who works with the table.
-- A view grants nothing: it is asked under the permissions of whoever looks.
create table tables.saved_view (
  view_id uuid primary key,
  table_name text not null,
  name text not null check (char_length(name) between 1 and 100),
  -- The contact or service account that made it.
  owner_id uuid not null,
  is_shared boolean not null default false,
  -- { language: 'fetchxml', text } or { language: 'odata', columns, filter, orderby, search }.
  query jsonb not null,
  -- Widths of columns by what they answer under, in pixels.
  widths jsonb not null default '{}',
  modified_at timestamptz(3) not null default clock_timestamp()
);
create index saved_view_of_table on tables.saved_view (table_name, is_shared, owner_id);
