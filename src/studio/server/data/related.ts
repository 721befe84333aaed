import type { HttpServer } from '#http/server.ts'
import { engineRows } from '#tables/predicate.ts'
import type { RowQuery } from '#tables/row-query.ts'
import { countEach, listRows } from '#tables/rows.queries.ts'
import type { LookupChoice, RelatedRows } from '../../wire-data.ts'
import { parseId, pointsTo } from '../lists.ts'
import type { StudioServices } from '../services.ts'

const RELATED_COUNT_MAX = 1_000
const CHOICES_MAX = 20

/** What hangs on a row, and which rows a lookup may point to. */
export function registerRelated(scope: HttpServer, { database, catalog }: StudioServices): void {
  scope.get<{ Params: { name: string; id: string } }>(
    '/tables/:name/rows/:id/related',
    async (request): Promise<RelatedRows[]> => {
      const table = catalog.get(request.params.name)
      const id = parseId(request.params.id)
      const pointing = catalog.pointingTo(table.name)
      const queries = pointing.map(({ table: child, lookup }, at): [string, Omit<RowQuery, 'columns'>] => [
        `c${at}`,
        { table: child, predicate: engineRows, filter: pointsTo(lookup.name, id), rowsMax: RELATED_COUNT_MAX },
      ])
      const counts = pointing.length === 0 ? {} : await database.read((tx) => countEach(tx, catalog, Object.fromEntries(queries)))
      return pointing.map(({ table: child, lookup }, at) => ({
        table: child.name,
        column: lookup.name,
        labels: child.labels,
        columnLabels: lookup.labels,
        onDelete: lookup.onDelete,
        count: counts[`c${at}`] ?? 0,
        countMax: RELATED_COUNT_MAX,
      }))
    },
  )

  scope.get<{ Params: { name: string }; Querystring: { search?: string } }>(
    '/tables/:name/choices',
    async (request): Promise<LookupChoice[]> => {
      const table = catalog.get(request.params.name)
      const key = [...table.keys.values()].flat().find((name) => table.columns.get(name)?.type === 'string')
      const columns = [table.idColumn, table.nameColumn, ...(key === undefined ? [] : [key])]
      const searched = table.search.length > 0 ? table : { ...table, search: [table.nameColumn] }
      const rows = await database.read((tx) =>
        listRows(tx, catalog, {
          table: searched,
          columns: [...new Set(columns)],
          predicate: engineRows,
          search: request.query.search ?? '',
          orderBy: [{ column: table.nameColumn, descending: false }],
          rowsMax: CHOICES_MAX,
        }),
      )
      return rows.map((row) => ({
        id: String(row[table.idColumn]),
        name: String(row[table.nameColumn] ?? ''),
        key: key === undefined || key === table.nameColumn ? '' : String(row[key] ?? ''),
      }))
    },
  )
}
