-- What the connection to the other side needs and nobody may read: encrypted, with a key of the installation's folder.
create table dual_write.connection_secret (
  connector text primary key,
  -- Which key of the folder, so that keys can be changed.
  key_id text not null,
  -- Nonce, ciphertext and tag, base64.
  sealed text not null,
  set_at timestamptz not null default clock_timestamp(),
  set_by text not null
);
