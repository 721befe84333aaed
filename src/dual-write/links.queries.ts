import type { Tx } from '#postgres/database.ts'
import type { RowId } from '#tables/rows.queries.ts'

/** Column values as text, as both sides last agreed on them. */
export type Agreed = Readonly<Record<string, string | null>>

export type RowLink = {
  map: string
  rowId: RowId
  remoteKey: string
  company: string | null
  agreed: Agreed
  remoteVersion: string | null
  revision: number
  /** Columns whose values the portal has sent at some time. */
  sent: string[] | null
}

/** Links of the given records, by remote key. */
export async function findLinksByKey(tx: Tx, map: string, keys: readonly string[], lock = false): Promise<Map<string, RowLink>> {
  if (keys.length === 0) return new Map()
  const rows = lock
    ? await tx<RowLink>`
        select map, row_id as "rowId", remote_key as "remoteKey", company, agreed, remote_version as "remoteVersion", revision, sent
          from dual_write.row_link where map = ${map} and remote_key = any(${keys}::text[]) order by row_id for update`
    : await tx<RowLink>`
        select map, row_id as "rowId", remote_key as "remoteKey", company, agreed, remote_version as "remoteVersion", revision, sent
          from dual_write.row_link where map = ${map} and remote_key = any(${keys}::text[])`
  return new Map(rows.map((row) => [row.remoteKey, row]))
}

/** Links of the given rows within one map, by row id. */
export async function findLinksByRow(tx: Tx, map: string, rowIds: readonly RowId[], lock = false): Promise<Map<RowId, RowLink>> {
  if (rowIds.length === 0) return new Map()
  const rows = lock
    ? await tx<RowLink>`
        select map, row_id as "rowId", remote_key as "remoteKey", company, agreed, remote_version as "remoteVersion", revision, sent
          from dual_write.row_link where map = ${map} and row_id = any(${rowIds}::uuid[]) order by row_id for update`
    : await tx<RowLink>`
        select map, row_id as "rowId", remote_key as "remoteKey", company, agreed, remote_version as "remoteVersion", revision, sent
          from dual_write.row_link where map = ${map} and row_id = any(${rowIds}::uuid[])`
  return new Map(rows.map((row) => [row.rowId, row]))
}

/** For pages: what the rows of one table are called on the other side. */
export function findLinksOfRows(
  tx: Tx,
  table: string,
  rowIds: readonly RowId[],
): Promise<{ rowId: RowId; remoteKey: string; linkedAt: string }[]> {
  return tx<{ rowId: RowId; remoteKey: string; linkedAt: string }>`
    select l.row_id as "rowId", l.remote_key as "remoteKey", l.linked_at as "linkedAt"
      from dual_write.row_link l join dual_write.map m on m.name = l.map
     where l.row_id = any(${rowIds}::uuid[]) and m.table_name = ${table}`
}

export type LinkWrite = Pick<RowLink, 'rowId' | 'remoteKey' | 'company' | 'agreed' | 'remoteVersion'> & {
  /** Columns that the portal has just sent. */
  sent?: readonly string[] | null
}

/** Stands in no JSON, which escapes control characters; an array of JSON texts would escape every quote of them, and take twice the time. */
const BETWEEN = '\u001f'

/** Makes links or brings them up to date, all in one statement. */
export async function putLinks(tx: Tx, map: string, links: readonly LinkWrite[]): Promise<void> {
  if (links.length === 0) return
  await tx`
    insert into dual_write.row_link (map, row_id, remote_key, company, agreed, remote_version, sent)
    select ${map}, v.row_id, v.remote_key, v.company, v.agreed::jsonb, v.remote_version, string_to_array(v.sent, ',')
      from rows from (unnest(${links.map((link) => link.rowId)}::uuid[], ${links.map((link) => link.remoteKey)}::text[],
                             ${links.map((link) => link.company)}::text[], ${links.map((link) => link.remoteVersion)}::text[],
                             ${links.map((link) => link.sent?.join(',') ?? null)}::text[]),
                      string_to_table(${links.map((link) => JSON.stringify(link.agreed)).join(BETWEEN)}, ${BETWEEN}))
           as v(row_id, remote_key, company, remote_version, sent, agreed)
    on conflict (row_id, map) do update
       set remote_key = excluded.remote_key, company = excluded.company, agreed = excluded.agreed,
           remote_version = excluded.remote_version,
           sent = case when excluded.sent is null then dual_write.row_link.sent
                       else (select array_agg(distinct c) from unnest(dual_write.row_link.sent || excluded.sent) c) end,
           revision = nextval('dual_write.link_revision')`
}

export async function deleteLinks(tx: Tx, map: string, rowIds: readonly RowId[]): Promise<void> {
  await tx`delete from dual_write.row_link where map = ${map} and row_id = any(${rowIds}::uuid[])`
}

/**
 * The last number that a link was written under. A link with a higher one was written since, by somebody who had read the other side
 * later than the caller, or may have.
 */
export async function lastRevision(tx: Tx): Promise<number> {
  const [row] = await tx<{ revision: number }>`
    select (last_value - case when is_called then 0 else 1 end)::bigint as revision from dual_write.link_revision`
  return row?.revision ?? 0
}

export async function countLinks(tx: Tx): Promise<Map<string, number>> {
  const rows = await tx<{ map: string; count: number }>`select map, count(*)::int as count from dual_write.row_link group by map`
  return new Map(rows.map((row) => [row.map, row.count]))
}

/** Links of a map in one legal entity, or in all. */
export async function countLinksOf(tx: Tx, map: string, company: string | null): Promise<number> {
  const [row] = await tx<{ count: number }>`
    select count(*)::int as count from dual_write.row_link
     where map = ${map} and (${company}::text is null or lower(company) = lower(${company}))`
  return row?.count ?? 0
}

/** Remote versions of the given records, for comparing a page without reading rows. */
export async function findVersions(tx: Tx, map: string, keys: readonly string[]): Promise<Map<string, string | null>> {
  const rows = await tx<{ key: string; version: string | null }>`
    select remote_key as key, remote_version as version from dual_write.row_link where map = ${map} and remote_key = any(${keys}::text[])`
  return new Map(rows.map((row) => [row.key, row.version]))
}

/** Keys of linked records in key order, for finding those that the other side no longer has. */
export async function listLinkedKeys(
  tx: Tx,
  page: { map: string; company: string | null; after: string; rowsMax: number },
): Promise<string[]> {
  const rows = await tx<{ key: string }>`
    select remote_key as key from dual_write.row_link
     where map = ${page.map} and (${page.company}::text is null or company = ${page.company}) and remote_key > ${page.after}
     order by remote_key limit ${page.rowsMax}`
  return rows.map((row) => row.key)
}

/** Both sides agree on these values of one column. */
export async function agreeOn(
  tx: Tx,
  map: string,
  column: string,
  values: readonly { rowId: RowId; text: string }[],
): Promise<void> {
  await tx`
    update dual_write.row_link l set agreed = l.agreed || jsonb_build_object(${column}::text, v.value), revision = nextval('dual_write.link_revision')
      from unnest(${values.map((one) => one.rowId)}::uuid[], ${values.map((one) => one.text)}::text[]) as v(row_id, value)
     where l.map = ${map} and l.row_id = v.row_id`
}
