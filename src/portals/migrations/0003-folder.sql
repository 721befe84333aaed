-- The site's folder as it was when it was last published from: a folder that has not changed since does not take the place of what was
-- published in Studio.
create table portals.site_folder (
  one boolean primary key default true check (one),
  sha256 text not null,
  published_at timestamptz not null default now()
);
