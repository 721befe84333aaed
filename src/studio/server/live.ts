import { refreshVisitor } from '#access/request.ts'
import { isAdministrator } from '#access/visitor.ts'
import type { HttpServer, Request } from '#http/server.ts'
import { messageOf } from '#lib/app-error.ts'
import type { Clock } from '#lib/clock.ts'
import type { Log } from '#log/log.ts'
import type { MapStatus } from '../wire.ts'

const LOOK_EVERY_MS = 1_000
const STREAMS_MAX = 100
/** Proxies close what is silent for long; and so often we look whether the administrator still is one. */
const HEARTBEAT_EVERY = 15

type Stream = { request: Request; write(text: string): void; end(): void }

/**
 * GET /live: the picture of all maps as server-sent events, once a second at most and only when it has changed. The database is asked
 * once for all who look, and not at all while nobody does.
 */
export function registerLive(scope: HttpServer, options: { readMaps: () => Promise<MapStatus[]>; clock: Clock; log: Log }): void {
  const streams = new Set<Stream>()
  const closing = new AbortController()
  let last = ''
  let looking: Promise<void> | undefined

  scope.get('/live', (request, reply) => {
    if (streams.size >= STREAMS_MAX) return reply.code(503).send()
    reply.hijack()
    const { raw } = reply
    raw.writeHead(200, {
      ...reply.getHeaders(),
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    } as Record<string, string>)
    const stream: Stream = { request, write: (text) => void raw.write(text), end: () => raw.end() }
    raw.on('close', () => streams.delete(stream))
    stream.write('retry: 2000\n\n')
    if (last !== '') stream.write(last)
    streams.add(stream)
    looking ??= look().finally(() => {
      looking = undefined
    })
    return reply
  })
  scope.addHook('preClose', async () => {
    closing.abort()
    for (const stream of streams) stream.end()
    await looking
  })

  async function look(): Promise<void> {
    let seen = ''
    for (let turn = 1; streams.size > 0 && !closing.signal.aborted; turn++) {
      try {
        const maps = await options.readMaps()
        const now = JSON.stringify(maps)
        if (now !== seen) {
          seen = now
          last = `event: picture\ndata: ${JSON.stringify({ at: new Date(options.clock.nowMs()).toISOString(), maps })}\n\n`
          for (const stream of streams) stream.write(last)
        }
        if (turn % HEARTBEAT_EVERY === 0) await beat(streams)
      } catch (error) {
        options.log.warn({ reason: messageOf(error) }, 'the state of the maps could not be read for Studio')
      }
      await options.clock.sleep(LOOK_EVERY_MS, closing.signal)
    }
    last = ''
  }
}

/** A stream outlives the request that opened it, so it ends when its owner stops being an administrator. */
async function beat(streams: ReadonlySet<Stream>): Promise<void> {
  for (const stream of [...streams]) {
    if (isAdministrator(await refreshVisitor(stream.request))) stream.write(': still here\n\n')
    else stream.end()
  }
}
