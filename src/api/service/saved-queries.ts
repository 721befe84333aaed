import { isAppError } from '#lib/app-error.ts'
import type { JsonObject } from '#lib/json.ts'
import { parseQueryOptions } from '#lib/odata/parse-options.ts'
import type { Catalog } from '#tables/catalog.ts'
import { labelOf } from '#tables/definition.ts'
import { checkView, type View } from '#tables/view.ts'
import { listViews } from '#tables/views.ts'
import { type Segment, unknownResource } from '../protocol/address.ts'
import type { ApiAnswer, ApiCall } from '../protocol/call.ts'
import { ApiRefusal } from '../protocol/refusals.ts'
import { type Caller, holderOf, tablesOf } from './caller.ts'
import { keyText, listAnswer, oneAnswer } from './read-definitions.ts'

/** What Dataverse calls the views of the site and those that people keep. */
const SETS = {
  savedqueries: { id: 'savedqueryid', keeps: (view: View) => view.ownerId === null },
  userqueries: { id: 'userqueryid', keeps: (view: View) => view.ownerId !== null },
} as const

export function isViewSet(name: string): name is keyof typeof SETS {
  return Object.hasOwn(SETS, name)
}

/**
 * GET `savedqueries` (views of the site) and `userqueries` (the caller's own and shared ones), of tables that the caller may read. Read
 * only. `fetchxml` is null where a view is not written in it; every view is asked by `?savedQuery=` or `?userQuery=` with its id.
 */
export async function readViewSet(caller: Caller, call: ApiCall, [first, ...rest]: readonly Segment[]): Promise<ApiAnswer> {
  const name = first?.name ?? ''
  if (!isViewSet(name) || rest.length > 0) throw unknownResource(rest[0]?.name ?? name)
  const { id, keeps } = SETS[name]
  const tables = tablesOf(caller)
  const views = await caller.database.read((tx) => listViews(tx, caller.views(), { personId: holderOf(caller) }))
  const items = views
    .filter((view) => keeps(view) && tables.has(view.table))
    .map((view) => describe(caller.catalog, view, id, caller.language))
  if (first?.inside === undefined) return listAnswer(caller, call, name, ordered(call, items))
  const key = keyText(first.inside).toLowerCase()
  const found = items.find((item) => item[id] === key)
  if (found === undefined) throw new ApiRefusal('row', 'There is no such view')
  return oneAnswer(caller, call, name, found)
}

function describe(catalog: Catalog, view: View, id: string, language: string): JsonObject {
  return {
    [id]: view.id,
    name: labelOf(view, language),
    description: null,
    returnedtypecode: view.table,
    querytype: 0,
    isdefault: false,
    statecode: 0,
    statuscode: 1,
    fetchxml: view.query.language === 'fetchxml' ? view.query.text : null,
    layoutxml: layoutOf(catalog, view),
    ...(view.ownerId === null ? {} : { _ownerid_value: view.ownerId }),
  }
}

/** The columns in their order, as Dataverse lays out a grid; null for a view that the tables have left behind. */
function layoutOf(catalog: Catalog, view: View): string | null {
  try {
    const { columns, query } = checkView(catalog, view)
    const cells = columns.map((one) => `<cell name="${one.as}"${one.width === undefined ? '' : ` width="${one.width}"`} />`)
    const { nameColumn, idColumn } = query.table
    return `<grid name="resultset" jump="${nameColumn}" select="1" preview="1" icon="1"><row name="result" id="${idColumn}">${cells.join('')}</row></grid>`
  } catch (error) {
    if (isAppError(error)) return null
    throw error
  }
}

/** By members of one kind: texts and numbers. */
function ordered(call: ApiCall, items: readonly JsonObject[]): JsonObject[] {
  const { orderBy = [] } = parseQueryOptions(new URLSearchParams(call.query))
  return items.toSorted((a, b) => {
    for (const { path, descending } of orderBy) {
      const [left, right] = [String(a[path.join('/')] ?? ''), String(b[path.join('/')] ?? '')]
      if (left !== right) return (left < right ? -1 : 1) * (descending ? -1 : 1)
    }
    return 0
  })
}
