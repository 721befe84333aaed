create schema mail;

create table mail.message (
  message_id uuid primary key,
  recipient text not null,
  subject text not null,
  -- Emptied once sent: mails carry links that open accounts.
  body_text text not null,
  body_html text not null,
  -- kept: no mail server is configured, the mail is to be read here
  state text not null check (state in ('kept', 'waiting', 'sent', 'failed')),
  attempts integer not null default 0,
  error text,
  created_at timestamptz not null default now(),
  sent_at timestamptz
);
create index message_created on mail.message (created_at desc, message_id desc);
