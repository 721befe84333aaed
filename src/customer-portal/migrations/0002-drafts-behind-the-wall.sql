-- Drafts are read and written as the role of visitors, each by the contact who writes it (comptoir.contact_id of the transaction).

grant usage on schema customer_portal to comptoir_visitor;
grant select, insert, update on customer_portal.draft, customer_portal.draft_line to comptoir_visitor;

alter table customer_portal.draft enable row level security;
alter table customer_portal.draft_line enable row level security;

create policy own_draft on customer_portal.draft for all to comptoir_visitor
  using (contact_id = (select nullif(current_setting('comptoir.contact_id', true), '')::uuid));

-- The subquery stands under the policy of drafts itself.
create policy line_of_own_draft on customer_portal.draft_line for all to comptoir_visitor
  using (exists (select 1 from customer_portal.draft d where d.draft_id = draft_line.draft_id));
