-- A map that was stopped runs anew over rows that are linked already: their failures are open until the link is another one.
alter table dual_write.copy_failure add column link_revision bigint;
create or replace view dual_write.open_copy_failure as
  select e.* from dual_write.copy_failure e
   where not exists (
           select 1 from dual_write.row_link l
            where e.direction = 'toPortal' and l.map = e.map and l.remote_key = e.key and l.revision is distinct from e.link_revision)
     and not exists (
           select 1 from dual_write.row_link l
            where l.map = e.map and l.row_id = case when e.direction = 'toErp' then e.key::uuid end)
     and (e.retried_at is null or exists (
           select 1 from dual_write.remote_change c where c.map = e.map and c.remote_key = e.key));
