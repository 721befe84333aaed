import type { ReadPage, ReadRecords, RecordKey, RecordPage, RemoteFields, RemoteRecord } from '#connector/contract.ts'
import { recordKey } from '#connector/record-key.ts'
import { conditionsOf, meets } from '#connector/where.ts'
import { AppError } from '#lib/app-error.ts'
import { isJsonObject } from '#lib/json.ts'
import { filterOf, filterOfConditions, filterOfKeys, setPath } from './addresses.ts'
import type { Answer } from './answer.ts'
import { parseExactJson } from './exact-json.ts'
import type { ErpEntity } from './metadata.ts'
import type { Transport } from './transport.ts'
import { fieldsFromErp, sameValue } from './values.ts'

/** What the ERP serves in one page at most. */
export const PAGE_ROWS_MAX = 10_000
/** Gateways cut longer addresses off. */
const FILTER_LENGTH_MAX = 3_000
const FILTER_KEYS_MAX = 60
/** Pages that one question may take before something is wrong with it. */
const PAGES_MAX = 100

type JsonRecord = Readonly<Record<string, unknown>>

/**
 * One page in the order of the key. The cursor is the ERP's own next link without its host: it is followed to where the connector is
 * told to go, never elsewhere.
 */
export async function readPage(
  transport: Transport,
  entity: ErpEntity,
  page: ReadPage,
  signal: AbortSignal,
): Promise<RecordPage> {
  if (page.range !== undefined) throw new AppError('connector.refused', 'Finance & Operations cannot be read by ranges of keys')
  const isEmpty = conditionsOf(page.where).some((one) => one.operator === 'in' && one.value.length === 0)
  if (isEmpty) return { records: [], next: undefined, total: page.count === true ? 0 : undefined }
  const path = page.after === undefined ? firstPath(entity, page) : cursorPath(entity, page.after)
  const rows = Math.min(page.rowsMax, PAGE_ROWS_MAX)
  const body = await readJson(transport, path, { prefer: `odata.maxpagesize=${rows}` }, signal)
  const count = body['@odata.count']
  const records = recordsIn(body).map((record) => recordFromErp(entity, record))
  return {
    // Over there a '*' is a wildcard.
    records: page.where === undefined ? records : records.filter((record) => meets(page.where, record.fields)),
    next: nextOf(body),
    total: count === undefined ? undefined : Number(count),
  }
}

/** Records by key, many in a request, as far as addresses may be long; side by side as far as the pace allows. */
export async function readRecords(
  transport: Transport,
  entity: ErpEntity,
  { keys, fields }: ReadRecords,
  signal: AbortSignal,
): Promise<Map<RecordKey, RemoteRecord>> {
  const wanted = new Set(keys)
  const chunks = chunked(entity, [...wanted])
  const found = await Promise.all(
    chunks.map((chunk) =>
      readAll(transport, entity, { $filter: filterOfKeys(entity, chunk), $select: selectOf(entity, fields) }, signal),
    ),
  )
  // A '*' in a key is a wildcard over there, and brings more than was asked for.
  return new Map(found.flat().flatMap((record) => (wanted.has(record.key) ? [[record.key, record] as const] : [])))
}

/** Every record with exactly these values, whole, in the order of the key. */
export async function findRecords(
  transport: Transport,
  entity: ErpEntity,
  question: { company: string | undefined; values: RemoteFields },
  signal: AbortSignal,
): Promise<RemoteRecord[]> {
  const { company, values } = question
  const records = await readAll(
    transport,
    entity,
    { $filter: filterOf(entity, company, values), $orderby: entity.keyFields.join(',') },
    signal,
  )
  return records.filter((record) => hasValues(entity, record, values))
}

/** Over there a '*' is a wildcard, and case does not count: a filter may bring more than was asked for. */
function hasValues(entity: ErpEntity, record: RemoteRecord, values: RemoteFields): boolean {
  return Object.entries(values).every(([name, value]) => sameValue(entity, name, record.fields[name], value))
}

function recordFromErp(entity: ErpEntity, record: JsonRecord): RemoteRecord {
  const fields = fieldsFromErp(entity, record)
  const modifiedAt = entity.modifiedField === undefined ? undefined : fields[entity.modifiedField]
  return {
    key: recordKey(entity.keyFields, entity.companyField, fields),
    fields,
    version: String(record['@odata.etag'] ?? ''),
    ...(typeof modifiedAt === 'string' && { modifiedAt }),
  }
}

/** The record in the body of an answer to a create or a read; undefined where it has none. */
export function recordOf(entity: ErpEntity, answer: Pick<Answer, 'body'>): RemoteRecord | undefined {
  const body = parseBody(answer.body)
  return body !== undefined && entity.keyFields.every((name) => name in body) ? recordFromErp(entity, body) : undefined
}

function firstPath(entity: ErpEntity, page: ReadPage): string {
  const conditions = conditionsOf(page.where)
  return setPath(entity, {
    $filter: [filterOf(entity, page.company, {}), filterOfConditions(entity, conditions)]
      .filter((one) => one !== '')
      .join(' and '),
    $select: selectOf(entity, [...page.fields, ...conditions.map((one) => one.field)]),
    $orderby: entity.keyFields.join(','),
    $count: page.count === true ? 'true' : undefined,
  })
}

function cursorPath(entity: ErpEntity, cursor: string): string {
  if (cursor.startsWith(`/data/${entity.name}?`)) return cursor
  throw new AppError('connector.refused', `The cursor does not belong to ${entity.name}`, { details: { entity: entity.name } })
}

async function readAll(
  transport: Transport,
  entity: ErpEntity,
  options: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<RemoteRecord[]> {
  const records: RemoteRecord[] = []
  let path: string | undefined = setPath(entity, options)
  for (let pages = 0; path !== undefined; pages++) {
    if (pages === PAGES_MAX)
      throw new AppError('connector.refused', `${entity.name} answers one question with more than ${PAGES_MAX} pages`)
    const body: JsonRecord = await readJson(transport, path, {}, signal)
    for (const record of recordsIn(body)) records.push(recordFromErp(entity, record))
    const next = nextOf(body)
    path = next === undefined ? undefined : cursorPath(entity, next)
  }
  return records
}

async function readJson(
  transport: Transport,
  path: string,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<JsonRecord> {
  const answer = await transport.read({ method: 'GET', path, headers }, signal)
  if (answer === undefined) throw new AppError('connector.refused', `The ERP has nothing at ${path.split('?', 1)[0]}`)
  const body = parseBody(answer.body)
  if (body !== undefined) return body
  throw new AppError('connector.unavailable', 'The ERP answered with something that is not data', {
    details: { afterMs: undefined },
  })
}

function parseBody(text: string): JsonRecord | undefined {
  try {
    const body = parseExactJson(text)
    return isJsonObject(body) ? body : undefined
  } catch {
    return undefined
  }
}

function recordsIn(body: JsonRecord): JsonRecord[] {
  return Array.isArray(body.value) ? body.value.filter((one) => isJsonObject(one)) : []
}

/** Of `https://host/data/Set?…` the part from `/data/` on: behind a gateway the host in it may not be the one that answers. */
function nextOf(body: JsonRecord): string | undefined {
  const link = body['@odata.nextLink']
  if (typeof link !== 'string') return undefined
  const at = link.indexOf('/data/')
  if (at >= 0) return link.slice(at)
  throw new AppError('connector.refused', 'The ERP names a next page that is not below /data')
}

function selectOf(entity: ErpEntity, fields: readonly string[]): string {
  const modified = entity.modifiedField === undefined ? [] : [entity.modifiedField]
  return [...new Set([...entity.keyFields, ...fields, ...modified])].join(',')
}

function chunked(entity: ErpEntity, keys: readonly RecordKey[]): RecordKey[][] {
  const chunks: RecordKey[][] = []
  let length = Number.POSITIVE_INFINITY
  for (const key of keys) {
    const size = encodeURIComponent(filterOfKeys(entity, [key])).length + ' or '.length * 3
    if (length + size > FILTER_LENGTH_MAX || (chunks.at(-1)?.length ?? 0) >= FILTER_KEYS_MAX) {
      chunks.push([])
      length = 0
    }
    chunks.at(-1)?.push(key)
    length += size
  }
  return chunks
}
