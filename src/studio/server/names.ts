import { listServiceAccounts } from '#access/service-accounts.ts'
import type { HttpServer } from '#http/server.ts'
import { AppError } from '#lib/app-error.ts'
import type { Tx } from '#postgres/database.ts'
import type { TableDefinition } from '#tables/definition.ts'
import { engineRows, rowsOf } from '#tables/predicate.ts'
import { listRows } from '#tables/rows.queries.ts'
import { textOf } from './lists.ts'
import type { StudioServices } from './services.ts'

const IDS_MAX = 200
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** Who did something, by id: people, and programs by their service account. */
export type Actors = { people: ReadonlyMap<string, string>; programs: ReadonlyMap<string, string> }

type Asked = { Querystring: { table?: string; ids?: string } }

/** /names and /actors: what people call rows, and whoever did something, by id. An id that nobody knows is left out. */
export function registerNames(scope: HttpServer, services: StudioServices): void {
  const { database, catalog } = services

  scope.get<Asked>('/names', async ({ query }): Promise<Record<string, string>> => {
    const table = catalog.tables.get(query.table ?? '')
    if (table === undefined) throw new AppError('studio.not_found', `There is no table ${query.table ?? ''}`)
    return Object.fromEntries(await database.read((tx) => readNames(tx, services, table, parseIds(query.ids))))
  })

  scope.get<Asked>('/actors', async ({ query }): Promise<Record<string, string>> => {
    const { people, programs } = await database.read((tx) => readActors(tx, services, parseIds(query.ids)))
    return Object.fromEntries([...people, ...programs])
  })
}

/** What people call the rows; a row without a name is left out. */
export async function readNames(
  tx: Tx,
  { catalog }: StudioServices,
  table: TableDefinition,
  ids: readonly string[],
): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map()
  const rows = await listRows(tx, catalog, {
    table,
    columns: [table.idColumn, table.nameColumn],
    predicate: rowsOf(table, engineRows, ids),
    rowsMax: ids.length,
  })
  return new Map(
    rows.flatMap((row): [string, string][] => {
      const name = textOf(row, table.nameColumn)
      return name === null ? [] : [[String(row[table.idColumn]), name]]
    }),
  )
}

/** Of `ids` those that are one: an actor may also be a name already. */
export async function readActors(tx: Tx, services: StudioServices, actors: readonly (string | null)[]): Promise<Actors> {
  const ids = [...new Set(actors)].filter((actor) => actor !== null && UUID.test(actor)) as string[]
  const people = await readNames(tx, services, services.catalog.get('contact'), ids)
  const known = ids.every((id) => people.has(id))
  const programs = known ? [] : await listServiceAccounts(tx, new Date(services.clock.nowMs()))
  return { people, programs: new Map(programs.map((one) => [one.serviceAccountId, one.name])) }
}

function parseIds(text = ''): string[] {
  const ids = [...new Set(text.split(','))].filter((id) => UUID.test(id))
  if (ids.length > IDS_MAX) throw new AppError('studio.invalid', `At most ${IDS_MAX} names can be asked for at once`)
  return ids
}
