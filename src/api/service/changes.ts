import type { Tx } from '#postgres/database.ts'
import type { TableDefinition } from '#tables/definition.ts'
import { isEverything, rowsOf } from '#tables/predicate.ts'
import { cursorOf } from '#tables/query.ts'
import type { RowTree } from '#tables/row-query.ts'
import { listRowTrees } from '#tables/rows.queries.ts'
import {
  countTrackedChanges,
  knowsSnapshot,
  listTrackedChanges,
  readSnapshot,
  TRACKED_DAYS,
  type TrackedChange,
  trackTable,
} from '#tables/tracking.queries.ts'
import type { RowsAddress } from '../protocol/address.ts'
import { type ApiAnswer, type ApiCall, jsonAnswer } from '../protocol/call.ts'
import { parsePreferences, preferencesApplied } from '../protocol/preferences.ts'
import { ApiRefusal } from '../protocol/refusals.ts'
import { makeSkipToken } from '../query/skip-token.ts'
import { type Caller, readAs, requireRight } from './caller.ts'
import { queryText, renderingOf } from './expand-links.ts'
import { contextOf, nextLink, questionOf, versioned } from './read.ts'
import { rowJson } from './render.ts'

const COUNT_MAX = 100_000
/** In front of a `$skiptoken` of ours. */
const FIRST_READING = 't.'
const CHANGES = 'c.'

/** Whether a GET follows changes: it begins to (`Prefer: odata.track-changes`), goes on, or asks what has changed since. */
export function wantsChanges(caller: Caller, call: ApiCall, address: RowsAddress): boolean {
  if (caller.dialect !== 'data' || address.key !== undefined) return false
  const parameters = new URLSearchParams(call.query)
  const skipToken = parameters.get('$skiptoken') ?? ''
  return (
    parameters.has('$deltatoken') ||
    skipToken.startsWith(FIRST_READING) ||
    skipToken.startsWith(CHANGES) ||
    (address.tail.kind === 'rows' && parsePreferences(call.headers.prefer).trackChanges)
  )
}

/**
 * The whole set with a delta link, or what has changed since one was given: rows that are new or different, then those that are gone.
 * For callers who may read every row: who may read only some would learn of others by their leaving.
 */
export async function readChanges(caller: Caller, call: ApiCall, address: RowsAddress): Promise<ApiAnswer> {
  const { table } = address
  requireRight(caller, table, 'read')
  const parameters = new URLSearchParams(call.query)
  refuseOthers(parameters)
  if (!isEverything(caller.rules.predicate(caller.visitor, table.name, 'read')))
    throw new ApiRefusal('access', `Changes of ${table.setName} can be followed by callers who may read every row of it`)
  const skipToken = parameters.get('$skiptoken')
  if (parameters.has('$deltatoken') || skipToken?.startsWith(CHANGES) === true)
    return readDelta(caller, call, address, parameters, parsePlace(table, parameters.get('$deltatoken') ?? skipToken ?? ''))
  if (skipToken !== null) {
    const [, token = '', ...inner] = skipToken.split('.')
    parameters.set('$skiptoken', inner.join('.'))
    return readWhole(caller, call, table, parameters, parsePlace(table, token))
  }
  await caller.database.transaction((tx) => trackTable(tx, table))
  const since = await caller.database.read(readSnapshot)
  return readWhole(caller, call, table, parameters, { since, atMs: caller.clock.nowMs() })
}

function refuseOthers(parameters: URLSearchParams): void {
  for (const name of ['$filter', '$orderby', '$expand', '$top', '$apply', '$count'])
    if (parameters.has(name))
      throw new ApiRefusal('invalid', `The "${name}" query parameter isn't supported when Change Tracking is enabled.`)
}

/** The snapshot that a follower remembers, and when it was made; in the middle of changes also where to go on, and up to where. */
type Place = { since: string; atMs: number; until?: Place; after?: TrackedChange }

async function readWhole(
  caller: Caller,
  call: ApiCall,
  table: TableDefinition,
  parameters: URLSearchParams,
  place: Place,
): Promise<ApiAnswer> {
  const predicate = caller.rules.predicate(caller.visitor, table.name, 'read')
  const { answerable, preferences } = questionOf(caller, { ...call, query: parameters.toString() }, table, predicate)
  const query = versioned(answerable.query)
  const rows = await readAs(caller, (tx) => listRowTrees(tx, caller.catalog, { ...query, rowsMax: answerable.pageRows + 1 }))
  const shown = rows.slice(0, answerable.pageRows)
  const last = shown.at(-1)
  const rendering = renderingOf(caller, preferences, { expand: undefined, text: null })
  const token = makePlace(table, place)
  const link =
    rows.length > shown.length && last !== undefined
      ? {
          name: 'nextLink',
          href: nextLink(caller, call, parameters, `${FIRST_READING}${token}.${makeSkipToken(query, cursorOf(query, last))}`),
        }
      : { name: 'deltaLink', href: deltaLink(caller, table, parameters, token) }
  const parts = [
    `"@odata.context":${JSON.stringify(contextOf(caller, table, answerable.shape))}`,
    `"@odata.${link.name}":${JSON.stringify(link.href)}`,
    `"value":[${shown.map((row) => rowJson(rendering, answerable.shape, row)).join(',')}]`,
  ]
  return changesAnswer(parts, call)
}

async function readDelta(
  caller: Caller,
  call: ApiCall,
  address: RowsAddress,
  parameters: URLSearchParams,
  place: Place,
): Promise<ApiAnswer> {
  const { table } = address
  if (place.atMs < caller.clock.nowMs() - TRACKED_DAYS * 86_400_000) throw tooOld()
  for (const name of ['$deltatoken', '$skiptoken']) parameters.delete(name)
  const predicate = caller.rules.predicate(caller.visitor, table.name, 'read')
  const { answerable, preferences } = questionOf(caller, { ...call, query: parameters.toString() }, table, predicate)
  const page = { table: table.name, since: place.since }
  const found = await caller.database.read(async (tx) => {
    await requireKnown(tx, place.since)
    const until = place.until ?? { since: await readSnapshot(tx), atMs: caller.clock.nowMs() }
    if (address.tail.kind === 'count')
      return { until, count: await countTrackedChanges(tx, { ...page, rowsMax: COUNT_MAX }), changes: [] }
    const changes = await listTrackedChanges(tx, { ...page, after: place.after, rowsMax: answerable.pageRows + 1 })
    return { until, count: undefined, changes }
  })
  if (found.count !== undefined)
    return { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: String(found.count) }
  const shown = found.changes.slice(0, answerable.pageRows)
  const ids = shown.filter((one) => !one.isDeleted).map((one) => one.rowId)
  // Read after the snapshot to remember: what changes in between is told again next time, and never lost.
  const query = { ...versioned(answerable.query), predicate: rowsOf(table, predicate, ids), rowsMax: Math.max(ids.length, 1) }
  const rows = ids.length === 0 ? [] : await readAs(caller, (tx) => listRowTrees(tx, caller.catalog, query))
  const byId = new Map(rows.map((row: RowTree) => [String(row[table.idColumn]), row]))
  const rendering = renderingOf(caller, preferences, { expand: undefined, text: null })
  const items = shown.flatMap((one) => {
    const row = byId.get(one.rowId)
    if (row !== undefined) return [rowJson(rendering, answerable.shape, row)]
    return one.isDeleted ? [deletedJson(caller, table, one.rowId)] : []
  })
  const last = shown.at(-1)
  const link =
    found.changes.length > shown.length && last !== undefined
      ? {
          name: 'nextLink',
          href: nextLink(
            caller,
            call,
            parameters,
            `${CHANGES}${makePlace(table, { ...place, until: found.until, after: last })}`,
          ),
        }
      : { name: 'deltaLink', href: deltaLink(caller, table, parameters, makePlace(table, found.until)) }
  const parts = [
    `"@odata.context":${JSON.stringify(`${contextOf(caller, table, answerable.shape)}/$delta`)}`,
    `"@odata.${link.name}":${JSON.stringify(link.href)}`,
    `"value":[${items.join(',')}]`,
  ]
  return changesAnswer(parts, call)
}

function changesAnswer(parts: readonly string[], call: ApiCall): ApiAnswer {
  const preferences = parsePreferences(call.headers.prefer)
  const applied = preferencesApplied(preferences, new Set(['annotations', 'pageRows', 'trackChanges']))
  return jsonAnswer(`{${parts.join(',')}}`, applied === undefined ? {} : { headers: { 'preference-applied': applied } })
}

function deletedJson(caller: Caller, table: TableDefinition, id: string): string {
  return JSON.stringify({ '@odata.context': `${caller.root}$metadata#${table.setName}/$deletedEntity`, id, reason: 'deleted' })
}

function deltaLink(caller: Caller, table: TableDefinition, parameters: URLSearchParams, token: string): string {
  const select = parameters.get('$select')
  const link = new URLSearchParams([...(select === null ? [] : [['$select', select]]), ['$deltatoken', token]] as [
    string,
    string,
  ][])
  return `${caller.root}${table.setName}?${queryText(link)}`
}

function makePlace(table: TableDefinition, place: Place): string {
  return Buffer.from(JSON.stringify([table.name, place])).toString('base64url')
}

function parsePlace(table: TableDefinition, token: string): Place {
  const text = token.startsWith(CHANGES) ? token.slice(CHANGES.length) : token
  let content: unknown
  try {
    content = JSON.parse(Buffer.from(text, 'base64url').toString())
  } catch {
    throw badToken()
  }
  if (!Array.isArray(content) || content.length !== 2 || content[0] !== table.name || !isPlace(content[1])) throw badToken()
  return content[1]
}

function isPlace(value: unknown): value is Place {
  if (typeof value !== 'object' || value === null) return false
  const { since, atMs, until, after, ...rest } = value as Partial<Record<keyof Place, unknown>>
  const isAfter = (one: unknown) => {
    const { rowId, isDeleted } = (one ?? {}) as Partial<TrackedChange>
    return typeof rowId === 'string' && UUID.test(rowId) && typeof isDeleted === 'boolean'
  }
  return (
    typeof since === 'string' &&
    SNAPSHOT.test(since) &&
    typeof atMs === 'number' &&
    (until === undefined || isPlace(until)) &&
    (after === undefined || isAfter(after)) &&
    Object.keys(rest).length === 0
  )
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const SNAPSHOT = /^\d{1,19}:\d{1,19}:(?:\d{1,19}(?:,\d{1,19}){0,5000})?$/

async function requireKnown(tx: Tx, snapshot: string): Promise<void> {
  if (!(await knowsSnapshot(tx, snapshot))) throw tooOld()
}

function badToken(): ApiRefusal {
  return new ApiRefusal('invalid', 'The token is not one that this set gave; begin again with Prefer: odata.track-changes')
}

function tooOld(): ApiRefusal {
  return new ApiRefusal(
    'delta_gone',
    `The delta token is older than ${TRACKED_DAYS} days, or of another database; begin again with Prefer: odata.track-changes`,
  )
}
