import type { KeyRange } from '#connector/contract.ts'
import type { Tx } from '#postgres/database.ts'
import type { Direction, Side } from './facets-control.ts'
import type { TableMapState } from './map-state.ts'

/** A part of a first copy that goes page by page: some records of a legal entity, or its rows. */
export type CopyRange = {
  company: string
  direction: Direction
  range: number
  bounds: KeyRange | null
  cursor: string | null
  done: boolean
}

/** What a first copy began with. */
export type CopyRun = {
  /** The links that were there before have no higher revision; null where there were none. */
  revision: number | null
  /** The side that a person has chosen for this run. */
  winner: Side | null
}

/** Notes what is there before the first page; a copy that goes on keeps what it began with. */
export async function beginCopy(tx: Tx, map: string): Promise<CopyRun> {
  await tx`
    insert into dual_write.copy_run (map, revision)
    select ${map}, case when exists (select 1 from dual_write.row_link where map = ${map}) then nextval('dual_write.link_revision') end
    on conflict (map) do nothing`
  const [run] = await tx<CopyRun>`
    select r.revision, m.initial_winner as winner from dual_write.copy_run r join dual_write.map m on m.name = r.map where r.map = ${map}`
  return run ?? { revision: null, winner: null }
}

/** Ranges that exist already stay as they are: the copy goes on where it stopped. */
export async function putCopyRanges(
  tx: Tx,
  map: string,
  ranges: readonly Pick<CopyRange, 'company' | 'direction' | 'range' | 'bounds'>[],
): Promise<void> {
  await tx`
    insert into dual_write.copy_range (map, company, direction, range, bounds, rows_total)
    select ${map}, * from unnest(${ranges.map((one) => one.company)}::text[], ${ranges.map((one) => one.direction)}::text[],
                                 ${ranges.map((one) => one.range)}::int[],
                                 ${ranges.map((one) => (one.bounds === null ? null : JSON.stringify(one.bounds)))}::text[],
                                 ${ranges.map((one) => one.bounds?.rows ?? null)}::bigint[])
    on conflict (map, company, direction, range) do nothing`
}

export async function listCopyRanges(tx: Tx, map: string): Promise<CopyRange[]> {
  return tx<CopyRange>`
    select company, direction, range, bounds::jsonb as bounds, cursor, done from dual_write.copy_range
     where map = ${map} order by company, direction desc, range`
}

/** Maps of the given ones with rows that have not been looked at, or queued ones that have not arrived. */
export async function listOpenOut(tx: Tx, maps: readonly string[]): Promise<string[]> {
  const rows = await tx<{ map: string }>`
    select m as map from unnest(${maps}::text[]) m
     where exists (select 1 from dual_write.copy_range r where r.map = m and r.direction = 'toErp' and not r.done)
        or exists (select 1 from dual_write.copy_outcome o where o.map = m and o.kind = 'queued')`
  return rows.map((row) => row.map)
}

/** Legal entities whose records have been copied, by map; maps of which nothing was ever copied are absent. */
export async function listCopiedCompanies(tx: Tx, maps: readonly string[]): Promise<Map<string, Set<string>>> {
  const rows = await tx<{ map: string; companies: string[] }>`
    select map, coalesce(array_agg(company) filter (where done), '{}') as companies from (
      select map, company, bool_and(done) as done from dual_write.copy_range
       where map = any(${maps}::text[]) and direction = 'toPortal' group by map, company) part
     group by map`
  return new Map(rows.map((row) => [row.map, new Set(row.companies)]))
}

/** Whether a copy of the map was ever begun. */
export async function wasCopied(tx: Tx, map: string): Promise<boolean> {
  const rows = await tx`select 1 as one from dual_write.copy_range where map = ${map} limit 1`
  return rows.length > 0
}

/** The state, which nobody can change until the transaction ends; other pages may look at it side by side. */
export async function holdMapState(tx: Tx, name: string): Promise<TableMapState | undefined> {
  const [row] = await tx<{ state: TableMapState }>`select state from dual_write.map where name = ${name} for key share`
  return row?.state
}

export type RangeAt = { map: string } & Pick<CopyRange, 'company' | 'direction' | 'range'>

export async function setCopyTotal(tx: Tx, at: RangeAt, total: number): Promise<void> {
  await tx`
    update dual_write.copy_range set rows_total = ${total}, started_at = coalesce(started_at, clock_timestamp())
     where map = ${at.map} and company = ${at.company} and direction = ${at.direction} and range = ${at.range}`
}

export type PageCounts = { rows: number; created: number; updated: number; unchanged: number; failed: number }

/** In the transaction of the page's rows: a crash repeats at most one page. `next` null: the range is done. */
export async function advanceRange(tx: Tx, at: RangeAt & { next: string | null }, page: PageCounts): Promise<void> {
  const isDone = at.next === null
  await tx`
    update dual_write.copy_range
       set cursor = ${at.next}, done = ${isDone}, finished_at = case when ${isDone} then clock_timestamp() end,
           started_at = coalesce(started_at, clock_timestamp()), page_at = clock_timestamp(),
           rows_done = rows_done + ${page.rows}, rows_created = rows_created + ${page.created},
           rows_updated = rows_updated + ${page.updated}, rows_unchanged = rows_unchanged + ${page.unchanged},
           rows_failed = rows_failed + ${page.failed}
     where map = ${at.map} and company = ${at.company} and direction = ${at.direction} and range = ${at.range}`
}

/** Rows on their way have arrived, or not: they count now. */
export async function countArrived(tx: Tx, at: { map: string; company: string }, page: PageCounts): Promise<void> {
  await tx`
    update dual_write.copy_range
       set rows_done = rows_done + ${page.rows}, rows_created = rows_created + ${page.created},
           rows_unchanged = rows_unchanged + ${page.unchanged}, rows_failed = rows_failed + ${page.failed},
           page_at = clock_timestamp(), finished_at = case when done then clock_timestamp() end
     where map = ${at.map} and company = ${at.company} and direction = 'toErp' and range = 0`
}

/** All rows have been looked at: those that have been counted and those on their way are all there are. */
export async function setOutTotal(tx: Tx, at: { map: string; company: string }): Promise<void> {
  await tx`
    update dual_write.copy_range r
       set rows_total = rows_done + (select coalesce(sum(o.rows), 0) from dual_write.copy_outcome o
                                      where o.map = r.map and o.company = r.company and o.kind = 'queued')
     where map = ${at.map} and company = ${at.company} and direction = 'toErp' and range = 0`
}

/** Rows that have failed are on their way again: they do not count any more. */
export async function uncountFailed(tx: Tx, at: { map: string; company: string }, rows: number): Promise<void> {
  await tx`
    update dual_write.copy_range set rows_done = rows_done - ${rows}, rows_failed = rows_failed - ${rows}
     where map = ${at.map} and company = ${at.company} and direction = 'toErp' and range = 0`
}

/** A person has started the map anew: nothing of an earlier copy counts. */
export async function deleteInitialSync(tx: Tx, map: string): Promise<void> {
  await tx`delete from dual_write.copy_run where map = ${map}`
  await tx`delete from dual_write.copy_range where map = ${map}`
  await tx`delete from dual_write.copy_outcome where map = ${map}`
  await tx`delete from dual_write.copy_failure where map = ${map}`
}

/**
 * Queues the records of links that were there before the copy and that no page has brought: they are gone, or outside the filter by now.
 * Answers how many.
 */
export async function queueUnseen(tx: Tx, map: string, revision: number): Promise<number> {
  const rows = await tx<{ count: number }>`
    with seen as (
      select unnest(keys) as key from dual_write.copy_outcome where map = ${map} and direction = 'toPortal' and kind <> 'excluded'
    ), put as (
      insert into dual_write.remote_change (map, remote_key)
      select l.map, l.remote_key from dual_write.row_link l
       where l.map = ${map} and l.revision <= ${revision} and not exists (select 1 from seen s where s.key = l.remote_key)
      on conflict (map, remote_key) do update
         set generation = dual_write.remote_change.generation + 1, parked_at = null, attempt = 0, due_at = clock_timestamp()
      returning 1)
    select count(*)::int as count from put`
  const count = rows[0]?.count ?? 0
  if (count > 0) await tx`select pg_notify('comptoir_changes', 'dual_write.remote_change')`
  return count
}

export type PartProgress = {
  map: string
  company: string
  direction: Direction
  isBegun: boolean
  done: boolean
  rowsDone: number
  rowsTotal: number | null
  created: number
  updated: number
  unchanged: number
  failed: number
  /** Rows of the last `windowMs`, or since the start where that is later; with how long that is. */
  recentRows: number
  recentMs: number
  startedAt: string | null
  finishedAt: string | null
  lastPageAt: string | null
}

/** Beyond that many failures of a part their number is not counted further. */
const FAILED_COUNT_MAX = 10_000

/** How far the copies are, one entry for each legal entity and direction. Null: of all maps. */
export function listPartProgress(tx: Tx, map: string | null, windowMs: number): Promise<PartProgress[]> {
  return tx<PartProgress>`
    with part as (
      select map, company, direction, bool_or(started_at is not null) as is_begun,
             bool_and(done) and not exists (
               select 1 from dual_write.copy_outcome o
                where r.direction = 'toErp' and o.map = r.map and o.company = r.company and o.kind = 'queued') as done,
             sum(rows_done) as rows_done, case when bool_and(rows_total is not null) then sum(rows_total) end as rows_total,
             sum(rows_created) as created, sum(rows_updated) as updated, sum(rows_unchanged) as unchanged,
             min(started_at) as started_at, max(finished_at) as finished_at, max(page_at) as page_at
        from dual_write.copy_range r where ${map}::text is null or map = ${map} group by map, company, direction)
    select p.map, p.company, p.direction, p.is_begun as "isBegun", p.done, p.rows_done::int as "rowsDone", p.rows_total::int as "rowsTotal",
           p.created::int as created, p.updated::int as updated, p.unchanged::int as unchanged, f.count as failed, w.rows as "recentRows",
           least(${windowMs}::float8, extract(epoch from clock_timestamp() - p.started_at)::float8 * 1000) as "recentMs",
           p.started_at as "startedAt", case when p.done then p.finished_at end as "finishedAt", p.page_at as "lastPageAt"
      from part p
     cross join lateral (
       select count(*)::int as count from (
         select 1 from dual_write.open_copy_failure e
          where e.map = p.map and e.company = p.company and e.direction = p.direction
          limit ${FAILED_COUNT_MAX}) open) f
     cross join lateral (
       select coalesce(sum(o.rows), 0)::int as rows from dual_write.copy_outcome o
        where not p.done and o.map = p.map and o.company = p.company and o.direction = p.direction and o.kind <> 'queued'
          and o.at > clock_timestamp() - make_interval(secs => (${windowMs}::numeric / 1000)::float8)) w
     order by p.map, p.company, p.direction desc`
}
