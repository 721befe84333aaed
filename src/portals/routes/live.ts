import { refreshVisitor, visitorOf } from '#access/request.ts'
import type { Visitor } from '#access/visitor.ts'
import { behindWall } from '#access/wall.ts'
import type { HttpServer } from '#http/server.ts'
import type { RowId } from '#tables/rows.queries.ts'
import type { LiveHub } from '../live/hub.ts'
import { parseWatched, visibleRows, type Watched } from '../live/stream.ts'
import type { Portal } from './inside.ts'

/** Clocks of two machines and the time between a row's timestamp and its commit: told twice is better than not at all. */
const SINCE_MARGIN_MS = 5_000

/** The news of an open page as server-sent events: /live?rows=salesorder:id,id&since=<when the page was made>. */
export function addLiveRoute(server: HttpServer, portal: Portal, hub: LiveHub): void {
  server.get<{ Querystring: { rows?: string; since?: string } }>('/live', async (request, reply) => {
    const visitor = visitorOf(request)
    const asked = parseWatched(String(request.query.rows ?? ''))
    const sinceMs = Number(request.query.since)
    const { watched, missed } = await openRows(asked, sinceMs)
    let write: (text: string) => void = () => undefined
    const owner = visitor.kind === 'contact' ? visitor.contactId : request.ip
    const remove = hub.add({
      watched,
      owner,
      dependsOn: new Set([owner, accountOf(visitor) ?? owner]),
      async current() {
        const now = await refreshVisitor(request)
        // Another account than that of the page means that the page's is no longer his.
        return now.kind === visitor.kind && accountOf(now) === accountOf(visitor) ? now : undefined
      },
      send: (event, data) => write(`event: ${event}\ndata: ${data}\n\n`),
      beat: () => write(': still here\n\n'),
      end: () => reply.raw.end(),
    })
    reply.hijack()
    const { raw } = reply
    raw.on('close', remove)
    raw.on('error', remove)
    // Whoever left while the rows were looked up has closed already: nobody will be told of it again.
    if (raw.destroyed) return remove()
    raw.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      connection: 'keep-alive',
    })
    write = (text) => void (raw.writableEnded || raw.write(text))
    write('retry: 2000\n\n')
    if (Object.keys(missed).length > 0) write(`event: row\ndata: ${JSON.stringify(missed)}\n\n`)

    /** What of the asked rows the visitor may read, and what of it has changed since his page was made. */
    async function openRows(rows: Watched, since: number): Promise<{ watched: Watched; missed: Record<string, RowId[]> }> {
      const { site } = portal.releases.current()
      const after = Number.isSafeInteger(since) && since > 0 ? new Date(since - SINCE_MARGIN_MS).toISOString() : undefined
      return behindWall(portal.ground.database, visitor).read(async (tx) => {
        const open = new Map<string, { ids: ReadonlySet<RowId>; all: boolean }>()
        const news: Record<string, RowId[]> = {}
        for (const [table, watch] of rows) {
          const ids = new Set(await visibleRows(portal.ground, tx, site, visitor, table, { ids: watch.ids }))
          open.set(table, { ids, all: watch.all })
          if (after === undefined) continue
          const changed = await visibleRows(portal.ground, tx, site, visitor, table, {
            ids: watch.all ? 'all' : ids,
            since: after,
          })
          if (changed.length > 0) news[table] = watch.all ? [] : changed
        }
        return { watched: open, missed: news }
      })
    }
  })
}

function accountOf(visitor: Visitor): string | null {
  return visitor.kind === 'anonymous' ? null : visitor.accountId
}
