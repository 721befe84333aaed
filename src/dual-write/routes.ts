import { timingSafeEqual } from 'node:crypto'
import type { HttpServer } from '#http/server.ts'
import { AppError } from '#lib/app-error.ts'
import type { DualWrite } from './engine.ts'

export const EVENT_PATH = '/erp-events'
const BODY_BYTES_MAX = 256 * 1024

/** POST /erp-events/<secret>: where the ERP posts its changes. 200 means that the notice is safe on disk. */
export function registerEventRoute(server: HttpServer, engine: Pick<DualWrite, 'receiveEvent'>, secret: string): void {
  server.post<{ Params: { secret: string } }>(`${EVENT_PATH}/:secret`, { bodyLimit: BODY_BYTES_MAX }, async (request, reply) => {
    if (!isSame(request.params.secret, secret)) throw new AppError('request.not_found', 'There is nothing here')
    await engine.receiveEvent(request.body)
    return reply.code(200).send({})
  })
}

function isSame(given: string, secret: string): boolean {
  const a = Buffer.from(given)
  const b = Buffer.from(secret)
  return a.length === b.length && timingSafeEqual(a, b)
}
