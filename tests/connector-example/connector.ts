import type {
  Capabilities,
  Connector,
  EntityDescription,
  FieldType,
  GroupOutcome,
  ReadPage,
  RecordKey,
  RecordWrite,
  RemoteFields,
  RemoteRecord,
  WriteGroup,
  WriteOutcome,
} from '../../src/connector/contract.ts'
import { recordKey } from '../../src/connector/record-key.ts'
import { meets } from '../../src/connector/where.ts'
import { AppError } from '../../src/lib/app-error.ts'

// The worked example of docs/connector-guide.md: the smallest ERP there can be, one JSON document that holds everything.

/** What stands between connector and document. A real connector has HTTP here. */
export type DocumentStore = {
  read(signal: AbortSignal): Promise<string>
  /** The whole document at once, or not at all. */
  write(text: string, signal: AbortSignal): Promise<void>
}

export type JsonDocument = {
  entities: Record<string, JsonEntity>
  records: Record<string, { fields: Record<string, RemoteFields[string]>; version: number }[]>
  /** Counts versions and numbers that the ERP gives. */
  counter: number
}
export type JsonEntity = {
  keyFields: string[]
  companyField?: string
  /** This key field gets a number where a create leaves it out. */
  numbered?: string
  /** Values of this field must be a key value of that entity. */
  references?: Record<string, { entity: string; field: string }>
  fields: Record<string, FieldType>
}

export function createJsonConnector(store: DocumentStore): Connector {
  const inTurn = createTurns()
  return {
    name: 'json-example',
    capabilities: CAPABILITIES,
    async describe(signal) {
      return Object.entries((await read(store, signal)).entities).map(([name, entity]) => descriptionOf(name, entity))
    },
    readPage: async (page, signal) => pageOf(await read(store, signal), page),
    async readRecords({ entity, keys, fields }, signal) {
      const wanted = new Set(keys)
      const records = recordsOf(await read(store, signal), entity, fields).filter((record) => wanted.has(record.key))
      return new Map(records.map((record) => [record.key, record]))
    },
    // Who reads the document, changes it and writes it must be alone meanwhile.
    writeGroup: (group, signal) => inTurn(() => writeGroup(store, group, signal)),
    async registerEvents() {
      throw new AppError('connector.refused', 'A document posts no events')
    },
    parseEvent() {
      throw new AppError('connector.bad_event', 'A document posts no events')
    },
    async ping(signal) {
      await read(store, signal)
    },
  }
}

const CAPABILITIES: Capabilities = {
  events: false,
  changes: false,
  atomicGroups: true,
  deletes: true,
  versions: true,
  filters: ['eq', 'ne', 'gt', 'ge', 'lt', 'le', 'in'],
  ranges: false,
  hashes: false,
  modifiedTime: false,
  pageRowsMax: 1_000,
}

/** Reads throw: `unavailable` is worth another try, `refused` is not. An abort is thrown as it is. */
async function read(store: DocumentStore, signal: AbortSignal): Promise<JsonDocument> {
  signal.throwIfAborted()
  try {
    return JSON.parse(await store.read(signal)) as JsonDocument
  } catch (cause) {
    signal.throwIfAborted()
    throw new AppError('connector.unavailable', 'The document cannot be read now', { cause, details: {} })
  }
}

/** Writes answer: all outcomes are `applied`, or all say why not. */
async function writeGroup(store: DocumentStore, group: WriteGroup, signal: AbortSignal): Promise<GroupOutcome> {
  const same = (outcome: WriteOutcome) => group.writes.map(() => outcome)
  let document: JsonDocument
  try {
    document = await read(store, signal)
  } catch (error) {
    signal.throwIfAborted()
    return same({ kind: 'retry', afterMs: undefined, reason: (error as Error).message })
  }
  const outcomes: Applied[] = []
  for (const write of group.writes) {
    const outcome = apply(document, write, group.attempt, outcomes)
    // The changed document is dropped: nothing of the group has happened.
    if (outcome.kind !== 'applied') return same(outcome)
    outcomes.push(outcome)
  }
  try {
    await store.write(JSON.stringify(document), signal)
    return outcomes
  } catch {
    signal.throwIfAborted()
    // Written or not? The next attempt looks.
    return same({ kind: 'retry', afterMs: undefined, reason: 'The document could not be written' })
  }
}

type Applied = Extract<WriteOutcome, { kind: 'applied' }>
type Create = Extract<RecordWrite, { operation: 'create' }>

function apply(document: JsonDocument, write: RecordWrite, attempt: number, earlier: readonly Applied[]): WriteOutcome {
  const entity = document.entities[write.entity]
  if (entity === undefined) return rejected(`The document has no entity ${write.entity}.`)
  const rows = rowsOf(document, write.entity)
  if (write.operation === 'create') return create(document, entity, write, attempt, earlier)
  const at = rows.findIndex((row) => keyOf(entity, row.fields) === write.key)
  const row = rows[at]
  if (write.operation === 'delete') {
    if (row !== undefined) rows.splice(at, 1)
    return { kind: 'applied', key: write.key, version: undefined, fields: undefined }
  }
  if (row === undefined || (write.ifVersion !== undefined && write.ifVersion !== String(row.version))) return { kind: 'conflict' }
  const problem = problemWith(document, entity, write.fields)
  if (problem !== undefined) return rejected(problem)
  Object.assign(row, { fields: { ...row.fields, ...write.fields }, version: ++document.counter })
  return applied(entity, row)
}

function create(
  document: JsonDocument,
  entity: JsonEntity,
  write: Create,
  attempt: number,
  earlier: readonly Applied[],
): WriteOutcome {
  const rows = rowsOf(document, write.entity)
  const parent = write.parent === undefined ? {} : (earlier[write.parent.index]?.fields ?? {})
  const links = Object.entries(write.parent?.fields ?? {}).map(([own, theirs]) => [own, parent[theirs] ?? null] as const)
  const company = entity.companyField === undefined ? {} : { [entity.companyField]: write.company ?? null }
  const fields = { ...company, ...write.fields, ...Object.fromEntries(links) }
  if (attempt > 1) {
    // What an earlier attempt has left, whose answer was lost.
    const wanted = { ...company, ...write.findBy, ...Object.fromEntries(links) }
    const found = rows.find((row) => Object.entries(wanted).every(([name, value]) => row.fields[name] === value))
    if (found !== undefined) return applied(entity, found)
  }
  const problem = problemWith(document, entity, fields)
  if (problem !== undefined) return rejected(problem)
  if (entity.numbered !== undefined) fields[entity.numbered] ??= `N${++document.counter}`
  const key = keyOf(entity, fields)
  if (rows.some((row) => keyOf(entity, row.fields) === key)) return rejected(`There is a record ${key} already.`)
  const row = { fields, version: ++document.counter }
  rows.push(row)
  return applied(entity, row)
}

function rowsOf(document: JsonDocument, entity: string): JsonDocument['records'][string] {
  document.records[entity] ??= []
  return document.records[entity]
}

function problemWith(document: JsonDocument, entity: JsonEntity, fields: RemoteFields): string | undefined {
  for (const [name, value] of Object.entries(fields)) {
    if (entity.fields[name] === undefined) return `There is no field ${name}.`
    const target = entity.references?.[name]
    if (target === undefined || value === null) continue
    const isThere = document.records[target.entity]?.some((row) => row.fields[target.field] === value)
    if (isThere !== true) return `${String(value)} is not in ${target.entity}.`
  }
  return undefined
}

function applied(entity: JsonEntity, row: { fields: RemoteFields; version: number }): Applied {
  return { kind: 'applied', key: keyOf(entity, row.fields), version: String(row.version), fields: row.fields }
}

function rejected(message: string): WriteOutcome {
  return { kind: 'rejected', code: 'json_example.refused', message }
}

/** In the order of the key; the cursor is the last key, so that it survives anything. */
function pageOf(document: JsonDocument, page: ReadPage) {
  if (page.range !== undefined) throw new AppError('connector.refused', 'A document is not read by ranges')
  const company = document.entities[page.entity]?.companyField
  const all = recordsOf(document, page.entity, undefined)
    .filter((record) => page.company === undefined || company === undefined || record.fields[company] === page.company)
    .filter((record) => meets(page.where, record.fields))
  const rest = all.filter((record) => page.after === undefined || record.key > page.after)
  const records = rest.slice(0, page.rowsMax)
  const next = rest.length > records.length ? records.at(-1)?.key : undefined
  return { records, next, total: page.count === true ? all.length : undefined }
}

function recordsOf(document: JsonDocument, name: string, fields: readonly string[] | undefined): RemoteRecord[] {
  const entity = document.entities[name]
  if (entity === undefined) throw new AppError('connector.refused', `The document has no entity ${name}`)
  const wanted = fields === undefined ? Object.keys(entity.fields) : [...entity.keyFields, ...fields]
  return (document.records[name] ?? [])
    .map((row) => ({
      key: keyOf(entity, row.fields),
      fields: Object.fromEntries(wanted.map((field) => [field, row.fields[field] ?? null])),
      version: String(row.version),
    }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
}

function keyOf(entity: JsonEntity, fields: RemoteFields): RecordKey {
  return recordKey(entity.keyFields, entity.companyField, fields)
}

function descriptionOf(name: string, entity: JsonEntity): EntityDescription {
  const fields = Object.entries(entity.fields).map(
    ([field, type]) => [field, { type, nullable: !entity.keyFields.includes(field), enumMembers: [] }] as const,
  )
  return { name, keyFields: entity.keyFields, fields: new Map(fields), companyField: entity.companyField }
}

/** One after the other, also after one that failed. */
function createTurns(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const turn = last.then(work)
    last = turn.catch(() => undefined)
    return turn
  }
}
