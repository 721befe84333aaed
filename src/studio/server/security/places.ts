import { z } from 'zod'
import type { HttpServer } from '#http/server.ts'
import type { FilterExpression } from '#lib/odata/ast.ts'
import { parseFilter } from '#lib/odata/parse-filter.ts'
import type { Tx } from '#postgres/database.ts'
import type { Catalog } from '#tables/catalog.ts'
import { getColumn, isLookup, type TableDefinition } from '#tables/definition.ts'
import { engineRows } from '#tables/predicate.ts'
import type { QueryRow } from '#tables/row-query.ts'
import { listRows, readRowsById } from '#tables/rows.queries.ts'
import type { RowChoice } from '../../wire-security.ts'
import { textOf } from '../lists.ts'
import { parseBody } from '../parked.ts'
import type { StudioServices } from '../services.ts'

const CHOICES_MAX = 12
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/i

const choicesQuery = z.strictObject({ table: z.string().max(63), search: z.string().trim().max(500) })
const placeQuery = z.strictObject({ address: z.string().trim().min(1).max(2_000) })

/** /security/rows and /security/places: finds the row that is meant, by its name or number, by an id, or by an address that has one in it. */
export function registerPlaces(scope: HttpServer, services: StudioServices): void {
  const { database, catalog } = services

  scope.get('/security/rows', async (request): Promise<RowChoice[]> => {
    const { table, search } = parseBody(choicesQuery, request.query)
    const definition = catalog.get(table)
    const id = UUID.exec(search)?.[0]?.toLowerCase()
    return database.read(async (tx) => {
      const rows =
        id === undefined
          ? await searchRows(tx, catalog, definition, search)
          : [...(await readRowsById(tx, definition, [id])).values()]
      return rows.map((row) => choiceOf(definition, row))
    })
  })

  // The address of a page of the portal does not say of which table its id is: every table is asked for it.
  scope.get('/security/places', async (request): Promise<{ table: string; row: RowChoice } | { table: null }> => {
    const { address } = parseBody(placeQuery, request.query)
    const id = UUID.exec(address)?.[0]?.toLowerCase()
    if (id === undefined) return { table: null }
    return database.read(async (tx) => {
      for (const table of catalog.tables.values()) {
        const row = (await readRowsById(tx, table, [id])).get(id)
        if (row !== undefined) return { table: table.name, row: choiceOf(table, row) }
      }
      return { table: null }
    })
  })
}

function searchRows(tx: Tx, catalog: Catalog, table: TableDefinition, search: string): Promise<QueryRow[]> {
  const filter: FilterExpression | undefined =
    table.search.length > 0 || search === ''
      ? undefined
      : parseFilter(`contains(${table.nameColumn},'${search.replaceAll("'", "''")}')`)
  return listRows(tx, catalog, {
    table,
    columns: [...new Set([table.nameColumn, ...keyColumns(table)])],
    predicate: engineRows,
    orderBy: [{ column: table.nameColumn, descending: false }],
    ...(filter === undefined ? { search } : { filter }),
    rowsMax: CHOICES_MAX,
  })
}

/** What tells rows of one name apart: what people search by, and the values of the first key. */
function keyColumns(table: TableDefinition): string[] {
  const [key = []] = table.keys.values()
  return [...new Set([...table.search, ...key])].filter((name) => name !== table.nameColumn && !isLookup(getColumn(table, name)))
}

/** What people call a row: its name, else its key. */
export function rowNameOf(table: TableDefinition, row: QueryRow): string {
  const { id, name, key } = choiceOf(table, row)
  return name !== '' ? name : key !== '' ? key : id
}

function choiceOf(table: TableDefinition, row: QueryRow): RowChoice {
  const key = keyColumns(table).flatMap((column) => textOf(row, column) ?? [])
  return { id: String(row[table.idColumn]), name: textOf(row, table.nameColumn) ?? '', key: key.slice(0, 3).join(' · ') }
}
