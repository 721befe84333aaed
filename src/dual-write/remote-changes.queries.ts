import type { Tx } from '#postgres/database.ts'

/** A record of the other side that has to be read again for a map. */
export type RemoteChange = {
  map: string
  remoteKey: string
  generation: number
  attempt: number
  /** The code of what the attempt before met; null where there was none, or where nobody has heard of its end. */
  metBefore: string | null
  /** The row that the attempt before waited for (see `wakeWaitingRecords`), unless it has come. */
  waitedFor: string | null
  receivedAt: string
  /** When the last notice came. */
  noticedAt: string
  /** What a person has said instead of the record: the portal's columns, as text. */
  overrides: Readonly<Record<string, string | null>> | null
}

export type NewRemoteChange = { map: string; remoteKey: string; eventId: string | null }

/**
 * Queues records to be read. One that waits already is only counted up, so that a notice which arrives during the work is not lost;
 * the same event twice changes nothing. A parked one becomes due again: the record has changed, so it may fit now.
 */
export async function putRemoteChanges(tx: Tx, changes: readonly NewRemoteChange[]): Promise<void> {
  if (changes.length === 0) return
  await tx`
    with put as (
    insert into dual_write.remote_change (map, remote_key, event_id)
    select distinct on (v.map, v.remote_key) v.map, v.remote_key, v.event_id
      from unnest(${changes.map((one) => one.map)}::text[], ${changes.map((one) => one.remoteKey)}::text[],
                  ${changes.map((one) => one.eventId)}::text[]) as v(map, remote_key, event_id)
     order by v.map, v.remote_key
    on conflict (map, remote_key) do update
       set generation = dual_write.remote_change.generation + 1, event_id = excluded.event_id, noticed_at = clock_timestamp(),
           due_at = case when dual_write.remote_change.attempt > 0 and dual_write.remote_change.parked_at is null
                         then dual_write.remote_change.due_at else clock_timestamp() end,
           attempt = case when dual_write.remote_change.parked_at is null then dual_write.remote_change.attempt else 0 end,
           parked_at = null
     where excluded.event_id is null or dual_write.remote_change.event_id is distinct from excluded.event_id
    returning 1)
    select pg_notify('comptoir_changes', 'dual_write.remote_change') from put limit 1`
}

/** When the last notices of these records came, of those that wait. */
export async function findNoticeTimes(tx: Tx, map: string, keys: readonly string[]): Promise<Map<string, string>> {
  const rows = await tx<{ key: string; at: string }>`
    select remote_key as key, noticed_at as at from dual_write.remote_change where map = ${map} and remote_key = any(${keys}::text[])`
  return new Map(rows.map((row) => [row.key, row.at]))
}

/**
 * Claims up to `rowsMax` records that are due, oldest first, for `leaseMs`. They are found again by their place: PostgreSQL expects as many
 * as may be claimed, and would read the whole queue for one.
 */
export function claimRemoteChanges(
  tx: Tx,
  claim: { maps: readonly string[]; rowsMax: number; leaseMs: number },
): Promise<RemoteChange[]> {
  return tx<RemoteChange>`
    with due as (
      select c.map, c.remote_key, c.reason_code, c.waits_for from dual_write.remote_change c
       where c.parked_at is null and c.due_at <= clock_timestamp() and c.ctid = any(array(
         select d.ctid
           from unnest(${claim.maps}::text[]) as m(name)
          cross join lateral (
            select r.ctid, r.map, r.remote_key, r.due_at from dual_write.remote_change r
             where r.map = m.name and r.parked_at is null and r.due_at <= (select clock_timestamp())
             order by r.due_at, r.remote_key limit ${claim.rowsMax}) d
          order by d.due_at, d.map, d.remote_key limit ${claim.rowsMax}))
       order by c.due_at, c.map, c.remote_key for update skip locked
    )
    update dual_write.remote_change c
       set attempt = c.attempt + 1, reason_code = null, waits_for = null,
           due_at = clock_timestamp() + make_interval(secs => (${claim.leaseMs}::numeric / 1000)::float8)
      from due where c.map = due.map and c.remote_key = due.remote_key
    returning c.map, c.remote_key as "remoteKey", c.generation, c.attempt, c.received_at as "receivedAt",
              c.noticed_at as "noticedAt", c.overrides, due.reason_code as "metBefore", due.waits_for as "waitedFor"`
}

/**
 * Of these records those that are still to be read, with the row that each waits for itself: whatever holds them up, they may still come. A
 * map that does not run reads none.
 */
export function findStillToBeRead(
  tx: Tx,
  records: readonly { map: string; remoteKey: string }[],
): Promise<{ map: string; remoteKey: string; waitsFor: string | null }[]> {
  return tx<{ map: string; remoteKey: string; waitsFor: string | null }>`
    select distinct c.map, c.remote_key as "remoteKey", c.waits_for as "waitsFor"
      from unnest(${records.map((one) => one.map)}::text[], ${records.map((one) => one.remoteKey)}::text[]) as v(map, remote_key)
      join dual_write.remote_change c on c.map = v.map and c.remote_key = v.remote_key and c.parked_at is null
      join dual_write.map m on m.name = c.map and m.state <> 'not_running'`
}

/** Done, unless another notice has come meanwhile: then the record is due again at once, as new. */
export async function settleRemoteChanges(tx: Tx, changes: readonly RemoteChange[]): Promise<void> {
  if (changes.length === 0) return
  const [maps, keys] = [changes.map((one) => one.map), changes.map((one) => one.remoteKey)]
  const generations = changes.map((one) => one.generation)
  await tx`
    delete from dual_write.remote_change c
     using unnest(${maps}::text[], ${keys}::text[], ${generations}::bigint[]) as v(map, remote_key, generation)
     where c.map = v.map and c.remote_key = v.remote_key and c.generation = v.generation`
  await renewRemoteChanges(tx, changes)
}

/** Of these records those of which another notice has come since they were claimed are due at once, as new. */
async function renewRemoteChanges(
  tx: Tx,
  changes: readonly Pick<RemoteChange, 'map' | 'remoteKey' | 'generation'>[],
): Promise<void> {
  await tx`
    update dual_write.remote_change c set attempt = 0, due_at = clock_timestamp(), received_at = clock_timestamp()
      from unnest(${changes.map((one) => one.map)}::text[], ${changes.map((one) => one.remoteKey)}::text[],
                  ${changes.map((one) => one.generation)}::bigint[]) as v(map, remote_key, generation)
     where c.map = v.map and c.remote_key = v.remote_key and c.generation > v.generation and c.attempt > 0`
}

/** `waitsFor`: the row whose coming makes it due at once (see `wakeWaitingRecords`). What is parked stays so. */
export async function postponeRemoteChange(
  tx: Tx,
  change: Pick<RemoteChange, 'map' | 'remoteKey' | 'attempt'>,
  delay: { afterMs: number; code: string; reason: string; waitsFor?: string },
): Promise<void> {
  await tx`
    update dual_write.remote_change
       set due_at = clock_timestamp() + make_interval(secs => (${delay.afterMs}::numeric / 1000)::float8), reason_code = ${delay.code}, reason = ${delay.reason},
           waits_for = ${delay.waitsFor ?? null}
     where map = ${change.map} and remote_key = ${change.remoteKey} and attempt = ${change.attempt} and parked_at is null`
}

/** Waits for a person, unless another notice has come meanwhile: then the record has changed, and may fit now. */
export async function parkRemoteChange(
  tx: Tx,
  change: Pick<RemoteChange, 'map' | 'remoteKey' | 'attempt' | 'generation'>,
  why: { code: string; reason: string; waitsFor?: string },
): Promise<void> {
  await tx`
    update dual_write.remote_change
       set parked_at = clock_timestamp(), reason_code = ${why.code}, reason = ${why.reason}, pattern = tables.failure_pattern(${why.reason}),
           waits_for = ${why.waitsFor ?? null}
     where map = ${change.map} and remote_key = ${change.remoteKey} and attempt = ${change.attempt} and generation = ${change.generation}`
  await renewRemoteChanges(tx, [change])
}

/** Rows of the table with these keys have come: what waited for them is due, also what a person was asked about meanwhile. */
export async function wakeWaitingRecords(tx: Tx, table: string, keys: readonly string[]): Promise<void> {
  if (keys.length === 0) return
  await tx`
    with woken as (
      update dual_write.remote_change
         set due_at = clock_timestamp(), attempt = case when parked_at is null then attempt else 0 end, parked_at = null, pattern = null,
             waits_for = null
       where waits_for = any(${keys.map((key) => `${table}\u001f${key}`)}::text[]) and waits_for is not null
      returning 1)
    select pg_notify('comptoir_changes', 'dual_write.remote_change') from woken limit 1`
}

/** Claims of workers that are known to be gone. */
export async function releaseRemoteLeases(tx: Tx, maps: readonly string[]): Promise<void> {
  await tx`
    update dual_write.remote_change set due_at = clock_timestamp()
     where map = any(${maps}::text[]) and parked_at is null and attempt > 0 and reason_code is null
       and due_at < 'infinity'`
}

/** Up to so many records that back off for this reason are due at once. */
export async function hurryRemoteChanges(tx: Tx, maps: readonly string[], code: string, rowsMax: number): Promise<void> {
  await tx`
    update dual_write.remote_change set due_at = clock_timestamp()
     where (map, remote_key) in (
       select c.map, c.remote_key from dual_write.remote_change c
        where c.map = any(${maps}::text[]) and c.reason_code = ${code} and c.parked_at is null
          and c.due_at > clock_timestamp() and c.due_at < 'infinity' limit ${rowsMax})`
}

export type RemoteQueueCount = { map: string; waiting: number; parked: number; oldestReceivedAt: string | null }

/** How many records wait in the queue of each map, counted up to `countMax`; null counts all, which reads them. */
export function countRemoteQueues(tx: Tx, maps: readonly string[], countMax: number | null): Promise<RemoteQueueCount[]> {
  return tx<RemoteQueueCount>`
    select m.name as map, w.count as waiting, p.count as parked,
           (select c.received_at from dual_write.remote_change c where c.map = m.name and c.parked_at is null
             order by c.received_at limit 1) as "oldestReceivedAt"
      from unnest(${maps}::text[]) as m(name)
     cross join lateral (
       select count(*)::int as count from (
         select 1 from dual_write.remote_change c where c.map = m.name and c.parked_at is null limit ${countMax}::bigint) as found) w
     cross join lateral (
       select count(*)::int as count from (
         select 1 from dual_write.remote_change c where c.map = m.name and c.parked_at is not null limit ${countMax}::bigint) as found) p`
}
