-- Changes of a part of a subscriber that is paused: out of the way of the others, and found again by that part's name.
create index change_set_aside on tables.change (subscriber, reason) where reason_code = 'dual_write.paused';
