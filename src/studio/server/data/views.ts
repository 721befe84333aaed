import { z } from 'zod'
import type { HttpServer, Request } from '#http/server.ts'
import type { View } from '#tables/view.ts'
import { deleteView, listViews, saveView } from '#tables/views.ts'
import type { ViewInfo, ViewState } from '../../wire-data.ts'
import { administratorOf } from '../guard.ts'
import { parseId } from '../lists.ts'
import { parseBody } from '../parked.ts'
import type { StudioServices } from '../services.ts'

const text = z.string().max(10_000)
const viewBody = z.strictObject({
  /** Without it, a new one. */
  id: z.string().optional(),
  name: z.string().max(200),
  isShared: z.boolean(),
  state: z.strictObject({
    columns: text.exactOptional(),
    filter: text.exactOptional(),
    orderby: text.exactOptional(),
    search: text.exactOptional(),
  }),
  widths: z.record(z.string().max(200), z.number()).default({}),
})

type OfTable = { Params: { name: string } }

/**
 * /tables/:name/views: what a grid can be set to. First the views of the site's files, which nobody changes here; then one's own and
 * shared ones. Administrators look after shared views together. Views in FetchXML are not among them: a grid cannot say what they ask.
 */
export function registerViews(scope: HttpServer, services: StudioServices): void {
  const { catalog, database, releases } = services

  scope.get<OfTable>('/tables/:name/views', async (request): Promise<ViewInfo[]> => {
    const table = catalog.get(request.params.name)
    const { personId } = editorOf(request)
    const ofSite = releases.current().site.views
    const views = await database.read((tx) => listViews(tx, ofSite, { table: table.name, personId }))
    return views.flatMap((view) => viewInfo(view, personId) ?? [])
  })

  scope.post<OfTable>('/tables/:name/views', async (request, reply): Promise<ViewInfo | undefined> => {
    const { id, state, ...body } = parseBody(viewBody, request.body)
    const editor = editorOf(request)
    const input = {
      ...body,
      table: catalog.get(request.params.name).name,
      query: { language: 'odata' as const, ...state },
      ...(id === undefined ? {} : { id: parseId(id) }),
    }
    const view = await database.transaction((tx) => saveView(tx, catalog, editor, input))
    reply.code(id === undefined ? 201 : 200)
    return viewInfo(view, editor.personId)
  })

  scope.post<{ Params: { name: string; id: string } }>('/tables/:name/views/:id/deletions', async (request, reply) => {
    await database.transaction((tx) => deleteView(tx, editorOf(request), parseId(request.params.id)))
    return reply.code(204).send()
  })
}

function editorOf(request: Request): { personId: string; maySharedOfOthers: boolean } {
  return { personId: administratorOf(request).contactId, maySharedOfOthers: true }
}

function viewInfo(view: View, personId: string): ViewInfo | undefined {
  const { id, name, labels, isShared, widths, query, ownerId } = view
  if (query.language !== 'odata') return undefined
  const { language: _language, ...state } = query
  return { id, name, labels, isShared, isMine: ownerId === personId, isOfSite: ownerId === null, state: gridState(state), widths }
}

/** A grid has columns of its own table: what a view shows of a row behind a lookup, it shows as the lookup. */
function gridState(state: ViewState): ViewState {
  if (state.columns === undefined) return state
  const columns = state.columns.split(',').map((path) => path.trim().split('.')[0])
  return { ...state, columns: [...new Set(columns)].join(',') }
}
