import type { Tx } from '#postgres/database.ts'

export type SealedSecret = { connector: string; keyId: string; sealed: string; setAt: string; setBy: string }

export async function findSealedSecret(tx: Tx, connector: string): Promise<SealedSecret | undefined> {
  const [found] = await tx<SealedSecret>`
    select connector, key_id as "keyId", sealed, set_at as "setAt", set_by as "setBy"
      from dual_write.connection_secret where connector = ${connector}`
  return found
}

/** Those that are there; nobody else changes or adds one until the transaction ends. */
export async function lockSealedSecrets(tx: Tx): Promise<SealedSecret[]> {
  await tx`lock table dual_write.connection_secret in share row exclusive mode`
  return tx<SealedSecret>`
    select connector, key_id as "keyId", sealed, set_at as "setAt", set_by as "setBy"
      from dual_write.connection_secret order by connector`
}

export async function putSealedSecret(tx: Tx, secret: Omit<SealedSecret, 'setAt'>): Promise<void> {
  await tx`
    insert into dual_write.connection_secret (connector, key_id, sealed, set_by)
    values (${secret.connector}, ${secret.keyId}, ${secret.sealed}, ${secret.setBy})
    on conflict (connector) do update
       set key_id = excluded.key_id, sealed = excluded.sealed, set_by = excluded.set_by, set_at = clock_timestamp()`
}

/** Every process works with what is kept. */
export async function notifyConnection(tx: Tx): Promise<void> {
  await tx`select pg_notify('comptoir_connection', '')`
}
