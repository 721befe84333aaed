import type { Tx } from '#postgres/database.ts'
import type { Difference } from './facets-rows.ts'
import type { RowLink } from './links.queries.ts'

/** A pass over one map and legal entity ('' where it has none). */
export type Part = { map: string; company: string }

/** `horizon`: the oldest transaction that may not have ended; of all before it the pass sees what they wrote. */
export type Begun = { pass: number; startedAt: string; horizon: string }

export async function beginPass(tx: Tx): Promise<Begun> {
  const [row] = await tx<Begun>`
    select nextval('dual_write.comparison_pass') as pass, clock_timestamp()::text as "startedAt",
           mod(pg_snapshot_xmin(pg_current_snapshot())::text::numeric, 4294967296)::text as horizon`
  return row ?? { pass: 0, startedAt: '', horizon: '' }
}

/** `isOld`: linked before the pass began, so that a key that the pass does not meet is missing there. */
export type ComparedLink = RowLink & { isOld: boolean }

export async function findComparedLinks(
  tx: Tx,
  of: { map: string; startedAt: string },
  keys: readonly string[],
): Promise<Map<string, ComparedLink>> {
  const rows = await tx<ComparedLink>`
    select map, row_id as "rowId", remote_key as "remoteKey", company, agreed, remote_version as "remoteVersion", revision,
           linked_at < ${of.startedAt}::timestamptz as "isOld"
      from dual_write.row_link where map = ${of.map} and remote_key = any(${keys}::text[])`
  return new Map(rows.map((row) => [row.remoteKey, row]))
}

export type BucketDigest = { bucket: number; count: number; digest: string }

/** The keys of all records that were linked before the pass began, as a digest for each bucket (compare/buckets.ts works them out alike). */
export function digestLinkedKeys(tx: Tx, of: Part & { startedAt: string }): Promise<BucketDigest[]> {
  return tx<BucketDigest>`
    select ('x' || left(md5(remote_key), 3))::bit(12)::int >> 2 as bucket, count(*)::int as count,
           bit_xor(('x' || left(md5(remote_key), 15))::bit(60)::bigint)::text as digest
      from dual_write.row_link
     where map = ${of.map} and (${of.company} = '' or lower(company) = lower(${of.company})) and linked_at < ${of.startedAt}::timestamptz
     group by 1`
}

/** Keys in the given buckets, in key order. */
export async function listKeysInBuckets(
  tx: Tx,
  of: Part & { startedAt: string; buckets: readonly number[]; after: string; rowsMax: number },
): Promise<string[]> {
  const rows = await tx<{ key: string }>`
    select remote_key as key from dual_write.row_link
     where map = ${of.map} and (${of.company} = '' or lower(company) = lower(${of.company})) and linked_at < ${of.startedAt}::timestamptz
       and remote_key > ${of.after} and ('x' || left(md5(remote_key), 3))::bit(12)::int >> 2 = any(${of.buckets}::int[])
     order by remote_key limit ${of.rowsMax}`
  return rows.map((row) => row.key)
}

export type WaitingRecord = { key: string; isParked: boolean; reason: string | null }

/** Which of the records have a notice that is not worked off. */
export async function findWaitingRecords(tx: Tx, map: string, keys: readonly string[]): Promise<Map<string, WaitingRecord>> {
  const rows = await tx<WaitingRecord>`
    select remote_key as key, parked_at is not null as "isParked", reason from dual_write.remote_change
     where map = ${map} and remote_key = any(${keys}::text[])`
  return new Map(rows.map((row) => [row.key, row]))
}

/** Which of the rows stay here without their record because the map says so. */
export async function findKeptRows(tx: Tx, map: string, rowIds: readonly string[]): Promise<Set<string>> {
  const rows = await tx<{ rowId: string }>`
    select distinct row_id as "rowId" from dual_write.tombstone where map = ${map} and row_id = any(${rowIds}::uuid[])`
  return new Set(rows.map((row) => row.rowId))
}

export async function putDifferences(tx: Tx, pass: number, differences: readonly Difference[]): Promise<void> {
  if (differences.length === 0) return
  const texts = differences.map((one) => JSON.stringify(one))
  await tx`
    insert into dual_write.difference (map, key, company, row_id, kind, columns, explanation, pass)
    select d ->> 'map', d ->> 'key', d ->> 'company', (d ->> 'rowId')::uuid, d ->> 'kind', d -> 'columns', d ->> 'explanation', ${pass}
      from unnest(${texts}::text[]) as v(text), lateral (select v.text::jsonb as d) as parsed
    on conflict (map, key) do update
       set company = excluded.company, row_id = excluded.row_id, kind = excluded.kind, columns = excluded.columns,
           explanation = excluded.explanation, pass = greatest(excluded.pass, dual_write.difference.pass), found_at = excluded.found_at`
}

export function listDifferences(
  tx: Tx,
  page: { map: string; company: string | null; after: string; keys: readonly string[] | null; rowsMax: number },
): Promise<Difference[]> {
  return tx<Difference>`
    select map, company, key, row_id as "rowId", kind, columns, explanation from dual_write.difference
     where map = ${page.map} and (${page.company}::text is null or company = ${page.company}) and key > ${page.after}
       and (${page.keys}::text[] is null or key = any(${page.keys}::text[]))
     order by key limit ${page.rowsMax}`
}

/** What was found stays visible until the next pass has looked; meanwhile it says that it is being made good. */
export async function explainDifferences(tx: Tx, map: string, keys: readonly string[], explanation: string): Promise<void> {
  await tx`update dual_write.difference set explanation = ${explanation} where map = ${map} and key = any(${keys}::text[])`
}

export type Figures = { rows: number; differences: number; explained: number; rangesRead: number; rangesCompared: number }

/**
 * The pass is whole: what it did not find is no difference any more. `memory` is what a later one can build on, as JSON; null where it
 * has learnt nothing.
 */
export async function finishPass(
  tx: Tx,
  part: Part & { pass: number; isExact: boolean },
  figures: Figures,
  memory: string | null,
): Promise<void> {
  await tx`
    delete from dual_write.difference where map = ${part.map} and company = ${part.company} and pass < ${part.pass}`
  await tx`
    insert into dual_write.comparison
           (map, company, rows, differences, explained, ranges_read, ranges_compared, compared_at, exact_at, memory)
    values (${part.map}, ${part.company}, ${figures.rows}, ${figures.differences}, ${figures.explained}, ${figures.rangesRead},
            ${figures.rangesCompared}, clock_timestamp(), case when ${part.isExact} then clock_timestamp() end, ${memory}::jsonb)
    on conflict (map, company) do update
       set rows = excluded.rows, differences = excluded.differences, explained = excluded.explained, ranges_read = excluded.ranges_read,
           ranges_compared = excluded.ranges_compared, compared_at = excluded.compared_at, pass = null, cursor = null, progress = null,
           memory = excluded.memory,
           exact_at = coalesce(excluded.exact_at, dual_write.comparison.exact_at)`
}

/**
 * What the last whole pass has learnt, unless it was written before its own horizon: then it came from another database, with a backup,
 * and tells nothing of the transactions here.
 */
export async function findMemory(tx: Tx, part: Part): Promise<unknown> {
  const [row] = await tx<{ memory: unknown }>`
    select memory from dual_write.comparison
     where map = ${part.map} and company = ${part.company} and memory is not null
       and age(xmin) <= age((memory ->> 'horizon')::xid)`
  return row?.memory
}

/** Keys of what the last pass found to differ, but for rows that were never sent. */
export async function listDifferingKeys(tx: Tx, of: Part & { pass: number; rowsMax: number }): Promise<string[]> {
  const rows = await tx<{ key: string }>`
    select key from dual_write.difference
     where map = ${of.map} and company = ${of.company} and pass < ${of.pass} and key is distinct from row_id::text
     order by key limit ${of.rowsMax}`
  return rows.map((row) => row.key)
}

/** Which of the keys this pass has found to differ already. */
export async function findKnownDifferences(
  tx: Tx,
  of: { map: string; pass: number; keys: readonly string[] },
): Promise<string[]> {
  const rows = await tx<{ key: string }>`
    select key from dual_write.difference where map = ${of.map} and pass = ${of.pass} and key = any(${of.keys}::text[])`
  return rows.map((row) => row.key)
}

/** Where the pass under way can go on after an interruption. */
export async function saveProgress(
  tx: Tx,
  part: Part & { pass: number; isExact: boolean },
  at: { cursor: string; progress: string },
): Promise<void> {
  await tx`
    insert into dual_write.comparison (map, company, pass, is_exact, cursor, progress, progress_at)
    values (${part.map}, ${part.company}, ${part.pass}, ${part.isExact}, ${at.cursor}, ${at.progress}::jsonb, clock_timestamp())
    on conflict (map, company) do update
       set pass = excluded.pass, is_exact = excluded.is_exact, cursor = excluded.cursor, progress = excluded.progress,
           progress_at = excluded.progress_at`
}

export type StoredComparison = Part &
  Figures & {
    comparedAt: string | null
    exactAt: string | null
    pass: number | null
    isExact: boolean
    cursor: string | null
    progress: unknown
    progressAt: string | null
  }

export function listComparisons(tx: Tx): Promise<StoredComparison[]> {
  return tx<StoredComparison>`
    select map, company, rows, differences, explained, ranges_read as "rangesRead", ranges_compared as "rangesCompared",
           compared_at as "comparedAt", exact_at as "exactAt", pass, is_exact as "isExact", cursor, progress, progress_at as "progressAt"
      from dual_write.comparison order by map, company`
}

/** For the status of the maps: null where nothing has been compared yet. */
export function sumComparisons(tx: Tx): Promise<{ map: string; differences: number; comparedAt: string | null }[]> {
  return tx<{ map: string; differences: number; comparedAt: string | null }>`
    select map, sum(differences)::int as differences, min(compared_at) as "comparedAt"
      from dual_write.comparison where compared_at is not null group by map`
}

/** Of maps or legal entities that are no longer carried. */
export async function forgetComparison(tx: Tx, part: Part): Promise<void> {
  await tx`delete from dual_write.difference where map = ${part.map} and company = ${part.company}`
  await tx`delete from dual_write.comparison where map = ${part.map} and company = ${part.company}`
}

/** Both sides' values of these columns are known: the next edit is told from them, and the record's version is the one that was read. */
export async function setAgreed(
  tx: Tx,
  map: string,
  links: readonly { rowId: string; agreed: Readonly<Record<string, string | null>>; remoteVersion: string | null }[],
): Promise<void> {
  await tx`
    update dual_write.row_link l
       set agreed = l.agreed || v.agreed::jsonb, remote_version = v.remote_version, revision = nextval('dual_write.link_revision')
      from unnest(${links.map((one) => one.rowId)}::uuid[], ${links.map((one) => JSON.stringify(one.agreed))}::text[],
                  ${links.map((one) => one.remoteVersion)}::text[]) as v(row_id, agreed, remote_version)
     where l.map = ${map} and l.row_id = v.row_id`
}
