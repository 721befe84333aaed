import type { Reply } from '#http/server.ts'
import { AppError } from '#lib/app-error.ts'
import { exportList } from '../parts/list-export.ts'
import type { Visit } from '../render/context.ts'
import type { Page } from '../site/pages.ts'
import type { Portal } from './inside.ts'

/** The page; or one of its lists as a file (`?list=invoices&export=csv`), for whoever may open the page. Throws AppError `request.not_found`. */
export async function sendPageOrFile(portal: Portal, reply: Reply, visit: Visit, page: Page): Promise<Reply> {
  if (!visit.query.has('export')) return portal.send(reply, visit, page, 200)
  const list = visit.query.get('list') ?? ''
  if (visit.site.listsOn.get(page.name)?.has(list) !== true)
    throw new AppError('request.not_found', 'There is no such list on this page')
  const file = await exportList(portal.ground, visit, { list, format: visit.query.get('export') ?? '' })
  return reply
    .header('content-type', file.mediaType)
    .header('content-disposition', `attachment; filename="${file.name}"`)
    .header('cache-control', 'private, no-store')
    .send(file.content)
}
