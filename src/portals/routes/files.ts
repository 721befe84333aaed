import { Readable } from 'node:stream'
import { openFileOf } from '#access/files.ts'
import { visitorOf } from '#access/request.ts'
import type { HttpServer } from '#http/server.ts'
import { AppError } from '#lib/app-error.ts'
import { contentDisposition } from '#lib/file-name.ts'
import { isPicture } from '#lib/media-type.ts'
import type { Portal } from './inside.ts'

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
/** Whatever a file holds, it runs nothing and loads nothing. */
const NOTHING = "default-src 'none'; sandbox"

/**
 * /files/<table>/<row>/<column>: a file of a row, for whoever may read that column of that row; for anybody else there is none. Pictures
 * are shown, everything else is kept. Browsers ask again each time, and are told when they have it already.
 */
export function addFileRoutes(server: HttpServer, portal: Portal): void {
  server.get<{ Params: { table: string; id: string; column: string } }>(
    '/files/:table/:id/:column',
    // Most files are compressed already, and a length that is known shows how far a download is.
    { compress: false },
    async (request, reply) => {
      const { table, id, column } = request.params
      const visitor = visitorOf(request)
      const { catalog, database } = portal.ground
      const { permissions } = portal.releases.current().site
      const definition = catalog.tables.get(table)
      const file =
        definition === undefined || !ID.test(id)
          ? undefined
          : await openFileOf({ database, catalog, permissions, visitor }, { table: definition, target: { id }, column })
      if (file === undefined && visitor.kind === 'anonymous')
        throw new AppError('request.sign_in_required', 'There is nothing here for somebody who has not signed in')
      if (file === undefined) throw new AppError('request.not_found', 'There is no such file for this visitor')
      const etag = `"${file.sha256}"`
      reply.headers({
        etag,
        'cache-control': 'private, no-cache',
        'content-security-policy': NOTHING,
        'content-disposition': contentDisposition(isPicture(file.mediaType) ? 'inline' : 'attachment', file.name),
      })
      if (request.headers['if-none-match']?.includes(etag) === true) return reply.code(304).send()
      return reply
        .header('content-type', file.mediaType)
        .header('content-length', file.bytes)
        .send(request.method === 'HEAD' ? undefined : Readable.from(file.content, { objectMode: false }))
    },
  )
}
