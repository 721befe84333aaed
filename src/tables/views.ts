import { AppError } from '#lib/app-error.ts'
import type { Tx } from '#postgres/database.ts'
import type { Catalog } from './catalog.ts'
import type { FetchResult } from './fetch.ts'
import { cursorOf } from './query.ts'
import type { Cursor } from './row-query.ts'
import { listRows, newRowId, type RowId } from './rows.queries.ts'
import { checkView, type PlannedView, type View } from './view.ts'
import {
  deleteStoredView,
  findStoredView,
  listStoredViews,
  putStoredView,
  type StoredView,
  type ViewEditor,
} from './views.queries.ts'

/** What a person gives for a view; without an id it is a new one. */
export type ViewInput = Pick<View, 'table' | 'name' | 'query' | 'isShared'> & { id?: RowId; widths?: View['widths'] }

const VIEWS_MAX = 500
const WIDTH_MAX = 2_000

/** Views of a table (or of all): those of the site's files in their order, then a person's own and shared ones by name. */
export async function listViews(tx: Tx, ofSite: readonly View[], asked: { table?: string; personId: RowId }): Promise<View[]> {
  const stored = await listStoredViews(tx, { table: asked.table, ownerId: asked.personId, rowsMax: VIEWS_MAX })
  return [...ofSite.filter((one) => asked.table === undefined || one.table === asked.table), ...stored.map(viewOf)]
}

/** A view of the site, one's own, or one that is shared. */
export async function findView(tx: Tx, ofSite: readonly View[], id: RowId, personId: RowId): Promise<View | undefined> {
  const found = ofSite.find((one) => one.id === id.toLowerCase())
  if (found !== undefined) return found
  const stored = await findStoredView(tx, id, personId)
  return stored === undefined ? undefined : viewOf(stored)
}

/**
 * Keeps a view, once its query has been checked against the tables. Throws AppErrors of `checkView`, `view.invalid` for its name, and
 * `view.not_found` for the id of a view that this person may not change.
 */
export async function saveView(tx: Tx, catalog: Catalog, editor: ViewEditor, input: ViewInput): Promise<View> {
  const name = input.name.trim()
  if (name === '' || name.length > 100) throw new AppError('view.invalid', 'A view has a name of at most 100 characters')
  const { columns } = checkView(catalog, { table: input.table, query: input.query, widths: {} })
  const known = new Set(columns.map((one) => one.as))
  const widths = Object.entries(input.widths ?? {}).filter(([as, width]) => known.has(as) && width > 0 && width <= WIDTH_MAX)
  const { table, query, isShared } = input
  const id = input.id ?? newRowId()
  const view: StoredView = { id, table, name, ownerId: editor.personId, isShared, query, widths: Object.fromEntries(widths) }
  if (!(await putStoredView(tx, view, editor))) throw notFound()
  return viewOf((await findStoredView(tx, id, editor.personId)) ?? view)
}

/** Throws AppError `view.not_found` where there is none that this person may remove. */
export async function deleteView(tx: Tx, editor: ViewEditor, id: RowId): Promise<void> {
  if (!(await deleteStoredView(tx, id, editor))) throw notFound()
}

export type ViewRows = Pick<FetchResult, 'rows' | 'moreRecords'> & { columns: PlannedView['columns']; next: Cursor | undefined }

/** One page of a view under the permissions it was planned for; `next` is where the one behind it begins. Rows are by `as` of the columns. */
export async function runView(
  tx: Tx,
  catalog: Catalog,
  { query, columns }: PlannedView,
  page: { after?: Cursor; rowsMax: number },
): Promise<ViewRows> {
  const { after, rowsMax } = page
  const found = await listRows(tx, catalog, { ...query, rowsMax: rowsMax + 1, ...(after === undefined ? {} : { after }) })
  const rows = found.slice(0, rowsMax)
  const last = rows.at(-1)
  const moreRecords = found.length > rowsMax
  return {
    columns,
    rows: rows.map((row) => Object.fromEntries(columns.map((one) => [one.as, row[one.path] ?? null]))),
    moreRecords,
    next: moreRecords && last !== undefined ? cursorOf(query, last) : undefined,
  }
}

function viewOf(stored: StoredView): View {
  return { ...stored, labels: {} }
}

function notFound(): AppError {
  return new AppError('view.not_found', 'There is no such view')
}
