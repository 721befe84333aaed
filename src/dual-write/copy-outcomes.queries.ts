import type { Tx } from '#postgres/database.ts'
import type { RowId } from '#tables/rows.queries.ts'
import type { CopyOutcome, CopyOutcomeKind, Direction } from './facets-control.ts'

/** What became of rows of one page: one entry for each kind, so that a million rows are some hundred entries. */
export type PageOutcome = { kind: CopyOutcomeKind | 'queued'; keys: readonly string[] }

/** Stands in no key. */
const BETWEEN = '\u001f'

export async function putOutcomes(
  tx: Tx,
  at: { map: string; company: string; direction: Direction },
  outcomes: readonly PageOutcome[],
): Promise<void> {
  const some = outcomes.filter((one) => one.keys.length > 0)
  if (some.length === 0) return
  await tx`
    insert into dual_write.copy_outcome (map, company, direction, kind, keys, rows)
    select ${at.map}, ${at.company}, ${at.direction}, v.kind, string_to_array(v.keys, ${BETWEEN}), v.rows
      from unnest(${some.map((one) => one.kind)}::text[], ${some.map((one) => one.keys.join(BETWEEN))}::text[],
                  ${some.map((one) => one.keys.length)}::int[]) as v(kind, keys, rows)`
}

/** Entries in the order in which they were made, beginning with `from`; rows on their way have no outcome yet. */
export function listOutcomeEntries(
  tx: Tx,
  page: { map: string; kind: CopyOutcomeKind | null; from: number; entriesMax: number },
): Promise<(Pick<CopyOutcome, 'company' | 'direction' | 'kind' | 'at'> & { id: number; keys: string[] })[]> {
  return tx<Pick<CopyOutcome, 'company' | 'direction' | 'kind' | 'at'> & { id: number; keys: string[] }>`
    select id, company, direction, kind, keys, at from dual_write.copy_outcome
     where map = ${page.map} and (${page.kind}::text is null or kind = ${page.kind}) and kind not in ('queued', 'failed') and id >= ${page.from}
     order by id limit ${page.entriesMax}`
}

/** The oldest rows on their way, locked. */
export async function takeQueued(tx: Tx, map: string): Promise<{ id: number; company: string; rowIds: RowId[] } | undefined> {
  const [row] = await tx<{ id: number; company: string; rowIds: RowId[] }>`
    select id, company, keys as "rowIds" from dual_write.copy_outcome
     where map = ${map} and kind = 'queued' order by checked_at, id limit 1 for update skip locked`
  return row
}

/** Rows that are still on their way, after a look; none: the entry ends. */
export async function keepQueued(tx: Tx, id: number, rowIds: readonly RowId[]): Promise<void> {
  if (rowIds.length === 0) await tx`delete from dual_write.copy_outcome where id = ${id}`
  else
    await tx`
      update dual_write.copy_outcome set keys = ${rowIds}::text[], rows = ${rowIds.length}, checked_at = clock_timestamp() where id = ${id}`
}

export async function countQueued(tx: Tx, map: string): Promise<number> {
  const [row] = await tx<{ rows: number }>`
    select coalesce(sum(rows), 0)::int as rows from dual_write.copy_outcome where map = ${map} and kind = 'queued'`
  return row?.rows ?? 0
}

export type CopyFailure = { key: string; code: string; reason: string }

export async function putFailures(
  tx: Tx,
  at: { map: string; company: string; direction: Direction },
  failures: readonly CopyFailure[],
): Promise<void> {
  if (failures.length === 0) return
  await tx`
    insert into dual_write.copy_failure (map, company, direction, key, code, reason, link_revision)
    select ${at.map}, ${at.company}, ${at.direction}, v.key, v.code, v.reason, l.revision
      from unnest(${failures.map((one) => one.key)}::text[], ${failures.map((one) => one.code)}::text[],
                  ${failures.map((one) => one.reason)}::text[]) as v(key, code, reason)
      left join dual_write.row_link l on l.map = ${at.map} and l.remote_key = v.key and ${at.direction} = 'toPortal'
    on conflict (map, direction, key) do update
       set code = excluded.code, reason = excluded.reason, at = clock_timestamp(), retried_at = null,
           link_revision = excluded.link_revision`
}

export type FailurePage = {
  map: string
  direction: Direction | null
  code: string | null
  after: { direction: Direction; key: string } | null
  rowsMax: number
}

/** Failures that are still open, by key. One that was tried again is open while the queue still has it; its answer stands there. */
export function listFailures(tx: Tx, page: FailurePage): Promise<(CopyFailure & Omit<CopyOutcome, 'map' | 'kind'>)[]> {
  return tx<CopyFailure & Omit<CopyOutcome, 'map' | 'kind'>>`
    select e.company, e.direction, e.key, e.code, e.reason, e.at from dual_write.open_copy_failure e
     where e.map = ${page.map} and (${page.direction}::text is null or e.direction = ${page.direction})
       and (${page.code}::text is null or e.code = ${page.code})
       and (${page.after?.key ?? null}::text is null or (e.direction, e.key) > (${page.after?.direction ?? null}, ${page.after?.key ?? null}))
     order by e.direction, e.key limit ${page.rowsMax}`
}

export type FailureGroup = { code: string; cause: string; reason: string; count: number; exampleKey: string }

const GROUPS_MAX = 100

/** Open failures by cause, the most frequent first. */
export function groupFailures(tx: Tx, map: string): Promise<FailureGroup[]> {
  return tx<FailureGroup>`
    select e.code, e.cause, min(e.reason) as reason, count(*)::int as count, min(e.key) as "exampleKey" from dual_write.open_copy_failure e
     where e.map = ${map}
     group by e.code, e.cause order by count(*) desc, e.cause limit ${GROUPS_MAX}`
}

export async function markRetried(tx: Tx, map: string, direction: Direction, keys: readonly string[]): Promise<void> {
  await tx`
    update dual_write.copy_failure set retried_at = clock_timestamp()
     where map = ${map} and direction = ${direction} and key = any(${keys}::text[])`
}

/** They are on their way again. */
export async function deleteFailures(tx: Tx, map: string, direction: Direction, keys: readonly string[]): Promise<void> {
  await tx`delete from dual_write.copy_failure where map = ${map} and direction = ${direction} and key = any(${keys}::text[])`
}

/** Records that a notice could not apply because of others, which the copy has brought since: they are due at once. */
export async function releaseWaiting(tx: Tx, maps: readonly string[], code: string): Promise<void> {
  await tx`
    update dual_write.remote_change set parked_at = null, attempt = 0, due_at = clock_timestamp()
     where map = any(${maps}::text[]) and parked_at is not null and reason_code = ${code}`
}
