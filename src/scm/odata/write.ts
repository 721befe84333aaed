import { required } from '#lib/assert.ts'
import type { Tx } from '#postgres/database.ts'
import { deleteRow, insertRow, updateRow } from '../domain/rows.queries.ts'
import type { Fields, WriteContext } from '../domain/rows.ts'
import type { Writer } from '../domain/writers.ts'
import { type Catalog, COMPANY_FIELD, type Entity, getField } from '../entities/catalog.ts'
import { parseBody } from './body.ts'
import { etagOf, ifMatchHolds } from './etag.ts'
import { asWrite, fail, failBody, failWrite } from './failures.ts'
import { emptyResponse, type ODataRequest, type ODataResponse } from './protocol.ts'
import { findRecord, getWritten, lockRecord } from './read.queries.ts'
import { failNoRecord, recordResponse } from './read.ts'
import { companyOf, shapeOf } from './read-plan.ts'
import { canonicalPath } from './render.ts'
import type { Key, ParsedUrl, Target } from './target.ts'

/** What a write needs beside the request. */
export type Writing = { catalog: Catalog; writers: Readonly<Record<string, Writer>>; context: WriteContext }

/** POST to a set: 201 with the record as it now is, numbers and defaults filled in. */
export async function createRecord(
  tx: Tx,
  writing: Writing,
  target: Extract<Target, { kind: 'set' }>,
  request: ODataRequest,
): Promise<ODataResponse> {
  return insert(tx, writing, target.entity, parseBody(target.entity, request), request)
}

/** POST to `Set(key)/Lines`: the new record takes the linking fields from the one it belongs to. */
export async function createRelated(
  tx: Tx,
  writing: Writing,
  target: Extract<Target, { kind: 'related' }>,
  request: ODataRequest,
  { query }: ParsedUrl,
): Promise<ODataResponse> {
  const { entity, key, navigation } = target
  if (!navigation.many) fail({ status: 405, message: `Nothing can be created behind '${navigation.name}'.` })
  const parent = await findRecord(tx, shapeOf(writing.catalog, entity, {}), key, companyOf(entity, query, request.company))
  if (parent === undefined) failNoRecord(entity.set)
  const there = required(writing.catalog.bySet.get(navigation.set), `set ${navigation.set}`)
  const links = Object.fromEntries(navigation.on.map(([hereName, thereName]) => [thereName, String(parent[hereName])]))
  return insert(tx, writing, there, { ...parseBody(there, request), ...links }, request)
}

/** PATCH and PUT: 204. The given fields are set, the others are left alone. */
export async function updateRecord(
  tx: Tx,
  writing: Writing,
  target: Extract<Target, { kind: 'record' }>,
  request: ODataRequest,
  { query }: ParsedUrl,
): Promise<ODataResponse> {
  const { entity, key } = target
  refuseReadOnly(entity)
  const given = parseBody(entity, request)
  const row = await lockMatching(tx, entity, key, request, query)
  const fields = withoutKey(entity, key, given)
  const updated = await asWrite(entity, 'Write', () => {
    const writer = writing.writers[entity.table]
    const stored = asStored(entity, fields)
    return writer === undefined ? updateRow(tx, entity.table, row.recid, stored) : writer.update(tx, row, stored, writing.context)
  })
  return emptyResponse(204, { etag: etagOf(updated) })
}

/** DELETE: 204. */
export async function deleteRecord(
  tx: Tx,
  writing: Writing,
  target: Extract<Target, { kind: 'record' }>,
  request: ODataRequest,
  { query }: ParsedUrl,
): Promise<ODataResponse> {
  const { entity, key } = target
  refuseReadOnly(entity)
  const row = await lockMatching(tx, entity, key, request, query)
  await asWrite(entity, 'Delete', () => {
    const writer = writing.writers[entity.table]
    return writer === undefined ? deleteRow(tx, entity.table, row.recid) : writer.remove(tx, row, writing.context)
  })
  return emptyResponse(204)
}

async function insert(tx: Tx, writing: Writing, entity: Entity, given: Fields, request: ODataRequest): Promise<ODataResponse> {
  refuseReadOnly(entity)
  const company = String(given[COMPANY_FIELD] || request.company)
  const writer = writing.writers[entity.table]
  const row = await asWrite(entity, 'Write', async () => {
    const stored = asStored(entity, given)
    if (writer !== undefined) return writer.insert(tx, company, stored, writing.context)
    refuseMissingKeys(entity, given)
    return insertRow(tx, entity.table, entity.perCompany ? { ...stored, [COMPANY_FIELD]: company } : stored)
  })
  const shape = shapeOf(writing.catalog, entity, {})
  const written = required(await getWritten(tx, shape, row.recid), 'the written record')
  const response = recordResponse(request, shape, { row: written, related: [] }, 201)
  response.headers.location = `${request.root}/${canonicalPath(entity, written)}`
  response.headers.etag = etagOf(written)
  return response
}

/** The row of the key, locked; refused with 412 when the client has seen another version. */
async function lockMatching(tx: Tx, entity: Entity, key: Key, request: ODataRequest, query: URLSearchParams) {
  const row = await lockRecord(tx, entity, key, companyOf(entity, query, request.company))
  if (row === undefined) failNoRecord(entity.set)
  if (!ifMatchHolds(request.headers['if-match'], row)) {
    fail({
      status: 412,
      message: 'An error has occurred.',
      inner: {
        message: `Cannot edit a record in ${entity.type}. An update conflict occurred due to another user process deleting the record or changing one or more fields in the record.`,
        type: 'Microsoft.Dynamics.Platform.Integration.Services.OData.AxODataConcurrencyException',
      },
    })
  }
  return row
}

function refuseReadOnly(entity: Entity): void {
  if (entity.readOnly) failWrite(entity, [{ level: 'Error', text: `The data entity ${entity.set} is read-only.` }])
}

function refuseMissingKeys(entity: Entity, given: Fields): void {
  const missing = entity.keys.filter((key) => key.type === 'String' && key.name !== COMPANY_FIELD && !given[key.name])
  if (missing.length > 0) {
    failWrite(
      entity,
      missing.map((key) => ({ level: 'Warning', text: `Field '${key.name}' must be filled in.` })),
    )
  }
}

/** A body may repeat the key; it may not change it. */
function withoutKey(entity: Entity, key: Key, given: Fields): Fields {
  for (const [name, value] of key) {
    const field = getField(entity, name)
    const same =
      field.type === 'DateTimeOffset' ? Date.parse(String(given[name])) === Date.parse(value) : String(given[name]) === value
    if (given[name] !== undefined && !same) failBody(`The key property '${name}' cannot be changed.`)
  }
  return Object.fromEntries(Object.entries(given).filter(([name]) => !key.has(name)))
}

/** Fields under the names they are stored by. */
function asStored(entity: Entity, fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [getField(entity, name).column ?? name, value]))
}
