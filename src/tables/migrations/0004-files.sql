-- Files of file and image columns. A column holds the id of its file; a file is whole before a row has it, and is swept when none has it.

create table tables.stored_file (
  file_id uuid primary key,
  table_name text not null,
  column_name text not null,
  name text not null,
  media_type text not null,
  bytes bigint not null default 0,
  sha256 text,
  is_whole boolean not null default false,
  stored_at timestamptz not null default clock_timestamp()
);
create index stored_file_by_column on tables.stored_file (table_name, column_name, stored_at);

create table tables.stored_file_chunk (
  file_id uuid not null references tables.stored_file on delete cascade,
  position int not null,
  content bytea not null,
  primary key (file_id, position)
);
-- Most files are compressed already.
alter table tables.stored_file_chunk alter column content set storage external;
