import type { Database } from '#postgres/database.ts'
import { and, identifier, join, sql } from '#postgres/sql.ts'
import type { Catalog } from '#tables/catalog.ts'
import { getColumn } from '#tables/definition.ts'
import { limitQueryTime, type RowId } from '#tables/rows.queries.ts'
import { grantsOf, predicateOf } from './permissions/grants.ts'
import type { Permissions } from './permissions.ts'
import type { Privilege } from './policy.ts'
import { type Crowd, crowdGrants } from './reach/crowd.ts'
import { everybody } from './reach/everybody.queries.ts'

/** Somebody who may do it: a contact for one of its accounts, a program, or anybody at all. */
export type WhoMay = {
  kind: 'contact' | 'service' | 'anonymous'
  /** Of the contact or service account; null for anybody. */
  id: RowId | null
  name: string
  accountId: RowId | null
  accountName: string | null
  roles: string[]
  /** The permissions through which. */
  through: string[]
}

/** `total` counts every contact once for each account in which it may. */
export type WhoMayPage = { total: number; anonymous: boolean; people: WhoMay[] }

const ROWS_MAX = 500
const TIMEOUT_MS = 15_000

/**
 * Everybody who may do something with one row, or with one column of it, in one statement however many people there are: contacts by
 * name, then programs; anybody comes first. Throws AppError `tables.unknown_table`, `tables.unknown_column`.
 */
export async function listPeopleWhoMay(
  place: { database: Database; catalog: Catalog; clock: { nowMs(): number } },
  permissions: Permissions,
  question: { table: string; rowId: RowId; privilege: Privilege; column?: string },
  page: { offset: number; rowsMax: number },
): Promise<WhoMayPage> {
  const { catalog } = place
  const table = catalog.get(question.table)
  const nowMs = place.clock.nowMs()
  const alias = identifier('w')
  const row = identifier('t')
  const crowd: Crowd = { catalog, policy: permissions.policy, nowMs, alias, roles: sql`w.roles` }
  const grants = crowdGrants(crowd, table.name, question.privilege)
  const given = grantsOf(catalog, table.name, grants)
  const rows = predicateOf(given)
  const column = question.column === undefined ? undefined : getColumn(table, question.column).name
  const mask = column === undefined ? undefined : rows.column?.(column)
  const conditions = [sql`t.${identifier(table.idColumn)} = ${question.rowId}::uuid`, rows.sql(row)]
  if (mask !== undefined) conditions.push(mask.sql(row))
  const through = given.allowed
    .filter((one) => column === undefined || one.permission.columns?.includes(column) !== false)
    .map((one) => sql`case when ${one.rows.sql(row)} then ${one.permission.name}::text end`)
  const statement = sql`
    with found as materialized (
      select w.kind, w.id, w.name, w.account_id as "accountId", w.account_name as "accountName", w.roles,
             array_remove(array[${join([sql`null::text`, ...through])}], null) as through
        from (${everybody(catalog, new Date(nowMs))}) w join ${identifier('tables', table.name)} t on true
       where ${and(conditions)})
    select found.*, (select count(*)::int from found) as total, exists (select 1 from found where kind = 'anonymous') as anonymous
      from found
     order by kind, lower(name), id, "accountName", "accountId"
    offset ${page.offset} limit ${Math.min(page.rowsMax, ROWS_MAX)}`
  const found = await place.database.read(async (tx) => {
    await limitQueryTime(tx, TIMEOUT_MS)
    return tx.run<WhoMay & { total: number; anonymous: boolean }>(statement)
  })
  return {
    total: found[0]?.total ?? 0,
    anonymous: found[0]?.anonymous ?? false,
    people: found.map(({ total: _total, anonymous: _anonymous, ...one }) => one),
  }
}
