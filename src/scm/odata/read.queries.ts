import type { Tx } from '#postgres/database.ts'
import { and, identifier, join, or, type Sql, sql, trueSql, trustedSql } from '#postgres/sql.ts'
import { COMPANY_FIELD, type Entity, type Field, getField } from '../entities/catalog.ts'
import { castOf, compileFilter, fieldSql } from './filter.queries.ts'
import type { PageToken } from './page-token.ts'
import type { Expand, Order, ReadPlan, Shape } from './read-plan.ts'
import type { Key } from './target.ts'

/** A row as selected: shown columns by field name, `recid`, `recversion`, `extra` where needed, and the ordering values as text in `order`. */
export type ReadRow = Readonly<Record<string, unknown>> & { readonly recid: number; readonly order: readonly string[] }

/** At most `rowsMax` rows of the plan, behind its token. */
export function listPage(tx: Tx, plan: ReadPlan, rowsMax: number): Promise<ReadRow[]> {
  const offset = plan.after === undefined ? plan.skip : 0
  return tx<ReadRow>`
    select ${selectList(plan.shape, [])}, ${orderValues(plan.order)} as "order"
      from ${identifier('scm', plan.entity.table)} t
     where ${matches(plan)} and ${plan.after === undefined ? trueSql : behind(plan.order, plan.after)}
     order by ${orderList(plan.order)}
     limit ${rowsMax} offset ${offset}`
}

/** How many rows match, whatever $top, $skip and paging say. */
export async function countRows(tx: Tx, plan: ReadPlan): Promise<number> {
  const rows = await tx<{ count: number }>`
    select count(*) as "count" from ${identifier('scm', plan.entity.table)} t where ${matches(plan)}`
  return rows[0]?.count ?? 0
}

export async function findRecord(tx: Tx, shape: Shape, key: Key, company: string | undefined): Promise<ReadRow | undefined> {
  const rows = await tx<ReadRow>`
    select ${selectList(shape, keysOfExpands(shape))}, array[]::text[] as "order"
      from ${identifier('scm', shape.entity.table)} t
     where ${matchesKey(shape.entity, key, company)}`
  return rows[0]
}

/** The raw row, locked, for a write. */
export async function lockRecord(
  tx: Tx,
  entity: Entity,
  key: Key,
  company: string | undefined,
): Promise<(Readonly<Record<string, unknown>> & { readonly recid: number }) | undefined> {
  const rows = await tx<Record<string, unknown> & { recid: number }>`
    select * from ${identifier('scm', entity.table)} t where ${matchesKey(entity, key, company)} for update`
  return rows[0]
}

/** The row by its number, as the answer of a write shows it. */
export async function getWritten(tx: Tx, shape: Shape, recid: number): Promise<ReadRow | undefined> {
  const rows = await tx<ReadRow>`
    select ${selectList(shape, [])}, array[]::text[] as "order" from ${identifier('scm', shape.entity.table)} t where t.recid = ${recid}`
  return rows[0]
}

/** The related rows of many rows in one statement; `order` carries the values of the link, to tell whose they are. */
export function listRelated(
  tx: Tx,
  expand: Expand,
  parents: readonly (readonly string[])[],
  rowsMax: number,
): Promise<ReadRow[]> {
  const { entity } = expand.shape
  const links = expand.navigation.on.map(([, there]) => getField(entity, there))
  const columns = links.map((_, index) => sql`${parents.map((values) => values[index])}::text[]`)
  const names = links.map((_, index) => identifier(`k${index}`))
  const equal = links.map((field, index) => sql`${fieldSql(field)} = p.${identifier(`k${index}`)}::${castOf(field.type)}`)
  return tx<ReadRow>`
    select ${selectList(expand.shape, [])}, array[${join(names.map((name) => sql`p.${name}`))}] as "order"
      from unnest(${join(columns)}) as p (${join(names)})
      join ${identifier('scm', entity.table)} t on ${and(equal)}
     where ${expand.filter === undefined ? trueSql : compileFilter(entity, expand.filter)}
     order by ${orderList(expand.order)}
     limit ${rowsMax}`
}

function matches(plan: ReadPlan): Sql {
  const parts: Sql[] = []
  if (plan.company !== undefined) parts.push(sql`t.${identifier(COMPANY_FIELD)} = ${plan.company}::text`)
  for (const { field, value } of plan.linked) parts.push(sql`${fieldSql(field)} = ${value}::${castOf(field.type)}`)
  if (plan.filter !== undefined) parts.push(compileFilter(plan.entity, plan.filter))
  return and(parts)
}

function matchesKey(entity: Entity, key: Key, company: string | undefined): Sql {
  const parts = [...key].map(([name, value]) => {
    const field = getField(entity, name)
    return sql`${fieldSql(field)} = ${value}::${castOf(field.type)}`
  })
  if (company !== undefined) parts.push(sql`t.${identifier(COMPANY_FIELD)} = ${company}::text`)
  return and(parts)
}

/** Fields that live in `extra` are taken out of it when the row is written out: one column instead of two hundred expressions. */
function selectList(shape: Shape, more: readonly Field[]): Sql {
  const wanted = new Set([...shape.fields, ...shape.entity.keys, ...keysOfExpands(shape), ...more])
  const columns = [sql`t.recid`, sql`t.recversion`]
  let extra = false
  for (const field of wanted) {
    if (field.column === undefined) extra = true
    else columns.push(sql`t.${identifier(field.column)} as ${identifier(field.name)}`)
  }
  if (extra) columns.push(sql`t.extra as "~extra"`)
  return join(columns)
}

function keysOfExpands(shape: Shape): Field[] {
  return shape.expands.flatMap((expand) => expand.navigation.on.map(([here]) => getField(shape.entity, here)))
}

/** As text, since the driver would cut microseconds off a timestamp, and a page must go on exactly where it ended. */
function orderValues(order: readonly Order[]): Sql {
  return sql`array[${join(order.map(({ field }) => sql`(${fieldSql(field)})::text`))}]`
}

function orderList(order: readonly Order[]): Sql {
  return join(order.map(({ field, descending }) => sql`${fieldSql(field)} ${trustedSql(descending ? 'desc' : 'asc')}`))
}

/** Rows that come after the token: one row comparison that an index serves, or its longhand when directions differ. */
function behind(order: readonly Order[], token: PageToken): Sql {
  const values = order.map(({ field }, index) => sql`${token.values[index] ?? ''}::${castOf(field.type)}`)
  const fields = order.map(({ field }) => fieldSql(field))
  const [first] = order
  if (first !== undefined && order.every((one) => one.descending === first.descending)) {
    return sql`(${join(fields)}) ${trustedSql(first.descending ? '<' : '>')} (${join(values)})`
  }
  const empty = sql``
  return or(
    order.map((one, index) => {
      const equal = order.slice(0, index).map((_, before) => sql`${fields[before] ?? empty} = ${values[before] ?? empty}`)
      return and([...equal, sql`${fields[index] ?? empty} ${trustedSql(one.descending ? '<' : '>')} ${values[index] ?? empty}`])
    }),
  )
}
