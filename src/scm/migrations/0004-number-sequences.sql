-- Numbers come from PostgreSQL's own sequences, one for each row of scm.number_sequence: taking one locks nobody, so orders of one
-- company can be written side by side. A number that a rolled-back transaction took is lost: sequences are not continuous.
create function scm.open_number_sequence() returns trigger language plpgsql as $$
declare
  name text := scm.sequence_name(new."dataAreaId", new."Name");
begin
  execute format('create sequence if not exists scm.%I', name);
  perform setval(format('scm.%I', name)::regclass, greatest(new."Next", 1), false);
  return null;
end $$;

create function scm.sequence_name(company text, name text) returns text language sql immutable as $$
  select 'number ' || company || ' ' || name
$$;

create trigger open_number_sequence after insert or update of "Next" on scm.number_sequence
  for each row execute function scm.open_number_sequence();

-- Rows that are there already open theirs.
update scm.number_sequence set "Next" = "Next";
