-- What a whole comparison has learnt of the other side, range by range: a range whose hash is still the same need not be read again.
alter table dual_write.comparison add column memory jsonb;
