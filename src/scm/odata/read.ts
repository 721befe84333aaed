import { parseQueryOptions } from '#lib/odata/parse-options.ts'
import type { Tx } from '#postgres/database.ts'
import { type Catalog, getField } from '../entities/catalog.ts'
import { fail, failNotFound, failQuery } from './failures.ts'
import { formatPageToken } from './page-token.ts'
import { jsonResponse, metadataLevel, type ODataRequest, type ODataResponse } from './protocol.ts'
import { countRows, findRecord, listPage, listRelated, type ReadRow } from './read.queries.ts'
import { companyOf, type Expand, planRead, type ReadPlan, type Shape, shapeOf } from './read-plan.ts'
import { createRenderer, type Tree } from './render.ts'
import type { ParsedUrl, Target } from './target.ts'

const EXPANDED_ROWS_MAX = 100_000

/** One page of an entity set: the rows, the count where asked, and the link to the next page where there is one. */
export async function readSet(
  tx: Tx,
  catalog: Catalog,
  target: Extract<Target, { kind: 'set' }>,
  request: ODataRequest,
  { query }: ParsedUrl,
  pageRowsMax: number,
): Promise<ODataResponse> {
  const plan = planRead(catalog, target.entity, query, request.company)
  return target.count ? readCount(tx, plan) : readPage(tx, plan, request, query, pageRowsMax)
}

export async function readRecord(
  tx: Tx,
  catalog: Catalog,
  target: Extract<Target, { kind: 'record' }>,
  request: ODataRequest,
  { query }: ParsedUrl,
): Promise<ODataResponse> {
  const { select, expand, ...others } = parseQueryOptions(query)
  if (Object.keys(others).length > 0) failQuery('Only $select and $expand are supported on a single record.')
  const shape = shapeOf(catalog, target.entity, { ...(select && { select }), ...(expand && { expand }) })
  const row = await findRecord(tx, shape, target.key, companyOf(target.entity, query, request.company))
  if (row === undefined) failNoRecord(target.entity.set)
  const [tree] = await expandRows(tx, shape, [row])
  return recordResponse(request, shape, tree ?? { row, related: [] }, 200)
}

/** The rows a record leads to, as a set of their own. */
export async function readRelated(
  tx: Tx,
  catalog: Catalog,
  target: Extract<Target, { kind: 'related' }>,
  request: ODataRequest,
  { query }: ParsedUrl,
  pageRowsMax: number,
): Promise<ODataResponse> {
  const here = shapeOf(catalog, target.entity, {})
  const row = await findRecord(tx, here, target.key, companyOf(target.entity, query, request.company))
  if (row === undefined) failNoRecord(target.entity.set)
  const there = catalog.bySet.get(target.navigation.set) ?? failNoRecord(target.navigation.set)
  const plan = planRead(catalog, there, query, request.company)
  const linked: ReadPlan = {
    ...plan,
    company: undefined,
    linked: target.navigation.on.map(([hereName, thereName]) => ({
      field: getField(there, thereName),
      value: String(row[hereName]),
    })),
  }
  if (target.count) return readCount(tx, linked)
  if (target.navigation.many) return readPage(tx, linked, request, query, pageRowsMax)
  const [related] = await listPage(tx, linked, 1)
  if (related === undefined) return { status: 204, headers: { 'odata-version': '4.0' }, body: '' }
  return recordResponse(request, linked.shape, { row: related, related: [] }, 200)
}

/** A single record as an answer, to a read or to a create. */
export function recordResponse(request: ODataRequest, shape: Shape, tree: Tree, status: number): ODataResponse {
  const level = metadataLevel(request)
  const record = createRenderer(shape, level, request.root)(tree)
  const context = `"@odata.context":${JSON.stringify(`${contextOf(request.root, shape)}/$entity`)}`
  const body = level === 'none' ? record : record === '{}' ? `{${context}}` : `{${context},${record.slice(1)}`
  return jsonResponse(status, body, level)
}

export function failNoRecord(set: string): never {
  return failNotFound(`No resource of '${set}' was found for the key in the request URI.`)
}

async function readCount(tx: Tx, plan: ReadPlan): Promise<ODataResponse> {
  const count = await countRows(tx, plan)
  return { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8', 'odata-version': '4.0' }, body: String(count) }
}

async function readPage(
  tx: Tx,
  plan: ReadPlan,
  request: ODataRequest,
  query: URLSearchParams,
  pageRowsMax: number,
): Promise<ODataResponse> {
  const level = metadataLevel(request)
  const preferred = preferredPageRows(request)
  const pageRows = Math.min(preferred ?? pageRowsMax, pageRowsMax)
  const served = plan.after?.served ?? 0
  const left = plan.top === undefined ? undefined : Math.max(plan.top - served, 0)
  const wanted = Math.min(left ?? pageRows, pageRows)
  // One more than wanted tells whether there is a next page.
  const rows = await listPage(tx, plan, wanted + 1)
  const page = rows.slice(0, wanted)
  const trees = await expandRows(tx, plan.shape, page)

  const parts: string[] = []
  if (level !== 'none') parts.push(`"@odata.context":${JSON.stringify(contextOf(request.root, plan.shape))}`)
  if (plan.count) parts.push(`"@odata.count":${await countRows(tx, plan)}`)
  parts.push(`"value":[${trees.map(createRenderer(plan.shape, level, request.root)).join(',')}]`)
  const last = page.at(-1)
  if (rows.length > wanted && last !== undefined && (left === undefined || left > wanted)) {
    const token = formatPageToken({ values: last.order, served: served + page.length })
    parts.push(`"@odata.nextLink":${JSON.stringify(nextLink(request, query, token))}`)
  }
  const response = jsonResponse(200, `{${parts.join(',')}}`, level)
  if (preferred !== undefined) response.headers['preference-applied'] = `odata.maxpagesize=${pageRows}`
  return response
}

/** `Prefer: odata.maxpagesize=n` */
function preferredPageRows(request: ODataRequest): number | undefined {
  const text = /(?:^|[,;\s])(?:odata\.)?maxpagesize\s*=\s*"?(\d{1,9})"?/i.exec(request.headers.prefer ?? '')?.[1]
  return text === undefined || Number(text) === 0 ? undefined : Number(text)
}

function nextLink(request: ODataRequest, query: URLSearchParams, token: string): string {
  const path = request.url.split('?', 1)[0] ?? ''
  const parameters = new URLSearchParams(query)
  parameters.set('$skiptoken', token)
  const text = [...parameters].map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&')
  return `${request.root}${path}?${text}`
}

function contextOf(root: string, shape: Shape): string {
  const select = shape.selected === undefined ? '' : `(${shape.selected.join(',')})`
  return `${root}/$metadata#${shape.entity.set}${select}`
}

async function expandRows(tx: Tx, shape: Shape, rows: readonly ReadRow[]): Promise<Tree[]> {
  const related = await inOrder(shape.expands, (expand) => relatedByLink(tx, expand, rows))
  return rows.map((row) => ({
    row,
    related: shape.expands.map((expand, index) => related[index]?.get(linkOf(expand, row).join('\0')) ?? []),
  }))
}

async function relatedByLink(tx: Tx, expand: Expand, rows: readonly ReadRow[]): Promise<Map<string, Tree[]>> {
  const links = new Map(rows.map((row) => [linkOf(expand, row).join('\0'), linkOf(expand, row)]))
  const byLink = new Map<string, Tree[]>()
  if (links.size === 0) return byLink
  const found = await listRelated(tx, expand, [...links.values()], EXPANDED_ROWS_MAX + 1)
  if (found.length > EXPANDED_ROWS_MAX) {
    fail({
      status: 400,
      message: `$expand of '${expand.navigation.name}' brings more than ${EXPANDED_ROWS_MAX} rows; ask for smaller pages.`,
    })
  }
  for (const row of found) {
    const link = row.order.join('\0')
    const trees = byLink.get(link) ?? []
    if (trees.length < (expand.top ?? Number.POSITIVE_INFINITY)) trees.push({ row, related: [] })
    byLink.set(link, trees)
  }
  return byLink
}

function linkOf(expand: Expand, row: ReadRow): string[] {
  return expand.navigation.on.map(([here]) => String(row[here]))
}

/** One connection serves one statement at a time: one after the other. */
async function inOrder<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  for (const item of items) results.push(await work(item))
  return results
}
