import { listServiceAccounts } from '#access/service-accounts.ts'
import type { HttpServer } from '#http/server.ts'
import type { Tx } from '#postgres/database.ts'
import { isLookup, type TableDefinition } from '#tables/definition.ts'
import { listRowHistory, type RowHistoryEntry } from '#tables/history.queries.ts'
import { engineRows, rowsOf } from '#tables/predicate.ts'
import type { QueryRow } from '#tables/row-query.ts'
import { listRows } from '#tables/rows.queries.ts'
import type { HistoryEntry, HistoryPage } from '../../wire-data.ts'
import { parseId } from '../lists.ts'
import type { StudioServices } from '../services.ts'
import { valueFromHistory } from './edit.ts'
import { namesBehind, namesOfRow } from './row-detail.ts'

const PAGE_ENTRIES_MAX = 50

/** /tables/:name/rows/:id/history: who changed what, when, and through which door. Newest first. */
export function registerHistory(scope: HttpServer, services: StudioServices): void {
  scope.get<{ Params: { name: string; id: string }; Querystring: { before?: string } }>(
    '/tables/:name/rows/:id/history',
    (request): Promise<HistoryPage> => {
      const table = services.catalog.get(request.params.name)
      const rowId = parseId(request.params.id)
      const before = /^\d{1,15}$/.test(request.query.before ?? '') ? Number(request.query.before) : null
      return services.database.read(async (tx) => {
        const found = await listRowHistory(tx, { table: table.name, rowId, before, rowsMax: PAGE_ENTRIES_MAX + 1 })
        const page = found.slice(0, PAGE_ENTRIES_MAX)
        const people = await readActors(tx, services, page)
        const entries: HistoryEntry[] = []
        for (const entry of page) entries.push(await entryOf(tx, services, table, entry, people))
        return { entries, next: found.length > PAGE_ENTRIES_MAX ? (page.at(-1)?.number ?? null) : null }
      })
    },
  )
}

type Actors = { people: ReadonlyMap<string, string>; programs: ReadonlyMap<string, string> }

async function readActors(tx: Tx, { catalog, clock }: StudioServices, entries: readonly RowHistoryEntry[]): Promise<Actors> {
  const ids = [...new Set(entries.flatMap(({ actor }) => (actor === null || !UUID.test(actor) ? [] : [actor])))]
  if (ids.length === 0) return { people: new Map(), programs: new Map() }
  const table = catalog.get('contact')
  const contacts = await listRows(tx, catalog, {
    table,
    columns: [table.idColumn, 'fullname'],
    predicate: rowsOf(table, engineRows, ids),
    rowsMax: ids.length,
  })
  const people = new Map(contacts.map((one) => [String(one[table.idColumn]), String(one.fullname ?? '')]))
  const programs = ids.every((id) => people.has(id)) ? [] : await listServiceAccounts(tx, new Date(clock.nowMs()))
  return { people, programs: new Map(programs.map((one) => [one.serviceAccountId, one.name])) }
}

async function entryOf(
  tx: Tx,
  services: StudioServices,
  table: TableDefinition,
  entry: RowHistoryEntry,
  actors: Actors,
): Promise<HistoryEntry> {
  const shown = entry.operation === 'update' ? Object.keys(entry.after ?? {}).filter((name) => table.columns.has(name)) : []
  const [before, after] = [entry.before, entry.after].map((texts) => rowFrom(table, texts ?? {})) as [QueryRow, QueryRow]
  const isNamed = shown.some((name) => {
    const column = table.columns.get(name)
    return column !== undefined && isLookup(column)
  })
  const names = isNamed ? await namesBehind(tx, services, table, [before, after]) : new Map<string, Map<string, string>>()
  const [namesBefore, namesAfter] = [namesOfRow(table, before, names), namesOfRow(table, after, names)]
  return {
    number: entry.number,
    operation: entry.operation,
    at: entry.at,
    who: actors.people.get(entry.actor ?? '') ?? actors.programs.get(entry.actor ?? '') ?? null,
    from: doorOf(entry, actors),
    map: entry.origin,
    changes: shown.map((column) => ({
      column,
      before: before[column] ?? null,
      after: after[column] ?? null,
      beforeName: namesBefore[column] ?? null,
      afterName: namesAfter[column] ?? null,
    })),
  }
}

function doorOf(entry: RowHistoryEntry, actors: Actors): HistoryEntry['from'] {
  if (entry.origin !== null) return 'erp'
  if (entry.surface === 'studio' || entry.surface === 'import') return entry.surface
  if (entry.actor === null) return 'program'
  return actors.programs.has(entry.actor) ? 'api' : 'portal'
}

function rowFrom(table: TableDefinition, texts: Readonly<Record<string, string | null>>): QueryRow {
  return Object.fromEntries(
    Object.entries(texts).map(([name, text]) => [name, valueFromHistory(table.columns.get(name)?.type ?? 'string', text)]),
  )
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
