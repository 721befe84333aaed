import { randomUUID } from 'node:crypto'
import type {
  Capabilities,
  Connector,
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
  /** This key field is numbered by the ERP when a create leaves it out. */
  numbered?: { field: string; prefix: string }
  /** Fields that the ERP works out after each write. */
  compute?(fields: Record<string, RemoteValue>): void
}

/** What goes wrong, asked for at every call. Set and cleared by tests while the engine runs. */
export type MemoryFaults = {
  /** Answers for a write: refuses it, asks for later, or applies it and loses the answer. */
  onWrite?: (write: RecordWrite) => 'reject' | 'retry' | 'lose_answer' | undefined
  /** Reads fail. */
  outage?: boolean
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
    if (entity === undefined) throw new Error(`No entity ${name}`)
    return entity
  }
  const tableOf = (name: string) => tables.get(name) ?? new Map<RecordKey, Stored>()
  const recordOf = (key: RecordKey, { fields, version }: Stored, names: readonly string[]): RemoteRecord => ({
    key,
    fields: Object.fromEntries(names.map((name) => [name, fields[name] ?? null])),
    version: String(version),
  })

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

  function create(write: Extract<RecordWrite, { operation: 'create' }>, parent: RemoteFields | undefined): [RecordKey, Stored] {
    const entity = entityOf(write.entity)
    const fields: Record<string, RemoteValue> = { ...write.fields }
    if (entity.companyField !== undefined && write.company !== undefined) fields[entity.companyField] = write.company
    for (const [own, theirs] of Object.entries(write.parent?.fields ?? {})) fields[own] = parent?.[theirs] ?? null
    const { numbered } = entity
    if (numbered !== undefined && (fields[numbered.field] ?? null) === null)
      fields[numbered.field] = `${numbered.prefix}${String(++numbers).padStart(5, '0')}`
    const key = recordKey(entity.keyFields, entity.companyField, fields)
    return [key, store(write.entity, key, fields, 'create')]
  }

  function findExisting(
    write: Extract<RecordWrite, { operation: 'create' }>,
    parent: RemoteFields | undefined,
  ): RecordKey | undefined {
    const wanted: Record<string, RemoteValue> = { ...write.findBy }
    const { companyField } = entityOf(write.entity)
    if (companyField !== undefined && write.company !== undefined) wanted[companyField] = write.company
    for (const [own, theirs] of Object.entries(write.parent?.fields ?? {})) wanted[own] = parent?.[theirs] ?? null
    if (Object.keys(write.findBy).length === 0) return undefined
    for (const [key, stored] of tableOf(write.entity)) {
      if (Object.entries(wanted).every(([name, value]) => stored.fields[name] === value)) return key
    }
    return undefined
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

  async function writeGroup(group: WriteGroup): Promise<GroupOutcome> {
    await pause()
    const faultsOf = group.writes.map((write) => faults.onWrite?.(write))
    const same = (outcome: WriteOutcome): GroupOutcome => group.writes.map(() => outcome)
    if (faultsOf.includes('reject')) return same({ kind: 'rejected', code: 'erp.refused', message: 'Customer is on hold.' })
    if (faultsOf.includes('retry') || faults.outage)
      return same({ kind: 'retry', afterMs: undefined, reason: 'The ERP does not answer' })
    // All of the group or nothing.
    if (group.writes.some(isOutdated)) return same({ kind: 'conflict' })
    const outcomes: WriteOutcome[] = []
    const done: RemoteFields[] = []
    for (const write of group.writes) {
      const outcome = applyWrite(write, group.attempt, done)
      outcomes.push(outcome)
      done.push(outcome.fields ?? {})
    }
    if (faultsOf.includes('lose_answer')) return same({ kind: 'retry', afterMs: undefined, reason: 'The answer was lost' })
    return outcomes
  }

  async function pause(): Promise<void> {
    if (faults.latencyMs !== undefined) await new Promise((done) => setTimeout(done, faults.latencyMs))
  }

  async function readable(): Promise<void> {
    await pause()
    if (faults.outage) throw new AppError('connector.unreachable', 'The ERP does not answer')
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
    capabilities: CAPABILITIES,
    async describe() {
      return Object.entries(entities).map(([name, entity]) => ({
        name,
        keyFields: entity.keyFields,
        fields: new Map(),
        companyField: entity.companyField,
        changes: 'all' as const,
      }))
    },
    async readPage(request) {
      await readable()
      const all = select(request)
      const rest = all.filter(([key]) => request.after === undefined || key > request.after).slice(0, request.rowsMax)
      const last = rest.at(-1)?.[0]
      return {
        records: rest.map(([key, stored]) => recordOf(key, stored, request.fields)),
        next: last !== undefined && last !== all.at(-1)?.[0] ? last : undefined,
        total: request.count ? all.length : undefined,
      }
    },
    async readRecords(request) {
      await readable()
      const table = tableOf(request.entity)
      return new Map(
        request.keys.flatMap((key) => {
          const stored = table.get(key)
          return stored === undefined ? [] : [[key, recordOf(key, stored, request.fields)]]
        }),
      )
    },
    writeGroup,
    async registerEvents() {
      await readable()
      isRegistered = true
    },
    parseEvent: (body) => [body as RemoteNotice],
    async readChanges({ entity, since, rowsMax }) {
      await readable()
      entityOf(entity)
      if (since === undefined) return { notices: [], next: String(changes.length), more: false }
      const rest = changes.flatMap((notice, at) => (at >= Number(since) && notice.entity === entity ? [{ notice, at }] : []))
      const page = rest.slice(0, rowsMax)
      const more = rest.length > page.length
      const next = more ? (page.at(-1)?.at ?? 0) + 1 : changes.length
      return { notices: page.map((one) => one.notice), next: String(next), more }
    },
    async splitRanges(request) {
      await readable()
      const keys = select(request).map(([key]) => key)
      const rows = Math.max(1, Math.ceil(keys.length / request.rangesMax))
      const starts = keys.filter((_, at) => at > 0 && at % rows === 0)
      return [undefined, ...starts].map((from, at) => ({ from, before: starts[at], rows }))
    },
    async hashRange(request) {
      await readable()
      return hashRecords(
        select(request).map(([key, stored]) => recordOf(key, stored, request.fields)),
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
