import type { HttpServer } from '#http/server.ts'
import { AppError } from '#lib/app-error.ts'
import type { MapDetail, MapStatus, Picture } from '../wire.ts'
import { definitionView, statusView } from './map-view.ts'
import type { StudioServices } from './services.ts'

type Named = { Params: { name: string } }

/** All maps as they are now, in dependency order. */
export async function readMaps(services: StudioServices): Promise<MapStatus[]> {
  const byName = new Map(services.dualWrite.maps().map((map) => [map.name, map]))
  return (await services.dualWrite.status()).map((status) => statusView(status, byName.get(status.name), services.clock.nowMs()))
}

/** /maps: their state and what they carry. What a person does to a map is asked of the engine's own API. */
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
    const map = dualWrite.maps().find((one) => one.name === name)
    if (map === undefined) throw new AppError('studio.not_found', `There is no map ${name}`)
    return definitionView(map)
  })
}
