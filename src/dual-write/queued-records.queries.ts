import type { Tx } from '#postgres/database.ts'

/** Records of the other side that wait to be read, and not for a person, as tables/waiting-changes.queries.ts has it for changes. */
export type QueuedRecord = {
  map: string
  remoteKey: string
  receivedAt: string
  /** The same to the microsecond, for the next page. */
  place: string
  dueAt: string | null
  isDue: boolean
  isUnderWay: boolean
  attempt: number
  code: string | null
  reason: string | null
}

type Key = { map: string; remoteKey: string }
/** Where a page stopped. */
export type RecordPlace = { place: string; map: string; remoteKey: string }

/** The oldest first. */
export function listQueuedRecords(
  tx: Tx,
  page: { maps: readonly string[]; after: RecordPlace | undefined; rowsMax: number },
): Promise<QueuedRecord[]> {
  const { place, map, remoteKey } = page.after ?? { place: '-infinity', map: '', remoteKey: '' }
  return tx<QueuedRecord>`
    select c.map, c.remote_key as "remoteKey", c.received_at as "receivedAt", c.received_at::text as place,
           nullif(c.due_at, 'infinity') as "dueAt", c.due_at <= clock_timestamp() as "isDue",
           c.attempt > 0 and c.reason_code is null and c.due_at > clock_timestamp() and c.due_at < 'infinity' as "isUnderWay",
           c.attempt, c.reason_code as code, c.reason
      from unnest(${page.maps}::text[]) as m(name)
     cross join lateral (
       select * from dual_write.remote_change r
        where r.map = m.name and r.parked_at is null and r.received_at >= ${place}::text::timestamptz
          and (r.received_at, r.map, r.remote_key) > (${place}::text::timestamptz, ${map}::text, ${remoteKey}::text)
        order by r.received_at, r.remote_key limit ${page.rowsMax}) c
     order by c.received_at, c.map, c.remote_key limit ${page.rowsMax}`
}

/** Held until the transaction ends. */
export function lockQueuedRecords(tx: Tx, keys: readonly Key[]): Promise<QueuedRecord[]> {
  return tx<QueuedRecord>`
    select c.map, c.remote_key as "remoteKey", c.received_at as "receivedAt", c.received_at::text as place,
           nullif(c.due_at, 'infinity') as "dueAt", c.due_at <= clock_timestamp() as "isDue",
           c.attempt > 0 and c.reason_code is null and c.due_at > clock_timestamp() and c.due_at < 'infinity' as "isUnderWay",
           c.attempt, c.reason_code as code, c.reason
      from unnest(${keys.map((one) => one.map)}::text[], ${keys.map((one) => one.remoteKey)}::text[]) as k(map, remote_key)
      join dual_write.remote_change c on c.map = k.map and c.remote_key = k.remote_key
     where c.parked_at is null
     order by c.map, c.remote_key for update of c`
}

/** Those that back off or wait for another row are due at once. */
export function makeRecordsDue(tx: Tx, keys: readonly Key[]): Promise<Key[]> {
  return tx<Key>`
    update dual_write.remote_change c set due_at = clock_timestamp()
      from unnest(${keys.map((one) => one.map)}::text[], ${keys.map((one) => one.remoteKey)}::text[]) as k(map, remote_key)
     where c.map = k.map and c.remote_key = k.remote_key and c.parked_at is null and c.reason_code is not null
       and c.reason_code <> 'dual_write.paused' and c.due_at > clock_timestamp() and c.due_at < 'infinity'
    returning c.map, c.remote_key as "remoteKey"`
}

export async function deleteQueuedRecords(tx: Tx, keys: readonly Key[]): Promise<void> {
  await tx`
    delete from dual_write.remote_change c
     using unnest(${keys.map((one) => one.map)}::text[], ${keys.map((one) => one.remoteKey)}::text[]) as k(map, remote_key)
     where c.map = k.map and c.remote_key = k.remote_key and c.parked_at is null`
}
