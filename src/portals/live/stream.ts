import type { Visitor } from '#access/visitor.ts'
import { AppError } from '#lib/app-error.ts'
import type { FilterExpression, Operand } from '#lib/odata/ast.ts'
import type { Tx } from '#postgres/database.ts'
import { listRows, type RowId } from '#tables/rows.queries.ts'
import type { Ground } from '../render/context.ts'
import type { Site } from '../site.ts'

/** The rows an open page shows, by table; `all` stands for whatever of the table its reader may see. */
export type Watched = ReadonlyMap<string, { ids: ReadonlySet<RowId>; all: boolean }>

const ROWS_MAX = 500
const TABLES_MAX = 10
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** 'salesorder:id,id;invoice:id' or 'salesorder:*'. Throws AppError `request.invalid`. */
export function parseWatched(text: string): Watched {
  const watched = new Map<string, { ids: Set<RowId>; all: boolean }>()
  let count = 0
  for (const part of text.split(';').filter((one) => one !== '')) {
    const [table = '', list = ''] = part.split(':')
    const entry = watched.get(table) ?? { ids: new Set<RowId>(), all: false }
    for (const id of list.split(',')) {
      if (id === '*') entry.all = true
      else if (UUID.test(id)) entry.ids.add(id)
      else throw new AppError('request.invalid', 'Rows are asked for as table:id,id;table:id')
      count++
    }
    watched.set(table, entry)
  }
  if (count === 0 || count > ROWS_MAX || watched.size > TABLES_MAX)
    throw new AppError('request.invalid', `A page watches 1 to ${ROWS_MAX} rows of at most ${TABLES_MAX} tables`)
  return watched
}

/** Of the given rows of a table those that the visitor may read now; with `since`, only those written after that moment. */
export async function visibleRows(
  ground: Ground,
  tx: Tx,
  site: Site,
  visitor: Visitor,
  tableName: string,
  asked: { ids: Iterable<RowId> | 'all'; since?: string },
): Promise<RowId[]> {
  const table = ground.catalog.tables.get(tableName)
  if (table === undefined) throw new AppError('request.invalid', `There is no table ${tableName}`)
  const column = (name: string): Operand => ({ kind: 'path', names: [name], position: 0 })
  const filters: FilterExpression[] = []
  if (asked.ids !== 'all') {
    const values = [...asked.ids].map((value): Operand => ({ kind: 'literal', literal: { type: 'guid', value }, position: 0 }))
    if (values.length === 0) return []
    filters.push({ kind: 'in', left: column(table.idColumn), values, position: 0 })
  }
  if (asked.since !== undefined) {
    const moment: Operand = { kind: 'literal', literal: { type: 'dateTime', value: asked.since }, position: 0 }
    filters.push({ kind: 'compare', operator: 'ge', left: column('modifiedon'), right: moment, position: 0 })
  }
  const filter = filters.reduce<FilterExpression | undefined>(
    (left, right) => (left === undefined ? right : { kind: 'and', left, right }),
    undefined,
  )
  // Only the rows matter here: that one has changed is told to whoever may read it, though its moment may be a column hidden from him.
  const predicate = site.permissions.predicate(visitor, tableName, 'read')
  const rows = await listRows(tx, ground.catalog, {
    table,
    columns: [table.idColumn],
    predicate: { reason: predicate.reason, sql: (alias) => predicate.sql(alias) },
    ...(filter === undefined ? {} : { filter }),
    rowsMax: asked.ids === 'all' ? 1 : ROWS_MAX,
  })
  return rows.map((row) => String(row[table.idColumn]))
}
