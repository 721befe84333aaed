import type { HttpServer } from '#http/server.ts'
import type { Tx } from '#postgres/database.ts'
import { isLookup, type TableDefinition } from '#tables/definition.ts'
import { listRowHistory, type RowHistoryEntry } from '#tables/history.queries.ts'
import type { QueryRow } from '#tables/row-query.ts'
import type { HistoryEntry, HistoryPage } from '../../wire-data.ts'
import { parseId } from '../lists.ts'
import { type Actors, readActors } from '../names.ts'
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
        const people = await readActors(
          tx,
          services,
          page.map(({ actor }) => actor),
        )
        const entries: HistoryEntry[] = []
        for (const entry of page) entries.push(await entryOf(tx, services, table, entry, people))
        return { entries, next: found.length > PAGE_ENTRIES_MAX ? (page.at(-1)?.number ?? null) : null }
      })
    },
  )
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
