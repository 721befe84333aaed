-- What alert rules count, without reading the whole queue.

create index change_parked_at on tables.change (parked_at) where parked_at is not null;
create index change_failing on tables.change (subscriber, reason_code) where parked_at is null and reason_code is not null;
