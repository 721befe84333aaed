import { groupFailures } from '#dual-write/copy-outcomes.queries.ts'
import type { Activity as EngineActivity } from '#dual-write/facets-control.ts'
import { listActivity } from '#dual-write/maps.queries.ts'
import type { HttpServer, Request } from '#http/server.ts'
import { AppError } from '#lib/app-error.ts'
import { isJsonObject } from '#lib/json.ts'
import type { Activity, MapDetail, MapStatus, Picture } from '../wire.ts'
import { administratorOf } from './guard.ts'
import { definitionView, statusView } from './map-view.ts'
import type { StudioServices } from './services.ts'

const ACTIVITY_ROWS_MAX = 50

type Named = { Params: { name: string } }

/** All maps as they are now, in dependency order. */
export async function readMaps(services: StudioServices): Promise<MapStatus[]> {
  const byName = new Map(services.dualWrite.maps().map((map) => [map.name, map]))
  return (await services.dualWrite.status()).map((status) => statusView(status, byName.get(status.name)))
}

/** /maps: their state, what they carry, and the four things a person does to one. */
export function registerMaps(scope: HttpServer, services: StudioServices): void {
  const { dualWrite } = services

  scope.get(
    '/maps',
    async (): Promise<Picture> => ({
      at: new Date(services.clock.nowMs()).toISOString(),
      maps: await readMaps(services),
    }),
  )

  scope.get<Named>('/maps/:name', async (request): Promise<MapDetail> => {
    const { name } = request.params
    const status = (await readMaps(services)).find((one) => one.name === name)
    const map = services.dualWrite.maps().find((one) => one.name === name)
    if (status === undefined || map === undefined) throw noSuchMap(name)
    const { activity, failures } = await services.database.read(async (tx) => ({
      activity: await listActivity(tx, { map: name, rowsMax: ACTIVITY_ROWS_MAX }),
      failures: await groupFailures(tx, name),
    }))
    return {
      status,
      ...definitionView(map),
      activity: activity.map(activityView),
      failures: failures.map((one) => ({ reason: one.reason, count: one.count, example: one.exampleKey })),
    }
  })

  const deeds = {
    runs: dualWrite.runMap,
    pauses: dualWrite.pauseMap,
    resumptions: dualWrite.resumeMap,
    stops: dualWrite.stopMap,
    refreshes: dualWrite.refreshMap,
  }
  for (const [noun, deed] of Object.entries(deeds)) {
    scope.post<Named>(`/maps/:name/${noun}`, async (request, reply) => {
      const { name } = request.params
      if (!services.dualWrite.maps().some((map) => map.name === name)) throw noSuchMap(name)
      await deed(name, actorOf(request))
      return reply.code(201).send({})
    })
  }
}

/** Who does it, for the activity log. */
export function actorOf(request: Request): string {
  return administratorOf(request).email
}

function activityView({ id, at, action, actor, details }: EngineActivity): Activity {
  const pairs = isJsonObject(details) ? Object.entries(details) : []
  const text = pairs.map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`).join(', ')
  return { id: String(id), at, action, actor, details: text }
}

function noSuchMap(name: string): AppError {
  return new AppError('studio.not_found', `There is no map ${name}`)
}
