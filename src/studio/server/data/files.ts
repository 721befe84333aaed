import { Readable } from 'node:stream'
import { openFileOf, putFile } from '#access/files.ts'
import type { HttpServer } from '#http/server.ts'
import { AppError } from '#lib/app-error.ts'
import { isPicture } from '#lib/media-type.ts'
import { getColumn } from '#tables/definition.ts'
import type { SaveOutcome } from '../../wire-data.ts'
import { parseId } from '../lists.ts'
import type { StudioServices } from '../services.ts'
import { filePlaceOf } from './place.ts'

type OfFile = { Params: { name: string; id: string; column: string }; Querystring: { name?: string; type?: string } }

/** /tables/:name/rows/:id/files/:column: the file of a row, in and out, never whole in memory. */
export function registerFiles(scope: HttpServer, services: StudioServices): void {
  const { catalog } = services

  scope.get<OfFile>('/tables/:name/rows/:id/files/:column', async (request, reply) => {
    const table = catalog.get(request.params.name)
    const target = { id: parseId(request.params.id) }
    const file = await openFileOf(filePlaceOf(services, request), { table, target, column: request.params.column })
    if (file === undefined) throw new AppError('studio.not_found', 'There is no such file')
    const shown = isPicture(file.mediaType) ? 'inline' : 'attachment'
    return reply
      .header('content-type', file.mediaType)
      .header('content-disposition', `${shown}; filename*=UTF-8''${encodeURIComponent(file.name)}`)
      .header('cache-control', 'private, no-store')
      .send(Readable.from(file.content))
  })

  void scope.register(async (uploads) => {
    streamBodies(uploads)
    uploads.post<OfFile>('/tables/:name/rows/:id/files/:column', async (request): Promise<SaveOutcome> => {
      const table = catalog.get(request.params.name)
      const target = { id: parseId(request.params.id) }
      const column = getColumn(table, request.params.column).name
      const outcome = await putFile(
        filePlaceOf(services, request),
        { table, target, column },
        { name: request.query.name ?? 'file', mediaType: request.query.type, content: request.body as Readable },
      )
      if (outcome.kind === 'updated') return { kind: 'saved', id: outcome.id, version: outcome.version }
      if (outcome.kind === 'invalid')
        return { kind: 'invalid', problems: outcome.problems.map((one) => ({ ...one, values: { ...one.values } })) }
      throw new AppError('studio.not_found', 'There is no such row or column')
    })
  })
}

/** In this part of the server bodies are streams that nobody holds whole. */
export function streamBodies(scope: HttpServer): void {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload))
}
