import { z } from 'zod'
import type { ParkedItem as EngineItem } from '#dual-write/status.ts'
import type { HttpServer } from '#http/server.ts'
import { AppError } from '#lib/app-error.ts'
import type { Tx } from '#postgres/database.ts'
import type { Page, ParkedItem } from '../wire.ts'
import { readActors, readNames } from './names.ts'
import type { StudioServices } from './services.ts'

const PARKED_ROWS_MAX = 1_000

/** /parked-changes: what waits for a person, with what people call the rows; of one cause where `cluster` names one. */
export function registerParked(scope: HttpServer, services: StudioServices): void {
  const { dualWrite, database } = services

  scope.get<{ Querystring: { cluster?: string } }>('/parked-changes', async (request): Promise<Page<ParkedItem>> => {
    const page = { map: null, cluster: request.query.cluster, rowsMax: PARKED_ROWS_MAX }
    const [items, status] = await Promise.all([dualWrite.listParked(page), dualWrite.status()])
    const { names, actors } = await database.read(async (tx) => ({
      names: await readNamesOf(tx, services, items),
      actors: await readActors(
        tx,
        services,
        items.map((item) => item.actor),
      ),
    }))
    const nameOf = (actor: string | null) => actors.people.get(actor ?? '') ?? actors.programs.get(actor ?? '') ?? actor
    return {
      rows: items.map((item) => ({ ...item, rowName: names.get(item.rowId ?? '') ?? null, actor: nameOf(item.actor) })),
      next: null,
      total: Math.max(
        items.length,
        status.reduce((sum, map) => sum + map.parked, 0),
      ),
    }
  })
}

/** Throws AppError `studio.invalid` with what is wrong. */
export function parseBody<Shape extends z.ZodType>(shape: Shape, body: unknown): z.infer<Shape> {
  const parsed = shape.safeParse(body)
  if (!parsed.success) throw new AppError('studio.invalid', z.prettifyError(parsed.error))
  return parsed.data
}

/** What people call the rows, by id: one query for each table. */
async function readNamesOf(tx: Tx, services: StudioServices, items: readonly EngineItem[]): Promise<Map<string, string>> {
  const names = new Map<string, string>()
  const withRow = items.filter((item) => item.rowId !== null && services.catalog.tables.has(item.table))
  for (const [table, group] of Map.groupBy(withRow, (item) => item.table)) {
    const ids = [...new Set(group.map((item) => item.rowId ?? ''))]
    for (const [id, name] of await readNames(tx, services, services.catalog.get(table), ids)) names.set(id, name)
  }
  return names
}
