import type { Permissions } from '#access/permissions.ts'
import type { Visitor } from '#access/visitor.ts'
import { parseQueryOptions, SYSTEM_OPTIONS } from '#lib/odata/parse-options.ts'
import { type Catalog, targetOf } from '#tables/catalog.ts'
import { isLookup, type TableDefinition } from '#tables/definition.ts'
import type { RowQuery } from '#tables/row-query.ts'
import { renamePaths } from './paths.ts'
import { ApiRefusal } from './refusals.ts'
import { orderTextOf, parseSkipToken } from './skip-token.ts'

/** What a request asks for, checked against what this visitor may ask. */
export type Reading = {
  query: RowQuery
  /** Columns to answer with, in order; the query may read more to sort by. */
  shown: readonly string[]
  /** Lookups whose rows are named in annotations: column → path of the name. */
  names: ReadonlyMap<string, string>
  /** Choices are named, too. */
  annotates: boolean
  pageRows: number
  /** Whether the answer goes on with a next link. Not after `$top`: then the caller has said how many. */
  pages: boolean
  count: boolean
}

const ROWS_MAX = 1_000
const ROWS_DEFAULT = 100
/** Of the joins one query may make, some are left for paths in filters and orders. */
const NAMES_MAX = 8
const UNSUPPORTED = 'is not supported here'

export type ReadingRequest = {
  catalog: Catalog
  permissions: Permissions
  visitor: Visitor
  table: TableDefinition
  url: URL
  prefer: string | string[] | undefined
}

/** Throws ApiRefusal, or AppError `odata.invalid` with the position of what cannot be parsed. */
export function readRequest(request: ReadingRequest): Reading {
  const { permissions, visitor, table, url } = request
  refuseOthers(url.searchParams)
  const options = parseQueryOptions(url.searchParams)
  if (options.skip !== undefined) throw new ApiRefusal('invalid', '$skip is not supported: follow @odata.nextLink instead')
  if (options.expand !== undefined) throw new ApiRefusal('invalid', `$expand ${UNSUPPORTED}`)
  if (options.top !== undefined && options.top > ROWS_MAX)
    throw new ApiRefusal('invalid', `$top is at most ${ROWS_MAX}; leave it out and follow @odata.nextLink to read everything`)

  const rules = columnRules(request)
  const use = (names: readonly string[]): string => rules.pathOf(names).join('.')
  const asked = options.select ?? [{ path: ['*'] }]
  const shown = [...new Set(asked.flatMap(({ path }) => (path[0] === '*' ? rules.all() : [use(ownColumn(table, path))])))]
  const orderBy = (options.orderBy ?? []).map((one) => ({ column: use(one.path), descending: one.descending }))
  const filter = options.filter === undefined ? undefined : renamePaths(options.filter, (names) => use(names).split('.'))
  const preferences = [request.prefer ?? []].flat().join(',').toLowerCase()
  const annotates = preferences.includes('odata.include-annotations')
  const names = annotates ? nameColumns(request, shown) : new Map<string, string>()

  const token = url.searchParams.get('$skiptoken')
  const query: RowQuery = {
    table,
    columns: [...shown, ...names.values()],
    predicate: permissions.predicate(visitor, table.name, 'read'),
    reach: permissions.reach(visitor),
    orderBy,
    rowsMax: ROWS_MAX,
    ...(filter === undefined ? {} : { filter: filter }),
    ...(token === null ? {} : { after: parseSkipToken(token, orderTextOf({ table, orderBy }), orderBy.length + 1) }),
  }
  return {
    query,
    shown,
    names,
    annotates,
    pageRows: options.top ?? preferredRows(preferences),
    pages: options.top === undefined,
    count: options.count === true,
  }
}

function ownColumn(table: TableDefinition, path: readonly string[]): readonly string[] {
  if (path.length === 1) return path
  throw new ApiRefusal('invalid', `$select takes columns of ${table.name} alone, not ${path.join('/')}`)
}

/** Names of the rows behind lookups, where the visitor may read them. */
function nameColumns(request: ReadingRequest, columns: readonly string[]): Map<string, string> {
  const { catalog, permissions, visitor, table } = request
  const found = new Map<string, string>()
  for (const name of columns) {
    const column = table.columns.get(name)
    if (column === undefined || !isLookup(column) || found.size >= NAMES_MAX) continue
    const target = targetOf(catalog, table, name)
    if (permissions.readableColumns(visitor, target.name).has(target.nameColumn)) found.set(name, `${name}.${target.nameColumn}`)
  }
  return found
}

/** Options of OData that nobody here answers must not be passed over in silence: the caller would get other rows than asked for. */
function refuseOthers(parameters: URLSearchParams): void {
  for (const name of parameters.keys()) {
    if (!name.startsWith('$') || name === '$skiptoken' || (SYSTEM_OPTIONS as readonly string[]).includes(name)) continue
    throw new ApiRefusal('invalid', `${name.slice(0, 50)} ${UNSUPPORTED}`)
  }
}

function preferredRows(preferences: string): number {
  const asked = Number(/odata\.maxpagesize=(\d{1,9})/.exec(preferences)?.[1] ?? ROWS_DEFAULT)
  return Math.min(Math.max(asked, 1), ROWS_MAX)
}

/** Which columns the visitor may name: those the API opens of those that some permission lets be read. */
function columnRules({ catalog, permissions, visitor, table }: ReadingRequest) {
  const open = (of: TableDefinition) => permissions.webApiColumns(of.name) ?? new Set<string>()
  // Who may read no row at all gets no row; there is no need to tell that by the names of columns.
  const reads = permissions.may(visitor, table.name, 'read')
  const reachable = reads ? permissions.reachableColumns(visitor, table.name) : open(table)
  const readable = reads ? permissions.readableColumns(visitor, table.name) : open(table)

  return {
    all: () => [...open(table)].filter((name) => readable.has(name)),
    /** `_customerid_value` is the lookup's id; `customerid/name` a column of the row behind it. */
    pathOf(names: readonly string[]): string[] {
      const [first = '', ...rest] = names
      const name = columnNamed(table, first)
      if (!open(table).has(name) || !reachable.has(name)) throw refuseColumn(table, first)
      if (rest.length === 0) return [name]
      const column = table.columns.get(name)
      if (column === undefined || !isLookup(column) || rest.length > 1)
        throw new ApiRefusal('invalid', `${names.join('/')} is not a path from ${table.name} over one lookup`)
      const target = targetOf(catalog, table, name)
      const behind = columnNamed(target, rest[0] ?? '')
      if (!open(target).has(behind) || !permissions.readableColumns(visitor, target.name).has(behind))
        throw refuseColumn(target, rest[0] ?? '')
      return [name, behind]
    },
  }
}

function columnNamed(table: TableDefinition, name: string): string {
  const lookup = /^_(.+)_value$/.exec(name)?.[1]
  const column = lookup === undefined ? undefined : table.columns.get(lookup)
  return column !== undefined && isLookup(column) ? column.name : name
}

/** The same words for a column that is closed and one that does not exist. */
function refuseColumn(table: TableDefinition, name: string): ApiRefusal {
  return new ApiRefusal('column', `The column ${name.slice(0, 100)} of ${table.name} is not open to the web API for you`)
}
