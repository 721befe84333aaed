import { randomUUID } from 'node:crypto'
import type {
  Capabilities,
  Connector,
  FieldType,
  GroupOutcome,
  RecordKey,
  RecordWrite,
  RemoteFields,
  RemoteNotice,
  RemoteRecord,
  RemoteValue,
  Selection,
  WriteGroup,
  WriteOutcome,
} from '../../src/connector/contract.ts'
import { hashRecords } from '../../src/connector/range-hash.ts'
import { recordKey } from '../../src/connector/record-key.ts'
import { meets } from '../../src/connector/where.ts'
import { AppError } from '../../src/lib/app-error.ts'

export type MemoryEntity = {
  keyFields: readonly string[]
  companyField?: string
  /** Where they are given the ERP takes no others, and describes them. */
  fields?: Readonly<Record<string, FieldType>>
  /** Why the ERP does not take a record, in a sentence. */
  refuse?(fields: RemoteFields): string | undefined
  /** This key field is numbered by the ERP when a create leaves it out. */
  numbered?: { field: string; prefix: string }
  /** Fields that the ERP works out after each write. */
  compute?(fields: Record<string, RemoteValue>): void
}

/** What goes wrong, asked for at every call. Set and cleared by tests while the engine runs. */
export type MemoryFaults = {
  /** Answers for a write: refuses it, asks for later, or applies it and loses the answer. */
  onWrite?: (write: RecordWrite) => 'reject' | 'retry' | 'lose_answer' | undefined
  /** Asked once for each group: it does not arrive, or its answer is lost. */
  onGroup?: () => 'cut' | 'lose_answer' | undefined
  /** Reads fail. */
  outage?: boolean
  /** Requests wait until nobody waits for them any more. */
  stall?: boolean
  latencyMs?: number
}

export type MemoryErp = {
  readonly connector: Connector
  readonly faults: MemoryFaults
  /** What writeGroup did to records, in order: 'create Orders …'. */
  readonly log: string[]
  put(entity: string, fields: RemoteFields): RecordKey
  change(entity: string, key: RecordKey, fields: RemoteFields): void
  remove(entity: string, key: RecordKey): void
  get(entity: string, key: RecordKey): RemoteFields | undefined
  rows(entity: string): RemoteFields[]
  /** Where notices go; undefined lets them wait, as the ERP does while the portal is away. */
  deliverTo(receive: ((body: unknown) => Promise<void>) | undefined): void
  undelivered(): number
}

const CAPABILITIES: Capabilities = {
  events: true,
  changes: true,
  atomicGroups: true,
  deletes: true,
  versions: true,
  filters: ['eq', 'ne', 'gt', 'ge', 'lt', 'le', 'in'],
  ranges: true,
  hashes: true,
  modifiedTime: false,
  pageRowsMax: 1_000,
}

const LOST: WriteOutcome = { kind: 'retry', afterMs: undefined, reason: 'The answer was lost' }

type Create = Extract<RecordWrite, { operation: 'create' }>
type Stored = { fields: Record<string, RemoteValue>; version: number }

/** Called for every change of a record, whoever made it; without fields where the record is gone. */
type OnChange = (change: {
  entity: string
  key: RecordKey
  operation: RemoteNotice['operation']
  fields: RemoteFields | undefined
}) => void

/** An ERP in memory that keeps the connector contract: numbers, versions, atomic groups, notices at least once and in order per record. */
export function createMemoryErp(entities: Readonly<Record<string, MemoryEntity>>, onChange?: OnChange): MemoryErp {
  const tables = new Map(Object.keys(entities).map((name) => [name, new Map<RecordKey, Stored>()]))
  const faults: MemoryFaults = {}
  const log: string[] = []
  const notices: RemoteNotice[] = []
  /** Every change there was, for those who ask. */
  const changes: RemoteNotice[] = []
  let receive: ((body: unknown) => Promise<void>) | undefined
  let delivering = false
  let isRegistered = false
  let numbers = 0
  let versions = 0

  const entityOf = (name: string) => {
    const entity = entities[name]
    if (entity === undefined) throw new AppError('connector.refused', `The ERP has no entity ${name}`)
    return entity
  }
  const tableOf = (name: string) => tables.get(name) ?? new Map<RecordKey, Stored>()
  /** The fields that are asked for, and those of the key in any case. */
  const recordOf = (entity: string, key: RecordKey, { fields, version }: Stored, names: readonly string[]): RemoteRecord => {
    const { keyFields, companyField } = entityOf(entity)
    const all = new Set([...names, ...keyFields, ...(companyField === undefined ? [] : [companyField])])
    return { key, fields: Object.fromEntries([...all].map((name) => [name, fields[name] ?? null])), version: String(version) }
  }

  function tell(entity: string, key: RecordKey, operation: RemoteNotice['operation']): void {
    const notice = { eventId: randomUUID(), entity, key, operation }
    changes.push(notice)
    onChange?.({ entity, key, operation, fields: tableOf(entity).get(key)?.fields })
    if (!isRegistered) return
    notices.push(notice)
    void deliver()
  }

  async function deliver(): Promise<void> {
    if (delivering) return
    delivering = true
    while (notices.length > 0 && receive !== undefined) {
      try {
        await receive(notices[0])
        notices.shift()
      } catch {
        await new Promise((done) => setTimeout(done, 20))
      }
    }
    delivering = false
  }

  function store(entity: string, key: RecordKey, fields: Record<string, RemoteValue>, operation: 'create' | 'update'): Stored {
    entityOf(entity).compute?.(fields)
    const stored = { fields, version: ++versions }
    tableOf(entity).set(key, stored)
    tell(entity, key, operation)
    return stored
  }

  function fieldsOf(write: Create, parent: RemoteFields | undefined): Record<string, RemoteValue> {
    const { companyField } = entityOf(write.entity)
    const fields: Record<string, RemoteValue> = { ...write.fields }
    if (companyField !== undefined && write.company !== undefined) fields[companyField] = write.company
    for (const [own, theirs] of Object.entries(write.parent?.fields ?? {})) fields[own] = parent?.[theirs] ?? null
    return fields
  }

  function create(write: Create, parent: RemoteFields | undefined): [RecordKey, Stored] {
    const entity = entityOf(write.entity)
    const fields = fieldsOf(write, parent)
    const { numbered } = entity
    if (numbered !== undefined && (fields[numbered.field] ?? null) === null)
      fields[numbered.field] = `${numbered.prefix}${String(++numbers).padStart(5, '0')}`
    const key = recordKey(entity.keyFields, entity.companyField, fields)
    return [key, store(write.entity, key, fields, 'create')]
  }

  /** The record that an earlier attempt has made: by what tells it apart, or by its whole key. */
  function findExisting(write: Create, parent: RemoteFields | undefined): RecordKey | undefined {
    if (Object.keys(write.findBy).length === 0) return keyThere(write, parent)
    const { companyField } = entityOf(write.entity)
    const wanted: Record<string, RemoteValue> = { ...write.findBy }
    if (companyField !== undefined && write.company !== undefined) wanted[companyField] = write.company
    for (const [own, theirs] of Object.entries(write.parent?.fields ?? {})) wanted[own] = parent?.[theirs] ?? null
    for (const [key, stored] of tableOf(write.entity)) {
      if (Object.entries(wanted).every(([name, value]) => stored.fields[name] === value)) return key
    }
    return undefined
  }

  /** The key of the new record, where it is known before the ERP numbers it and stands for another one already. */
  function keyThere(write: Create, parent: RemoteFields | undefined): RecordKey | undefined {
    const { keyFields, companyField } = entityOf(write.entity)
    const fields = fieldsOf(write, parent)
    if (keyFields.some((name) => (fields[name] ?? null) === null)) return undefined
    const key = recordKey(keyFields, companyField, fields)
    return tableOf(write.entity).has(key) ? key : undefined
  }

  /** Why the ERP takes nothing of the group. Looked at before anything is done. */
  function refusalOf(write: RecordWrite, attempt: number): string | undefined {
    const entity = entities[write.entity]
    if (entity === undefined) return `There is no entity ${write.entity}.`
    if (write.operation === 'delete') return undefined
    const unknown = Object.keys(write.fields).find((name) => entity.fields !== undefined && entity.fields[name] === undefined)
    if (unknown !== undefined) return `${write.entity} has no field ${unknown}.`
    const refusal = entity.refuse?.(write.fields)
    if (refusal !== undefined || write.operation === 'update' || write.parent !== undefined) return refusal
    if (attempt > 1 && findExisting(write, undefined) !== undefined) return undefined
    return keyThere(write, undefined) === undefined ? undefined : `The record ${keyThere(write, undefined)} exists already.`
  }

  function applyWrite(
    write: RecordWrite,
    attempt: number,
    done: readonly RemoteFields[],
  ): Extract<WriteOutcome, { kind: 'applied' }> {
    if (write.operation === 'create') {
      const parent = write.parent === undefined ? undefined : done[write.parent.index]
      const found = attempt > 1 ? findExisting(write, parent) : undefined
      if (found !== undefined) {
        const stored = tableOf(write.entity).get(found) as Stored
        return { kind: 'applied', key: found, version: String(stored.version), fields: { ...stored.fields } }
      }
      const [key, stored] = create(write, parent)
      log.push(`create ${write.entity} ${key}`)
      return { kind: 'applied', key, version: String(stored.version), fields: { ...stored.fields } }
    }
    const before = tableOf(write.entity).get(write.key)
    if (write.operation === 'delete') {
      if (before !== undefined) {
        tableOf(write.entity).delete(write.key)
        tell(write.entity, write.key, 'delete')
      }
      log.push(`delete ${write.entity} ${write.key}`)
      return { kind: 'applied', key: write.key, version: undefined, fields: undefined }
    }
    if (before === undefined) throw new Error(`No record ${write.key}`)
    store(write.entity, write.key, { ...before.fields, ...write.fields }, 'update')
    log.push(`update ${write.entity} ${write.key} ${Object.keys(write.fields).sort().join(',')}`)
    const stored = tableOf(write.entity).get(write.key) as Stored
    return { kind: 'applied', key: write.key, version: String(stored.version), fields: { ...stored.fields } }
  }

  /** An update of a record that is gone, or has another version by now. */
  function isOutdated(write: RecordWrite): boolean {
    if (write.operation !== 'update') return false
    const before = tableOf(write.entity).get(write.key)
    return before === undefined || (write.ifVersion !== undefined && write.ifVersion !== String(before.version))
  }

  async function writeGroup(group: WriteGroup, signal: AbortSignal): Promise<GroupOutcome> {
    await pause(signal)
    const faultsOf = group.writes.map((write) => faults.onWrite?.(write))
    const line = faults.onGroup?.()
    const same = (outcome: WriteOutcome): GroupOutcome => group.writes.map(() => outcome)
    if (line === 'cut') return same({ kind: 'retry', afterMs: undefined, reason: 'The ERP does not answer' })
    if (faultsOf.includes('reject')) return same({ kind: 'rejected', code: 'erp.refused', message: 'Customer is on hold.' })
    if (faultsOf.includes('retry') || faults.outage)
      return same({ kind: 'retry', afterMs: undefined, reason: 'The ERP does not answer' })
    // All of the group or nothing.
    const [refusal] = group.writes.flatMap((write) => refusalOf(write, group.attempt) ?? [])
    if (refusal !== undefined) {
      return line === 'lose_answer' ? same(LOST) : same({ kind: 'rejected', code: 'erp.refused', message: refusal })
    }
    if (group.writes.some(isOutdated)) return same({ kind: 'conflict' })
    const outcomes: WriteOutcome[] = []
    const done: RemoteFields[] = []
    for (const write of group.writes) {
      const outcome = applyWrite(write, group.attempt, done)
      outcomes.push(outcome)
      done.push(outcome.fields ?? {})
    }
    return faultsOf.includes('lose_answer') || line === 'lose_answer' ? same(LOST) : outcomes
  }

  async function pause(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (faults.latencyMs !== undefined) await new Promise((done) => setTimeout(done, faults.latencyMs))
    if (faults.stall) await new Promise((_, fail) => signal.addEventListener('abort', () => fail(signal.reason), { once: true }))
  }

  async function readable(signal: AbortSignal): Promise<void> {
    await pause(signal)
    if (faults.outage) throw new AppError('connector.unavailable', 'The ERP does not answer')
  }

  const matches = (request: Selection, fields: RemoteFields) => {
    const { companyField } = entityOf(request.entity)
    if (request.company !== undefined && companyField !== undefined && fields[companyField] !== request.company) return false
    return meets(request.where, fields)
  }
  /** What a selection holds, in the order of the keys. */
  const select = (request: Selection): [RecordKey, Stored][] => {
    const { from, before } = request.range ?? {}
    return [...tableOf(request.entity)]
      .filter(([key]) => (from === undefined || key >= from) && (before === undefined || key < before))
      .filter(([, stored]) => matches(request, stored.fields))
      .sort(([a], [b]) => (a < b ? -1 : 1))
  }

  const connector: Connector = {
    name: 'memory',
    capabilities: { ...CAPABILITIES },
    async describe(signal) {
      await readable(signal)
      return Object.entries(entities).map(([name, entity]) => ({
        name,
        keyFields: entity.keyFields,
        fields: new Map(
          Object.entries(entity.fields ?? {}).map(([field, type]) => [field, { type, nullable: true, enumMembers: [] }]),
        ),
        companyField: entity.companyField,
        changes: 'all' as const,
      }))
    },
    async readPage(request, signal) {
      await readable(signal)
      entityOf(request.entity)
      const all = select(request)
      const rest = all.filter(([key]) => request.after === undefined || key > request.after).slice(0, request.rowsMax)
      const last = rest.at(-1)?.[0]
      return {
        records: rest.map(([key, stored]) => recordOf(request.entity, key, stored, request.fields)),
        next: last !== undefined && last !== all.at(-1)?.[0] ? last : undefined,
        total: request.count ? all.length : undefined,
      }
    },
    async readRecords(request, signal) {
      await readable(signal)
      entityOf(request.entity)
      const table = tableOf(request.entity)
      return new Map(
        request.keys.flatMap((key) => {
          const stored = table.get(key)
          return stored === undefined ? [] : [[key, recordOf(request.entity, key, stored, request.fields)]]
        }),
      )
    },
    writeGroup,
    async registerEvents(_request, signal) {
      await readable(signal)
      isRegistered = true
    },
    parseEvent: (body) => [parseNotice(body)],
    async readChanges({ entity, since, rowsMax }, signal) {
      await readable(signal)
      entityOf(entity)
      if (since === undefined) return { notices: [], next: String(changes.length), more: false }
      if (!/^\d+$/.test(since)) throw new AppError('connector.refused', `${since} is no cursor`)
      const rest = changes.flatMap((notice, at) => (at >= Number(since) && notice.entity === entity ? [{ notice, at }] : []))
      const page = rest.slice(0, rowsMax)
      const more = rest.length > page.length
      const next = more ? (page.at(-1)?.at ?? 0) + 1 : changes.length
      return { notices: page.map((one) => one.notice), next: String(next), more }
    },
    async splitRanges(request, signal) {
      await readable(signal)
      const keys = select(request).map(([key]) => key)
      const rows = Math.max(1, Math.ceil(keys.length / request.rangesMax))
      const starts = keys.filter((_, at) => at > 0 && at % rows === 0)
      return [undefined, ...starts].map((from, at) => ({ from, before: starts[at], rows }))
    },
    async hashRange(request, signal) {
      await readable(signal)
      return hashRecords(
        select(request).map(([key, stored]) => recordOf(request.entity, key, stored, request.fields)),
        request.fields,
      )
    },
    ping: readable,
  }

  return {
    connector,
    faults,
    log,
    put(name, fields) {
      const entity = entityOf(name)
      const key = recordKey(entity.keyFields, entity.companyField, fields)
      store(name, key, { ...fields }, 'create')
      return key
    },
    change(name, key, fields) {
      const before = tableOf(name).get(key)
      if (before === undefined) throw new Error(`No record ${key}`)
      store(name, key, { ...before.fields, ...fields }, 'update')
    },
    remove(name, key) {
      if (tableOf(name).delete(key)) tell(name, key, 'delete')
    },
    get: (name, key) => tableOf(name).get(key)?.fields,
    rows: (name) => [...tableOf(name).values()].map((stored) => stored.fields),
    deliverTo(to) {
      receive = to
      void deliver()
    },
    undelivered: () => notices.length,
  }
}

function parseNotice(body: unknown): RemoteNotice {
  const notice = (body ?? {}) as Partial<Record<keyof RemoteNotice, unknown>>
  const isWhole = [notice.eventId, notice.entity, notice.key, notice.operation].every((one) => typeof one === 'string')
  if (!isWhole) throw new AppError('connector.bad_event', 'That is no event of this ERP')
  return body as RemoteNotice
}
