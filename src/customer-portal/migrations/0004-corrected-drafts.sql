-- The version of the draft that its order was made from, or corrected to at last: edits of a later version have not been sent.
alter table customer_portal.draft add column submitted_version int;
update customer_portal.draft set submitted_version = version where state = 'submitted';
