import { parseQueryOptions, SYSTEM_OPTIONS } from '#lib/odata/parse-options.ts'
import type { Tx } from '#postgres/database.ts'
import type { TableDefinition } from '#tables/definition.ts'
import { type RowPredicate, rowOf } from '#tables/predicate.ts'
import { cursorOf } from '#tables/query.ts'
import type { Expand, RowQuery, RowTree } from '#tables/row-query.ts'
import { countRows, listRows, listRowTrees, type RowId } from '#tables/rows.queries.ts'
import { isTypeColumn, propertyName } from '../metadata/model.ts'
import { type RowsAddress, unknownResource } from '../protocol/address.ts'
import { type ApiAnswer, type ApiCall, emptyAnswer, jsonAnswer } from '../protocol/call.ts'
import { etagOf, parseEtag } from '../protocol/etag.ts'
import { type Preferences, parsePreferences, preferencesApplied } from '../protocol/preferences.ts'
import { ApiRefusal, printable } from '../protocol/refusals.ts'
import type { Answerable, Shape } from '../query/question.ts'
import { makeSkipToken } from '../query/skip-token.ts'
import { toRowQuery } from '../query/to-row-query.ts'
import { asOfOf, type Caller, noSuchRow, offered, readAs } from './caller.ts'
import { queryText, renderingOf } from './expand-links.ts'
import { findFirst, type Located, locate } from './locate.ts'
import { rowJson, shapeText } from './render.ts'
import { valueJson } from './values.ts'

/** A count stops here: whoever needs more needs a report. */
const COUNT_MAX: Readonly<Record<Caller['dialect'], number>> = { data: 100_000, portal: 5_000 }
const PAGE_ROWS = { data: { default: 1_000, max: 5_000 }, portal: { default: 100, max: 1_000 } } as const
const COLLECTION_DEPTH_MAX = { data: 4, portal: 1 } as const

const OPTIONS: ReadonlySet<string> = new Set([...SYSTEM_OPTIONS, '$apply', '$skiptoken', '$deltatoken'])

/** GET of rows, a row, a count, a reference or a property. */
export function readAddress(caller: Caller, call: ApiCall, address: RowsAddress): Promise<ApiAnswer> {
  return readAs(caller, async (tx) => {
    const located = await locate(tx, caller, address)
    const answer = await readLocated(tx, caller, call, address, located)
    if (answer !== undefined) return answer
    if (located.root !== undefined) {
      // An address goes over a row that is not there, or over a lookup that points nowhere.
      if ((await findFirst(tx, caller, located.root)) === undefined) throw noSuchRow(located.root.table)
      return emptyAnswer()
    }
    throw noSuchRow(
      located.table,
      address.key?.kind === 'value' && address.key.literal.type === 'guid' ? address.key.literal.value : undefined,
    )
  })
}

async function readLocated(
  tx: Tx,
  caller: Caller,
  call: ApiCall,
  address: RowsAddress,
  located: Located,
): Promise<ApiAnswer | undefined> {
  const { tail } = address
  if (tail.kind === 'count') return countLocated(tx, caller, call, located)
  if (tail.kind === 'property') return readProperty(tx, caller, located, tail)
  if (tail.kind === 'ref') return readReferences(tx, caller, located)
  if (located.single) {
    const read = await readSingle(tx, caller, call, located.table, located.predicate)
    return read === undefined ? undefined : conditional(call, read)
  }
  return readSet(tx, caller, call, located)
}

/** What the address's query asks of the table, with its own predicate in place of the caller's whole one. */
export function questionOf(
  caller: Caller,
  call: Pick<ApiCall, 'query' | 'headers'>,
  table: TableDefinition,
  predicate: RowPredicate,
  more: { pageRows?: number } = {},
): { answerable: Answerable; preferences: Preferences; parameters: URLSearchParams } {
  const parameters = new URLSearchParams(call.query)
  // What is passed over would give the caller other rows than he has asked for.
  for (const name of parameters.keys())
    if (name.startsWith('$') && !OPTIONS.has(name))
      throw new ApiRefusal('invalid', `The query option ${printable(name)} is not supported`)
  const preferences = parsePreferences(call.headers.prefer)
  const limits = PAGE_ROWS[caller.dialect]
  const answerable = toRowQuery({
    catalog: caller.catalog,
    permissions: caller.rules,
    visitor: caller.visitor,
    table,
    options: parseQueryOptions(parameters),
    dialect: {
      offered: (one) => namedColumns(caller, one),
      pageRowsDefault: limits.default,
      pageRowsMax: limits.max,
      collectionDepthMax: COLLECTION_DEPTH_MAX[caller.dialect],
    },
    asOf: asOfOf(caller),
    ...(preferences.pageRows === undefined ? {} : { pageRows: preferences.pageRows }),
    ...more,
    named: preferences.annotations.length > 0,
  })
  return { answerable: { ...answerable, query: { ...answerable.query, predicate } }, preferences, parameters }
}

/** Columns that a query may name: the table that a customer points to is told by annotations. */
function namedColumns(caller: Caller, table: TableDefinition): ReadonlySet<string> | undefined {
  const open = offered(caller, table)
  if (open === undefined) return undefined
  return new Set(
    [...table.columns.values()].filter((one) => open.has(one.name) && !isTypeColumn(table, one)).map((one) => one.name),
  )
}

/** One row of a table by its id, as a body; undefined when the caller may not read it. */
export async function readOne(
  tx: Tx,
  caller: Caller,
  { call, table, id }: { call: Pick<ApiCall, 'query' | 'headers'>; table: TableDefinition; id: RowId },
): Promise<ApiAnswer | undefined> {
  const predicate = rowOf(table, caller.rules.predicate(caller.visitor, table.name, 'read'), id)
  return readSingle(tx, caller, call, table, predicate)
}

async function readSingle(
  tx: Tx,
  caller: Caller,
  call: Pick<ApiCall, 'query' | 'headers'>,
  table: TableDefinition,
  predicate: RowPredicate,
): Promise<ApiAnswer | undefined> {
  // The lists inside one row may be as long as those of a whole page together.
  const { answerable, preferences, parameters } = questionOf(caller, call, table, predicate, { pageRows: 1 })
  for (const name of ['$filter', '$orderby', '$top', '$count', '$apply', '$skiptoken'])
    if (parameters.has(name)) throw new ApiRefusal('invalid', `${name} asks of many rows; this address names one`)
  const { after: _none, ...query } = answerable.query
  const [row] = await listRowTrees(tx, caller.catalog, { ...versioned(query), rowsMax: 1 })
  if (row === undefined) return undefined
  const rendering = renderingOf(caller, preferences, { expand: answerable.query.expand, text: parameters.get('$expand') })
  const context = `${contextOf(caller, table, answerable.shape)}/$entity`
  const body = `{"@odata.context":${JSON.stringify(context)},${rowJson(rendering, answerable.shape, row).slice(1)}`
  const applied = preferencesApplied(preferences, new Set(['annotations']))
  const headers: Record<string, string> = { etag: etagOf(Number(row.versionnumber ?? 0)) }
  if (applied !== undefined) headers['preference-applied'] = applied
  return jsonAnswer(body, { headers })
}

/** 304 where the client has this version already: it would not hold for rows inside the row, nor for what they are called. */
function conditional(call: ApiCall, read: ApiAnswer): ApiAnswer {
  const known = parseEtag(call.headers['if-none-match'], 'If-None-Match')
  if (known === undefined || known === '*') return read
  if (new URLSearchParams(call.query).has('$expand') || parsePreferences(call.headers.prefer).annotations.length > 0) return read
  return read.headers.etag === etagOf(known) ? emptyAnswer({ etag: etagOf(known) }, 304) : read
}

async function readSet(tx: Tx, caller: Caller, call: ApiCall, located: Located): Promise<ApiAnswer | undefined> {
  const { table, predicate } = located
  const { answerable, preferences, parameters } = questionOf(caller, call, table, predicate)
  const { shape, pageRows } = answerable
  const query = shape.kind === 'rows' ? versioned(answerable.query) : answerable.query
  // One more than is shown tells whether there is a next page.
  const limited = { ...query, rowsMax: pageRows + 1 }
  const rows: readonly RowTree[] =
    pageRows === 0
      ? []
      : shape.kind === 'rows'
        ? await listRowTrees(tx, caller.catalog, limited)
        : await listRows(tx, caller.catalog, limited)
  if (rows.length === 0 && located.root !== undefined && (await findFirst(tx, caller, located.root)) === undefined)
    return undefined
  const rendering = renderingOf(caller, preferences, { expand: answerable.query.expand, text: parameters.get('$expand') })
  const shown = rows.slice(0, pageRows)
  const parts = [`"@odata.context":${JSON.stringify(contextOf(caller, table, shape))}`]
  if (answerable.count) parts.push(`"@odata.count":${await countOf(tx, caller, query)}`)
  parts.push(`"value":[${shown.map((row) => rowJson(rendering, shape, row)).join(',')}]`)
  const last = shown.at(-1)
  if (rows.length > pageRows && answerable.pages && last !== undefined)
    parts.push(
      `"@odata.nextLink":${JSON.stringify(nextLink(caller, call, parameters, makeSkipToken(query, cursorOf(query, last))))}`,
    )
  const applied = preferencesApplied(preferences, new Set(['annotations', ...(answerable.pages ? (['pageRows'] as const) : [])]))
  return jsonAnswer(`{${parts.join(',')}}`, applied === undefined ? {} : { headers: { 'preference-applied': applied } })
}

/** The same address with the token of the next page. Spaces are %20: clients take the link apart. */
export function nextLink(caller: Caller, call: ApiCall, parameters: URLSearchParams, token: string): string {
  const next = new URLSearchParams(parameters)
  next.set('$skiptoken', token)
  return `${caller.root}${call.path.replace(/^\/+/, '')}?${queryText(next)}`
}

async function countLocated(tx: Tx, caller: Caller, call: ApiCall, located: Located): Promise<ApiAnswer | undefined> {
  const { answerable } = questionOf(caller, call, located.table, located.predicate)
  const count = await countOf(tx, caller, answerable.query)
  if (count === 0 && located.root !== undefined && (await findFirst(tx, caller, located.root)) === undefined) return undefined
  return { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: String(count) }
}

/** Rows that match, whatever is shown of them and with them. */
function countOf(tx: Tx, caller: Caller, query: RowQuery): Promise<number> {
  const { expand: _expand, after: _after, orderBy: _orderBy, columns: _columns, ...matching } = query
  return countRows(tx, caller.catalog, { ...matching, rowsMax: COUNT_MAX[caller.dialect] })
}

async function readReferences(tx: Tx, caller: Caller, { table, predicate, single }: Located): Promise<ApiAnswer | undefined> {
  const query = { table, columns: [table.idColumn], predicate, rowsMax: single ? 1 : PAGE_ROWS[caller.dialect].max }
  const rows = await listRows(tx, caller.catalog, query)
  const identity = (row: RowTree) => ({ '@odata.id': `${caller.root}${table.setName}(${row[table.idColumn]})` })
  const [first] = rows
  if (!single) {
    const context = `${caller.root}$metadata#Collection($ref)`
    return jsonAnswer(JSON.stringify({ '@odata.context': context, value: rows.map(identity) }))
  }
  if (first === undefined) return undefined
  return jsonAnswer(JSON.stringify({ '@odata.context': `${caller.root}$metadata#$ref`, ...identity(first) }))
}

async function readProperty(
  tx: Tx,
  caller: Caller,
  { table, predicate }: Located,
  { column, raw }: Extract<RowsAddress['tail'], { kind: 'property' }>,
): Promise<ApiAnswer | undefined> {
  const open = offered(caller, table)?.has(column.name) === true
  if (!open || !caller.rules.reachableColumns(caller.visitor, table.name, 'read').has(column.name))
    throw unknownResource(propertyName(column))
  const [row] = await listRows(tx, caller.catalog, { table, columns: [column.name], predicate, rowsMax: 1 })
  if (row === undefined) return undefined
  const value = row[column.name] ?? null
  if (value === null) return emptyAnswer()
  if (raw) return { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: String(value) }
  const name = propertyName(column)
  const context = `${caller.root}$metadata#${table.setName}(${row[table.idColumn]})/${name}`
  return jsonAnswer(`{"@odata.context":${JSON.stringify(context)},"value":${valueJson(column, value)}}`)
}

export function contextOf(caller: Caller, table: TableDefinition, shape: Shape): string {
  return `${caller.root}$metadata#${table.setName}(${shapeText(shape)})`
}

/** The version is read with every row, as its etag, and what a list inside is sorted by, to go on from its last row. */
export function versioned(query: RowQuery): RowQuery {
  const expand = query.expand?.map(versionedExpand)
  return { ...query, columns: withColumns(query.columns, [VERSION]), ...(expand === undefined ? {} : { expand }) }
}

const VERSION = 'versionnumber'

function versionedExpand(one: Expand): Expand {
  const table = one.via.kind === 'lookup' ? one.via.target : one.via.table
  const sorted = (one.orderBy ?? []).map((order) => order.column)
  const inside = one.expand?.map(versionedExpand)
  const columns = withColumns(one.columns, [VERSION, table.idColumn, ...sorted])
  return { ...one, columns, ...(inside === undefined ? {} : { expand: inside }) }
}

function withColumns(columns: readonly string[], more: readonly string[]): string[] {
  return [...new Set([...columns, ...more])]
}
