import { parseFetch } from '#lib/fetchxml/parse.ts'
import { type ColumnDefinition, isLookup, navigationName, type TableDefinition } from '#tables/definition.ts'
import { type FetchGround, type FetchResult, runFetch } from '#tables/fetch.ts'
import type { QueryRow } from '#tables/row-query.ts'
import { planView, type View } from '#tables/view.ts'
import { findView, runView } from '#tables/views.ts'
import type { RowsAddress } from '../protocol/address.ts'
import { type ApiAnswer, type ApiCall, jsonAnswer } from '../protocol/call.ts'
import { type Preferences, parsePreferences, preferencesApplied, wantsAnnotation } from '../protocol/preferences.ts'
import { ApiRefusal } from '../protocol/refusals.ts'
import { makeSkipToken, parseSkipToken } from '../query/skip-token.ts'
import { asOfOf, type Caller, holderOf, offered, readAs, requireRight } from './caller.ts'
import { nextLink } from './read.ts'
import { FORMATTED_VALUE } from './render.ts'
import { formattedValue, valueJson } from './values.ts'

const PAGING_COOKIE = 'Microsoft.Dynamics.CRM.fetchxmlpagingcookie'
const MORE_RECORDS = 'Microsoft.Dynamics.CRM.morerecords'
const TOTAL = 'Microsoft.Dynamics.CRM.totalrecordcount'
const TOTAL_EXCEEDED = 'Microsoft.Dynamics.CRM.totalrecordcountlimitexceeded'
const LOGICAL_NAME = 'Microsoft.Dynamics.CRM.lookuplogicalname'
const NAVIGATION = 'Microsoft.Dynamics.CRM.associatednavigationproperty'

/** Whether a GET of a set brings its question as FetchXML, or names a saved view that holds one. */
export function wantsStoredQuery(call: ApiCall, address: RowsAddress): boolean {
  if (address.key !== undefined || address.tail.kind !== 'rows') return false
  const parameters = new URLSearchParams(call.query)
  return parameters.has('fetchXml') || parameters.has('savedQuery') || parameters.has('userQuery')
}

/** GET `<set>?fetchXml=…`, `?savedQuery=<id>` or `?userQuery=<id>`: the rows of the query, which must be of that set. */
export async function readStoredQuery(caller: Caller, call: ApiCall, address: RowsAddress): Promise<ApiAnswer> {
  const { table } = address
  requireRight(caller, table, 'read')
  const preferences = parsePreferences(call.headers.prefer)
  const parameters = new URLSearchParams(call.query)
  const text = parameters.get('fetchXml')
  const ground: FetchGround = {
    catalog: caller.catalog,
    reach: caller.rules.reach(caller.visitor),
    asOf: asOfOf(caller),
    isOpen: (one, column) =>
      offered(caller, one)?.has(column) === true && caller.rules.reachableColumns(caller.visitor, one.name, 'read').has(column),
  }
  const answer =
    text === null
      ? await askView(caller, ground, await viewOf(caller, table, parameters), preferences, parameters.get('$skiptoken'))
      : { result: await readAs(caller, (tx) => runFetch(tx, ground, parseFetch(text))), skipToken: undefined }
  const { result, skipToken } = answer
  if (result.table.name !== table.name) throw ofAnotherTable(result.table.name, table)
  const applied = preferencesApplied(preferences, new Set(['annotations']))
  const parts = members(caller, preferences, result)
  if (skipToken !== undefined) parts.push(`"@odata.nextLink":${JSON.stringify(nextLink(caller, call, parameters, skipToken))}`)
  return jsonAnswer(`{${parts.join(',')}}`, applied === undefined ? {} : { headers: { 'preference-applied': applied } })
}

const VIEW_PAGE_ROWS = { default: 1_000, max: 5_000 }
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** A view of the site, one's own, or one that is shared. Throws ApiRefusal `row`, `invalid`. */
async function viewOf(caller: Caller, table: TableDefinition, parameters: URLSearchParams): Promise<View> {
  const id = parameters.get('savedQuery') ?? parameters.get('userQuery') ?? ''
  const personId = holderOf(caller)
  const view = UUID.test(id) ? await caller.database.read((tx) => findView(tx, caller.views(), id, personId)) : undefined
  if (view === undefined) throw new ApiRefusal('row', 'There is no such view')
  if (view.table !== table.name) throw ofAnotherTable(view.table, table)
  return view
}

function ofAnotherTable(name: string, table: TableDefinition): ApiRefusal {
  return new ApiRefusal('invalid', `The query is of ${name}, and the address of ${table.setName}: they must be of one table`)
}

/** One page of a view. Columns that are closed to the caller are not in it. */
async function askView(
  caller: Caller,
  ground: FetchGround,
  view: View,
  preferences: Preferences,
  token: string | null,
): Promise<{ result: FetchResult; skipToken: string | undefined }> {
  const planned = planView(ground, view)
  const page = { rowsMax: Math.min(preferences.pageRows ?? VIEW_PAGE_ROWS.default, VIEW_PAGE_ROWS.max) }
  const place = token === null ? {} : { after: parseSkipToken(token, planned.query) }
  const { next, ...rows } = await readAs(caller, (tx) => runView(tx, caller.catalog, planned, { ...page, ...place }))
  return {
    result: { ...rows, table: planned.query.table, pagingCookie: undefined, pagingAnnotation: undefined, total: undefined },
    skipToken: next === undefined ? undefined : makeSkipToken(planned.query, next),
  }
}

function members(caller: Caller, preferences: Preferences, result: FetchResult): string[] {
  const names = result.columns.map((one) => nameOf(one.as, one.column))
  const parts = [`"@odata.context":${JSON.stringify(`${caller.root}$metadata#${result.table.setName}(${names.join(',')})`)}`]
  const say = (name: string, value: unknown) => {
    if (value !== undefined && wantsAnnotation(preferences, name))
      parts.push(`${JSON.stringify(`@${name}`)}:${JSON.stringify(value)}`)
  }
  say(PAGING_COOKIE, result.pagingAnnotation)
  say(MORE_RECORDS, result.moreRecords)
  say(TOTAL, result.total?.count)
  say(TOTAL_EXCEEDED, result.total?.limitExceeded)
  parts.push(`"value":[${result.rows.map((row) => rowText(caller, preferences, result, row)).join(',')}]`)
  return parts
}

function rowText(caller: Caller, preferences: Preferences, result: FetchResult, row: QueryRow): string {
  const parts: string[] = []
  for (const { as, column, kind } of result.columns) {
    const value = row[as] ?? null
    // As Dataverse: what a row does not have is left out.
    if (value === null) continue
    const name = nameOf(as, column)
    // A sum or an average of whole numbers is a decimal.
    const isFigure = kind === 'aggregate' && column.type !== 'string' && column.type !== 'memo'
    parts.push(`${JSON.stringify(name)}:${valueJson(isFigure ? undefined : column, value)}`)
    const say = (annotation: string, text: string | undefined) => {
      if (text !== undefined && wantsAnnotation(preferences, annotation))
        parts.push(`${JSON.stringify(`${name}@${annotation}`)}:${JSON.stringify(text)}`)
    }
    if (isFigure) continue
    say(FORMATTED_VALUE, formattedValue(column, value, caller.language))
    if (!isLookup(column) || column.targets.length !== 1) continue
    const [target = ''] = column.targets
    say(LOGICAL_NAME, target)
    say(NAVIGATION, navigationName(column, target))
  }
  return `{${parts.join(',')}}`
}

/** A lookup of the table itself is `_name_value`; what comes of a link keeps its alias in front: 'c.fullname'. */
function nameOf(as: string, column: ColumnDefinition): string {
  const dot = as.lastIndexOf('.')
  const [prefix, name] = dot < 0 ? ['', as] : [`${as.slice(0, dot)}.`, as.slice(dot + 1)]
  return isLookup(column) && column.name === name && prefix === '' ? `_${name}_value` : as
}
