import type { HttpServer } from '#http/server.ts'
import { AppError } from '#lib/app-error.ts'
import type { FilterExpression } from '#lib/odata/ast.ts'
import { parseFilter } from '#lib/odata/parse-filter.ts'
import { parseOrderBy } from '#lib/odata/parse-lists.ts'
import { getColumn, type TableDefinition } from '#tables/definition.ts'
import { engineRows } from '#tables/predicate.ts'
import { cursorOf } from '#tables/query.ts'
import type { AsOf, RowOrder, RowQuery } from '#tables/row-query.ts'
import { countRows, listRows } from '#tables/rows.queries.ts'
import type { GridPage, RowDetail } from '../../wire-data.ts'
import { parseCursor, parseId, textOfCursor } from '../lists.ts'
import type { StudioServices } from '../services.ts'
import { asOfGrid } from './place.ts'
import { findRowDetail, namesBehind, namesOfRow } from './row-detail.ts'

const PAGE_ROWS_MAX = 100
const COUNT_MAX = 100_000
const ORDER_COLUMNS_MAX = 5

export type GridQuery = { columns?: string; filter?: string; orderby?: string; search?: string; after?: string; count?: string }

/** /tables/:name/rows: any table as administrators see it (all rows), by page. Filter and order are OData over logical names. */
export function registerRows(scope: HttpServer, services: StudioServices): void {
  const { database, catalog } = services

  scope.get<{ Params: { name: string }; Querystring: GridQuery }>('/tables/:name/rows', (request): Promise<GridPage> => {
    const table = catalog.get(request.params.name)
    const asked = parseGridQuery(table, request.query, asOfGrid(services, request))
    const query: RowQuery = { ...asked.query, rowsMax: PAGE_ROWS_MAX + 1 }
    return database.read(async (tx) => {
      const found = await listRows(tx, catalog, query)
      const rows = found.slice(0, PAGE_ROWS_MAX)
      const last = rows.at(-1)
      const more = found.length > PAGE_ROWS_MAX && last !== undefined
      const { columns: _columns, orderBy: _order, after: _after, ...counted } = query
      const names = await namesBehind(tx, services, table, rows)
      return {
        rows: rows.map((row) => ({
          id: String(row[table.idColumn]),
          version: Number(row.versionnumber),
          values: Object.fromEntries(asked.columns.map((name) => [name, row[name] ?? null])),
          names: namesOfRow(table, row, names),
        })),
        next: more ? textOfCursor(cursorOf(query, last)) : null,
        total: request.query.count === 'false' ? null : await countRows(tx, catalog, { ...counted, rowsMax: COUNT_MAX }),
        totalMax: COUNT_MAX,
      }
    })
  })

  scope.get<{ Params: { name: string; id: string } }>('/tables/:name/rows/:id', async (request): Promise<RowDetail> => {
    const table = catalog.get(request.params.name)
    const row = await database.read((tx) => findRowDetail(tx, services, table, parseId(request.params.id)))
    if (row === undefined) throw new AppError('studio.not_found', `There is no row of ${table.name} with this id`)
    return row
  })
}

/** What the grid shows, checked against the table. Throws AppError `odata.invalid` or `tables.unknown_column` for the person who typed it. */
export function parseGridQuery(
  table: TableDefinition,
  asked: GridQuery,
  asOf: AsOf,
): { columns: string[]; query: Omit<RowQuery, 'rowsMax'> } {
  const columns = asked.columns === undefined || asked.columns === '' ? defaultColumns(table) : asked.columns.split(',')
  for (const name of columns) getColumn(table, name)
  const filter: FilterExpression | undefined =
    asked.filter === undefined || asked.filter.trim() === '' ? undefined : parseFilter(asked.filter)
  const orderBy = orderOf(table, asked.orderby)
  return {
    columns,
    query: {
      table,
      columns: [...new Set([...columns, 'versionnumber', ...besideCustomers(table, columns)])],
      predicate: engineRows,
      asOf,
      orderBy,
      search: asked.search ?? '',
      ...(filter !== undefined && { filter }),
      ...(asked.after !== undefined && { after: parseCursor(asked.after, orderBy.length + 1) }),
    },
  }
}

function orderOf(table: TableDefinition, text: string | undefined): RowOrder[] {
  if (text === undefined || text === '') return []
  const order = parseOrderBy(text).map((one) => ({ column: one.path.join('.'), descending: one.descending }))
  if (order.length > ORDER_COLUMNS_MAX)
    throw new AppError('odata.invalid', `A grid is sorted by at most ${ORDER_COLUMNS_MAX} columns`)
  return order.filter((one) => one.column !== table.idColumn)
}

/** Which table each of the customers is a row of. */
export function besideCustomers(table: TableDefinition, columns: readonly string[]): string[] {
  return columns.filter((name) => table.columns.get(name)?.type === 'customer').map((name) => `${name}type`)
}

/** The name, what people search by and the keys; then what the table begins with. */
function defaultColumns(table: TableDefinition): string[] {
  const first = [table.nameColumn, ...table.search, ...[...table.keys.values()].flat()]
  const others = [...table.columns.values()].filter(
    (column) => column.type !== 'memo' && !column.system && column.name !== table.idColumn,
  )
  return [...new Set([...first, ...others.map((column) => column.name)])].slice(0, 8).concat('modifiedon')
}
