-- What anonymous visitors have got by a release beyond the one before it, as a person has confirmed it by name.
create table portals.release_confirmation (
  release_id bigint not null references portals.release,
  name text not null,
  confirmed_by text not null,
  confirmed_at timestamptz not null default now()
);
create index release_confirmation_release on portals.release_confirmation (release_id);

create trigger immutable before update or delete on portals.release_confirmation for each row execute function portals.refuse_change();
