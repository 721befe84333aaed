-- Releases of a site: immutable sets of files, each file stored once under the SHA-256 of its content.
create schema portals;

create table portals.file (
  sha256 text primary key check (sha256 ~ '^[0-9a-f]{64}$'),
  content bytea not null,
  stored_at timestamptz not null default now()
);

create table portals.release (
  release_id bigint generated always as identity primary key,
  parent_id bigint references portals.release,
  author text not null,
  message text not null,
  -- Of all paths and contents together: two releases with the same are the same site.
  sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  published_at timestamptz not null default now()
);

create table portals.release_file (
  release_id bigint not null references portals.release,
  path text not null,
  sha256 text not null references portals.file,
  primary key (release_id, path)
);
create index release_file_path on portals.release_file (path, sha256);

-- The one row that says which release visitors see; publishing and rolling back move it.
create table portals.current_release (
  one boolean primary key default true check (one),
  release_id bigint not null references portals.release,
  switched_at timestamptz not null default now()
);

create function portals.refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'a release is immutable: publish a new one' using errcode = 'restrict_violation';
end $$;

create trigger immutable before update or delete on portals.file for each row execute function portals.refuse_change();
create trigger immutable before update or delete on portals.release for each row execute function portals.refuse_change();
create trigger immutable before update or delete on portals.release_file for each row execute function portals.refuse_change();

create function portals.tell_release() returns trigger language plpgsql as $$
begin
  perform pg_notify('comptoir_release', new.release_id::text);
  return null;
end $$;

create trigger tell after insert or update on portals.current_release for each row execute function portals.tell_release();
