-- Orders that buyers are still writing. They live here and nowhere else: an abandoned draft leaves nothing in salesorder nor in the ERP.

create schema customer_portal;

create table customer_portal.draft (
  draft_id uuid primary key,
  -- The contact who writes it; nobody else ever sees it.
  contact_id uuid not null,
  state text not null default 'open' check (state in ('open', 'submitted', 'discarded')),
  -- The shape of `information`; a reader of a newer shape converts the older.
  schema_version int not null default 1,
  information jsonb not null,
  -- Counts edits of the draft and its lines: a review submits exactly what it showed.
  version int not null default 1,
  -- The order it became. The draft's id is the key of the submission: submitted again, it answers the same order.
  order_id uuid unique,
  created_at timestamptz not null default clock_timestamp(),
  changed_at timestamptz not null default clock_timestamp(),
  check ((state = 'submitted') = (order_id is not null))
);
create index draft_of_contact on customer_portal.draft (contact_id, changed_at desc) where state = 'open';

create table customer_portal.draft_line (
  -- Given by the page that offers the line, so that the same form sent twice adds one line.
  line_id uuid primary key,
  draft_id uuid not null references customer_portal.draft on delete cascade,
  position bigint not null generated always as identity,
  product_id uuid not null,
  uom_id uuid not null,
  quantity numeric not null check (quantity > 0),
  -- A removed line can be put back until the draft is submitted.
  removed_at timestamptz
);
create index line_of_draft on customer_portal.draft_line (draft_id, position);
