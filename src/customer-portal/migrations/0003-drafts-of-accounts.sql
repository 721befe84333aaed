-- A draft orders for the account that was in use when it began, and is there in that account only.
alter table customer_portal.draft
  add column account_id uuid,
  add column account_known boolean not null default true;

-- Those that were begun before are for the contact's own account: the start of the program says which that is, once.
update customer_portal.draft set account_known = false;

drop index customer_portal.draft_of_contact;
create index draft_of_contact on customer_portal.draft (contact_id, account_id, changed_at desc) where state = 'open';

alter policy own_draft on customer_portal.draft
  using (contact_id = (select nullif(current_setting('comptoir.contact_id', true), '')::uuid)
         and account_id is not distinct from (select nullif(current_setting('comptoir.account_id', true), '')::uuid));
