import { AppError } from '#lib/app-error.ts'
import { parseFetch } from '#lib/fetchxml/parse.ts'
import type { Tx } from '#postgres/database.ts'
import type { Catalog } from './catalog.ts'
import { checkFetch, type FetchGround, type FetchResult, runFetch } from './fetch.ts'
import { newRowId, type RowId } from './rows.queries.ts'
import { findStoredView, putStoredView, type StoredView } from './views.queries.ts'

/** What a person gives for a view; without an id it is a new one. */
export type ViewInput = Pick<StoredView, 'name' | 'fetch' | 'shared' | 'widths'> & { id?: RowId }

const WIDTH_MAX = 2_000

/**
 * Keeps a view of this person, once its query has been checked against the tables. Throws AppError `fetch.invalid`, `view.invalid`, and
 * `view.not_found` for the id of a view that somebody else owns.
 */
export async function saveView(tx: Tx, catalog: Catalog, personId: RowId, input: ViewInput): Promise<StoredView> {
  const name = input.name.trim()
  if (name === '' || name.length > 100) throw new AppError('view.invalid', 'A view has a name of at most 100 characters')
  const fetch = parseFetch(input.fetch)
  const { table, columns } = checkFetch(catalog, fetch)
  const known = new Set(columns.map((one) => one.as))
  const widths = Object.entries(input.widths).filter(([as, width]) => known.has(as) && width > 0 && width <= WIDTH_MAX)
  const view: StoredView = {
    id: input.id ?? newRowId(),
    table: table.name,
    name,
    ownerId: personId,
    shared: input.shared,
    fetch: input.fetch,
    widths: Object.fromEntries(widths),
  }
  if (!(await putStoredView(tx, view))) throw notFound()
  return view
}

/**
 * Runs a view, one's own or a shared one, under the permissions of whoever looks (`ground`); `page` counts from 1. Throws AppError
 * `view.not_found`, and `fetch.invalid` when a table has changed since the view was made.
 */
export async function runView(
  tx: Tx,
  ground: FetchGround,
  personId: RowId,
  id: RowId,
  page: { number: number; rowsMax: number },
): Promise<FetchResult> {
  const view = await findStoredView(tx, id, personId)
  if (view === undefined) throw notFound()
  const fetch = parseFetch(view.fetch)
  return runFetch(tx, ground, { ...fetch, top: undefined, pagingCookie: undefined, count: page.rowsMax, page: page.number })
}

function notFound(): AppError {
  return new AppError('view.not_found', 'There is no such view')
}
