import { z } from 'zod'
import { insertActivity } from '#dual-write/maps.queries.ts'
import type { ParkedItem as EngineItem } from '#dual-write/status.ts'
import type { HttpServer } from '#http/server.ts'
import { AppError } from '#lib/app-error.ts'
import type { Tx } from '#postgres/database.ts'
import { readRowsById } from '#tables/rows.queries.ts'
import type { Page, ParkedItem } from '../wire.ts'
import { textOf } from './lists.ts'
import { actorOf } from './maps.ts'
import type { StudioServices } from './services.ts'

const PARKED_ROWS_MAX = 200
const IDS_MAX = 500

const retryBody = z.strictObject({ which: z.union([z.literal('all'), z.array(z.string().min(1).max(500)).min(1).max(IDS_MAX)]) })
const discardBody = z.strictObject({ reason: z.string().trim().min(1).max(500) })

/** /parked-changes: what waits for a person, and what the person decides. */
export function registerParked(scope: HttpServer, services: StudioServices): void {
  const { dualWrite, database } = services

  scope.get('/parked-changes', async (): Promise<Page<ParkedItem>> => {
    const [items, status] = await Promise.all([dualWrite.listParked({ map: null, rowsMax: PARKED_ROWS_MAX }), dualWrite.status()])
    const names = await database.read((tx) => readNames(tx, services, items))
    const titles = new Map(status.map((map) => [map.name, map.title]))
    return {
      rows: items.map((item) => ({
        ...item,
        mapTitle: titles.get(item.map) ?? item.map,
        rowName: names.get(item.rowId ?? '') ?? null,
      })),
      next: null,
      total: Math.max(
        items.length,
        status.reduce((sum, map) => sum + map.parked, 0),
      ),
    }
  })

  scope.post('/parked-changes/retries', async (request, reply) => {
    const { which } = parseBody(retryBody, request.body)
    const released = await dualWrite.retryParked({ ids: which, map: null }, actorOf(request))
    return reply.code(201).send({ released })
  })

  scope.post<{ Params: { id: string } }>('/parked-changes/:id/discards', async (request, reply) => {
    const { reason } = parseBody(discardBody, request.body)
    const { id } = request.params
    const item = (await dualWrite.listParked({ map: null, rowsMax: PARKED_ROWS_MAX })).find((one) => one.id === id)
    const discarded = await dualWrite.discardParked({ ids: [id], map: null }, actorOf(request))
    if (item === undefined || discarded === 0) throw new AppError('studio.not_found', 'This change is not parked any more')
    // What the change said is recorded by the engine; why somebody gave it up, by us.
    await database.transaction((tx) =>
      insertActivity(tx, {
        map: item.map,
        actor: actorOf(request),
        action: 'said why it was discarded',
        details: { change: id, reason },
      }),
    )
    return reply.code(201).send({ discarded })
  })
}

/** Throws AppError `studio.invalid` with what is wrong. */
export function parseBody<Shape extends z.ZodType>(shape: Shape, body: unknown): z.infer<Shape> {
  const parsed = shape.safeParse(body)
  if (!parsed.success) throw new AppError('studio.invalid', z.prettifyError(parsed.error))
  return parsed.data
}

/** What people call the rows, by id: one query for each table. */
async function readNames(tx: Tx, services: StudioServices, items: readonly EngineItem[]): Promise<Map<string, string>> {
  const names = new Map<string, string>()
  const withRow = items.filter((item) => item.rowId !== null && services.catalog.tables.has(item.table))
  for (const [tableName, group] of Map.groupBy(withRow, (item) => item.table)) {
    const table = services.catalog.get(tableName)
    const rows = await readRowsById(tx, table, [...new Set(group.map((item) => item.rowId ?? ''))])
    for (const [id, row] of rows) names.set(id, textOf(row, table.nameColumn) ?? id)
  }
  return names
}
