-- A long queue is often all of one subscriber's, and then PostgreSQL expects every change to be the asked subscriber's and reads the whole
-- queue for those that have none. However it may be at the moment: of the queue a subscriber has a small part.
alter table tables.change alter column subscriber set (n_distinct = 200);
