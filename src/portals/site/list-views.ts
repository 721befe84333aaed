import { messageOf } from '#lib/app-error.ts'
import type { Catalog } from '#tables/catalog.ts'
import { type ColumnDefinition, isLookup, type Labels } from '#tables/definition.ts'
import type { RowOrder } from '#tables/row-query.ts'
import { type ColumnStep, checkView, type View, type ViewColumn } from '#tables/view.ts'
import type { Report } from './pages.ts'
import type { ListFile } from './schemas.ts'

/** A list as a page shows it: its columns, and where they come from a view what the table says of them. */
export type ListDefinition = Omit<ListFile, 'columns' | 'sort' | 'view' | 'views'> & {
  columns: readonly ListColumn[]
  sort: readonly RowOrder[]
  /** The one that is shown. */
  view: View | undefined
  /** What the reader may choose from; the first is shown unless the address names another. */
  views: readonly ListView[]
}

export type ListColumn = Omit<NonNullable<ListFile['columns']>[number], 'label'> & {
  /** The key of a text, or the labels of the table's column. */
  label: string | { labels: Labels; name: string }
  /** Of a view: what is shown, and the way there. */
  shown: { column: ColumnDefinition; steps: readonly ColumnStep[] } | undefined
}

export type ListView = { view: View; columns: readonly ListColumn[]; sort: readonly RowOrder[] }

/** The lists of a site with the views they name. What does not fit is reported with its file, and the list left out. */
export function resolveLists(
  files: ReadonlyMap<string, ListFile>,
  views: readonly View[],
  catalog: Catalog,
  report: Report,
): Map<string, ListDefinition> {
  const lists = new Map<string, ListDefinition>()
  for (const [name, file] of files) {
    const list = resolveList(file, views, catalog, (reason) => report(`lists/${name}.yaml`, reason))
    if (list !== undefined) lists.set(name, list)
  }
  return lists
}

/** The list as an address asks for it (`?view=open`); what is no view of it shows the first. */
export function withChosenView(list: ListDefinition, query: URLSearchParams): ListDefinition {
  const chosen = list.views.find((one) => one.view.name === query.get('view')) ?? list.views[0]
  return chosen === undefined ? list : { ...list, ...chosen }
}

function resolveList(
  file: ListFile,
  views: readonly View[],
  catalog: Catalog,
  report: (reason: string) => void,
): ListDefinition | undefined {
  const { view, views: several, columns, sort, ...rest } = file
  if (view !== undefined && several !== undefined) report('a list names one view, or several views to choose from')
  const names = several ?? (view === undefined ? [] : [view])
  if (new Set(names).size < names.length) report('a list offers each view once')
  const own = columns?.map((one): ListColumn => ({ ...one, shown: undefined }))
  if (names.length === 0) {
    if (own !== undefined) return { ...rest, columns: own, sort, view: undefined, views: [] }
    report('a list has columns, or a view that has them')
    return undefined
  }
  const found = names.flatMap((name): ListView[] => {
    const one = views.find((candidate) => candidate.table === file.table && candidate.name === name)
    if (one === undefined) {
      report(`there is no view ${name}: views/${file.table}.${name}.yaml is missing`)
      return []
    }
    const shown = shownBy(one, catalog, report)
    return shown === undefined ? [] : [{ view: one, columns: own ?? shown.columns, sort: sort.length > 0 ? sort : shown.sort }]
  })
  const [first] = found
  return first === undefined ? undefined : { ...rest, ...first, views: found }
}

/** What a view's file itself has wrong is reported there. */
function shownBy(
  view: View,
  catalog: Catalog,
  report: (reason: string) => void,
): { columns: ListColumn[]; sort: readonly RowOrder[] } | undefined {
  try {
    const { columns, query } = checkView(catalog, view)
    if (query.distinct === true) report(`the view ${view.name} is distinct, and a list shows rows`)
    return { columns: columns.filter((one) => one.column.type !== 'uniqueidentifier').map(listColumn), sort: query.orderBy ?? [] }
  } catch (error) {
    report(`the view ${view.name} cannot be shown: ${messageOf(error)}`)
    return undefined
  }
}

function listColumn(one: ViewColumn): ListColumn {
  const { shownPath, steps } = one
  const shown = steps.at(-1)?.column ?? one.column
  const format = formatOf(shown)
  const holder = steps.at(-1)?.table
  const hasCurrency = format === 'money' && holder?.columns.has(CURRENCY) === true
  return {
    column: shownPath,
    // A lookup is called what it is, not what the row behind it calls its name.
    label: isLookup(one.column) ? one.column : shown,
    format,
    show: 'link',
    ...(hasCurrency ? { currency: [...shownPath.split('.').slice(0, -1), CURRENCY, 'isocurrencycode'].join('.') } : {}),
    sortable: !shownPath.includes('.'),
    shown: { column: shown, steps },
  }
}

const CURRENCY = 'transactioncurrencyid'

function formatOf({ type }: ColumnDefinition): ListColumn['format'] {
  switch (type) {
    case 'date':
      return 'date'
    case 'datetime':
      return 'dateTime'
    case 'money':
      return 'money'
    case 'decimal':
      return 'quantity'
    case 'integer':
    case 'bigint':
      return 'number'
    default:
      return 'text'
  }
}
