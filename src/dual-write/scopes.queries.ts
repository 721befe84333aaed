import type { Tx } from '#postgres/database.ts'
import type { Direction } from './facets-control.ts'
import type { RemoteChange } from './remote-changes.queries.ts'

/** '' stands for all legal entities, or both directions. */
export type PausedPart = { map: string; company: string; direction: Direction | ''; since: string }

export function listPausedParts(tx: Tx): Promise<PausedPart[]> {
  return tx<PausedPart>`select map, company, direction, since from dual_write.map_scope order by map, company, direction`
}

/** Legal entities that are paused as the database has it. They stay so until the transaction ends: a resume waits for it. */
export function holdPausedCompanies(
  tx: Tx,
  maps: readonly string[],
  direction: Direction,
): Promise<{ map: string; company: string }[]> {
  return tx<{ map: string; company: string }>`
    select map, company from dual_write.map_scope
     where map = any(${maps}::text[]) and company <> '' and direction in ('', ${direction}) order by map, company, direction for key share`
}

/** False when the part is paused already. */
export async function insertPausedPart(tx: Tx, part: Omit<PausedPart, 'since'>, by: string): Promise<boolean> {
  const rows = await tx`
    insert into dual_write.map_scope (map, company, direction, by_whom) values (${part.map}, ${part.company}, ${part.direction}, ${by})
    on conflict (map, company, direction) do nothing returning 1 as one`
  return rows.length > 0
}

/** False when it was not paused. */
export async function deletePausedPart(tx: Tx, part: Omit<PausedPart, 'since'>): Promise<boolean> {
  const rows = await tx`
    delete from dual_write.map_scope where map = ${part.map} and company = ${part.company} and direction = ${part.direction}
    returning 1 as one`
  return rows.length > 0
}

export async function deletePausedParts(tx: Tx, map: string): Promise<void> {
  await tx`delete from dual_write.map_scope where map = ${map}`
}

/** See setChangesAside. */
export async function setRecordsAside(
  tx: Tx,
  company: string,
  changes: readonly Pick<RemoteChange, 'map' | 'remoteKey' | 'attempt'>[],
): Promise<void> {
  await tx`
    update dual_write.remote_change c
       set due_at = 'infinity', reason_code = 'dual_write.paused', reason = 'Paused for ' || ${company}::text, company = ${company}
      from unnest(${changes.map((one) => one.map)}::text[], ${changes.map((one) => one.remoteKey)}::text[],
                  ${changes.map((one) => one.attempt)}::int[]) as v(map, remote_key, attempt)
     where c.map = v.map and c.remote_key = v.remote_key and c.attempt = v.attempt`
}

export async function releaseRecordsSetAside(tx: Tx, map: string, company: string): Promise<number> {
  const rows = await tx`
    update dual_write.remote_change set due_at = clock_timestamp(), attempt = 0, reason_code = null, reason = null, company = null
     where map = ${map} and company = ${company} and reason_code = 'dual_write.paused' returning 1 as one`
  return rows.length
}

export function countRecordsSetAside(
  tx: Tx,
  maps: readonly string[],
  countMax: number,
): Promise<{ map: string; company: string; count: number }[]> {
  return tx<{ map: string; company: string; count: number }>`
    select map, company, count(*)::int as count from (
      select map, company from dual_write.remote_change
       where map = any(${maps}::text[]) and reason_code = 'dual_write.paused' and company is not null limit ${countMax}) aside
     group by map, company`
}

/** Which of the maps have records that can be read, now or later, without a person. */
export async function listBusyMaps(tx: Tx, maps: readonly string[]): Promise<string[]> {
  const rows = await tx<{ name: string }>`
    select m.name from unnest(${maps}::text[]) as m(name)
     where exists (select 1 from dual_write.remote_change c where c.map = m.name and c.parked_at is null and c.due_at < 'infinity')`
  return rows.map((row) => row.name)
}

export type RecordDigest = { count: number; generations: number }

/** What waits and what is parked; of one legal entity only what was set aside for it. */
export async function digestRecords(tx: Tx, map: string, company: string | null): Promise<RecordDigest> {
  const [row] = await tx<RecordDigest>`
    select count(*)::int as count, coalesce(sum(generation), 0)::bigint as generations from dual_write.remote_change
     where map = ${map} and (${company}::text is null or company = ${company} and reason_code = 'dual_write.paused')`
  return row ?? { count: 0, generations: 0 }
}

export async function sampleRecords(tx: Tx, map: string, company: string | null, rowsMax: number): Promise<string[]> {
  const rows = await tx<{ key: string }>`
    select remote_key as key from dual_write.remote_change
     where map = ${map} and (${company}::text is null or company = ${company} and reason_code = 'dual_write.paused')
     order by remote_key limit ${rowsMax}`
  return rows.map((row) => row.key)
}

/** Gives up what `digestRecords` counts. Answers how many. */
export async function discardRecordsOf(tx: Tx, map: string, company: string | null): Promise<number> {
  const rows = await tx`
    delete from dual_write.remote_change
     where map = ${map} and (${company}::text is null or company = ${company} and reason_code = 'dual_write.paused') returning 1 as one`
  return rows.length
}
