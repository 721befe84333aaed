-- As for tables.change: a long queue of one map must not be read for the maps that have none.
alter table dual_write.remote_change alter column map set (n_distinct = 200);
