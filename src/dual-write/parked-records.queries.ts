import type { Tx } from '#postgres/database.ts'

/** Records of the other side that could not be taken in and wait for a person, as tables/parked-changes.queries.ts has it for changes. */
export type ParkedRemoteChange = {
  map: string
  remoteKey: string
  parkedAt: string
  code: string
  reason: string
  attempt: number
}

type Key = { map: string; remoteKey: string }

/** The newest first; with `cluster`, of this cause alone. */
export function listParkedRemoteChanges(
  tx: Tx,
  page: { maps: readonly string[]; cluster?: { code: string; pattern: string } | undefined; rowsMax: number },
): Promise<ParkedRemoteChange[]> {
  const { code = null, pattern = null } = page.cluster ?? {}
  return tx<ParkedRemoteChange>`
    select map, remote_key as "remoteKey", parked_at as "parkedAt", coalesce(reason_code, '') as code, coalesce(reason, '') as reason, attempt
      from dual_write.remote_change
     where parked_at is not null and map = any(${page.maps}::text[])
       and (${code}::text is null or coalesce(reason_code, '') = ${code} and coalesce(pattern, '') = ${pattern})
     order by parked_at desc limit ${page.rowsMax}`
}

export function findParkedRemoteChanges(tx: Tx, keys: readonly Key[]): Promise<ParkedRemoteChange[]> {
  return tx<ParkedRemoteChange>`
    select c.map, c.remote_key as "remoteKey", c.parked_at as "parkedAt", coalesce(c.reason_code, '') as code,
           coalesce(c.reason, '') as reason, c.attempt
      from unnest(${keys.map((one) => one.map)}::text[], ${keys.map((one) => one.remoteKey)}::text[]) as k(map, remote_key)
      join dual_write.remote_change c on c.map = k.map and c.remote_key = k.remote_key
     where c.parked_at is not null`
}

/** Back into the queue, as new: of one cause, or whatever it is. Answers how many. */
export async function releaseParkedRemoteChanges(
  tx: Tx,
  which: { maps: readonly string[]; of: { code: string; pattern: string } | 'all'; rowsMax: number },
): Promise<number> {
  const cluster = which.of === 'all' ? null : which.of
  const rows = await tx`
    with chosen as (
      select c.map, c.remote_key from dual_write.remote_change c
       where c.parked_at is not null and c.map = any(${which.maps}::text[])
         and (${cluster?.code ?? null}::text is null
              or coalesce(c.reason_code, '') = ${cluster?.code ?? null} and coalesce(c.pattern, '') = ${cluster?.pattern ?? null})
       limit ${which.rowsMax}
    )
    update dual_write.remote_change c set parked_at = null, attempt = 0, due_at = clock_timestamp(), pattern = null
      from chosen k where c.map = k.map and c.remote_key = k.remote_key
    returning 1 as one`
  return rows.length
}

/** The same for these, however many others are parked: each record that comes with its parent asks for it. */
export async function releaseParkedRecords(tx: Tx, keys: readonly Key[]): Promise<number> {
  const rows = await tx`
    update dual_write.remote_change c set parked_at = null, attempt = 0, due_at = clock_timestamp(), pattern = null
      from unnest(${keys.map((one) => one.map)}::text[], ${keys.map((one) => one.remoteKey)}::text[]) as k(map, remote_key)
     where c.parked_at is not null and c.map = k.map and c.remote_key = k.remote_key
    returning 1 as one`
  return rows.length
}

export function discardParkedRemoteChanges(tx: Tx, keys: readonly Key[]): Promise<Key[]> {
  return tx<Key>`
    delete from dual_write.remote_change c
     using unnest(${keys.map((one) => one.map)}::text[], ${keys.map((one) => one.remoteKey)}::text[]) as k(map, remote_key)
     where c.parked_at is not null and c.map = k.map and c.remote_key = k.remote_key
    returning c.map, c.remote_key as "remoteKey"`
}

/** A person's values for a parked record, which is tried again with them. Answers whether it was still parked. */
export async function overrideRemoteChange(
  tx: Tx,
  key: Key,
  overrides: Readonly<Record<string, string | null>>,
): Promise<boolean> {
  const rows = await tx`
    update dual_write.remote_change
       set overrides = coalesce(overrides, '{}') || ${JSON.stringify(overrides)}::jsonb, parked_at = null, attempt = 0,
           due_at = clock_timestamp(), pattern = null
     where map = ${key.map} and remote_key = ${key.remoteKey} and parked_at is not null
    returning 1 as one`
  return rows.length > 0
}

export type RemoteClusterCount = {
  map: string
  code: string
  pattern: string
  count: number
  exampleKey: string
  exampleReason: string
  oldestAt: string
}

/** Parked records by cause, the most frequent first. */
export function countRemoteClusters(tx: Tx, of: { maps: readonly string[]; clustersMax: number }): Promise<RemoteClusterCount[]> {
  return tx<RemoteClusterCount>`
    select c.map, coalesce(c.reason_code, '') as code, coalesce(c.pattern, '') as pattern, count(*)::int as count,
           max(c.remote_key) as "exampleKey", max(c.reason) as "exampleReason", min(c.parked_at) as "oldestAt"
      from dual_write.remote_change c where c.parked_at is not null and c.map = any(${of.maps}::text[])
     group by 1, 2, 3 order by 4 desc, 1, 2, 3 limit ${of.clustersMax}`
}
