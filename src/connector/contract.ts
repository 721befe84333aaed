/**
 * What a connector must do, and all that the sync engine knows of an ERP. A connector knows its ERP and no database; it keeps no
 * state but its access token and the ERP's description of itself. Every call takes a signal and ends soon after it aborts (it
 * rejects with the signal's reason); every wait and size has a limit. Reads and registrations throw AppError
 * `connector.unavailable` when the ERP cannot be reached now (try again, not before `details.afterMs` where that is a number) and
 * `connector.refused` when it understood and said no, or was asked for what its capabilities lack. conformance.ts holds the suite
 * that each connector must pass.
 */
export type Connector = {
  /** As in maps and settings: 'dynamics365'. */
  readonly name: string
  readonly capabilities: Capabilities
  /** The data entities the ERP has, as it describes them itself. */
  describe(signal: AbortSignal): Promise<EntityDescription[]>
  /** One page of an entity, in a stable order that a cursor can resume after any pause. */
  readPage(request: ReadPage, signal: AbortSignal): Promise<RecordPage>
  /** Records by key, as they are now. A key that no longer exists is absent from the answer. */
  readRecords(request: ReadRecords, signal: AbortSignal): Promise<Map<RecordKey, RemoteRecord>>
  /**
   * Writes records that belong together, in the given order: all of them in the end, or none. Safe to repeat: with `attempt` > 1 a
   * create first looks whether an earlier attempt has already arrived (see `findBy`) and answers with what it finds. Whoever may have
   * been cut off in the middle of an attempt must therefore count it. Never throws for what the ERP answers; throws only when the
   * signal aborts.
   */
  writeGroup(group: WriteGroup, signal: AbortSignal): Promise<GroupOutcome>
  /**
   * Many groups that have nothing to do with each other, each written as `writeGroup` does: where that is much cheaper than one after the
   * other. What one of them is refused for, or waits for, leaves the others be. Outcomes in the order of the groups.
   */
  writeGroups?(groups: readonly WriteGroup[], signal: AbortSignal): Promise<readonly GroupOutcome[]>
  /** Asks the ERP to post changes of these entities to `url`. Idempotent. Only where `capabilities.events`. */
  registerEvents(request: { url: string; secret: string; entities: readonly string[] }, signal: AbortSignal): Promise<void>
  /**
   * What a request to that URL says. Throws AppError `connector.bad_event` for what is not an event of this ERP, and
   * `connector.unavailable` for one that it cannot tell yet: the sender must try again.
   */
  parseEvent(body: unknown): RemoteNotice[]
  /**
   * What has changed since a cursor, for an ERP that does not post it. Without `since`: nothing, and a cursor from which on nothing is
   * missed. What a transaction changes that ends late is told after its end. Throws AppError `connector.cursor_lost` for a cursor that
   * is too old: then everything must be read. Only where `capabilities.changes`.
   */
  readChanges?(request: ReadChanges, signal: AbortSignal): Promise<ChangePage>
  /**
   * Calls `onChange` soon after one of these entities has changed, so that `readChanges` need not wait for its next turn. Only that: a call
   * may be missed, and one may come for nothing. It begins with a call for each, since nobody watched before; it ends with the signal, or
   * throws as a read does when it can go on no longer.
   */
  watchChanges?(request: WatchChanges, signal: AbortSignal): Promise<void>
  /**
   * Ranges of the key of about the same size that cover everything exactly once, also what comes later; in the order of readPage. One
   * range when there is little. Only where `capabilities.ranges`.
   */
  splitRanges?(request: Selection & { rangesMax: number }, signal: AbortSignal): Promise<KeyRange[]>
  /** How many records a range has, and one text for all their values (see range-hash.ts). Only where `capabilities.hashes`. */
  hashRange?(request: HashRange, signal: AbortSignal): Promise<RangeHash>
  /** The cheapest question there is, with the same rights as any other: for health and for `connection test`. */
  ping(signal: AbortSignal): Promise<void>
  /** Ends connections that are held open. No call may follow. */
  close?(): Promise<void>
}

/** What a side can do. What it lacks is done another way, or refused with a sentence: never tried. */
export type Capabilities = {
  /** The ERP posts its changes. Without it the engine polls. */
  events: boolean
  /** It can be asked what has changed: `readChanges`, for the entities whose description says so. Without it everything is read through. */
  changes: boolean
  /** No reader ever sees a group half done. (Whole or not at all in the end is what every connector promises.) */
  atomicGroups: boolean
  deletes: boolean
  /** Records carry a version that a write can be made conditional on. */
  versions: boolean
  /** Operators that it can apply to `where`. */
  filters: readonly ConditionOperator[]
  /** `splitRanges`, and `range` in reads. */
  ranges: boolean
  /** `hashRange`. */
  hashes: boolean
  /** Records say when they were changed last, where their entity knows it. */
  modifiedTime: boolean
  pageRowsMax: number
}

export type EntityDescription = {
  /** Entity set name: 'CDSSalesOrderHeaders' */
  name: string
  keyFields: readonly string[]
  fields: ReadonlyMap<string, FieldDescription>
  /** The field that holds the legal entity, where the entity belongs to one. */
  companyField: string | undefined
  /** What `readChanges` tells of it: everything, everything but deletes, or nothing (as when absent). */
  changes?: 'all' | 'no_deletes' | 'none'
}

export type FieldDescription = {
  type: FieldType
  nullable: boolean
  enumMembers: readonly string[]
  /** A new record that says nothing of the field gets a value all the same. */
  hasDefault?: boolean
}
export type FieldType = 'string' | 'integer' | 'decimal' | 'boolean' | 'date' | 'datetime' | 'enum' | 'guid'

/**
 * Field values in one form for all ERPs: decimals and integers beyond 2^53 as text, dates '2026-11-23', date-times ISO 8601 in UTC,
 * enums by member name, "no value" as null (F&O's 1900-01-01 and empty text become null here).
 */
export type RemoteValue = string | number | boolean | null
export type RemoteFields = Readonly<Record<string, RemoteValue>>

/** Key fields in canonical text, the same for the same record always: 'dataAreaId=usmf,SalesOrderNumber=000123'. */
export type RecordKey = string

export type RemoteRecord = {
  key: RecordKey
  fields: RemoteFields
  version: string
  /** When it was changed last, ISO 8601 in UTC, where the ERP says so. */
  modifiedAt?: string
}

/** Some of an entity's records. */
export type Selection = {
  entity: string
  /** Legal entity; undefined for entities without one, or for all. */
  company: string | undefined
  /** All of these must hold: the part of a map's filter that the ERP can apply. The short form says "these fields equal these values". */
  where?: Where
  /** From `splitRanges`. */
  range?: KeyRange
}

export type Where = RemoteFields | readonly Condition[]

/**
 * A field compared with a value, as the filters of maps mean it: text without regard to case, null and '' the same nothing, which only
 * `eq` and `ne` can be asked for. `in` takes a list.
 */
export type Condition = {
  field: string
  /** The values of `eq` or `in` are the ERP's own as it writes them: a connector may look them up as they are, case and all. */
  isExact?: boolean
} & ({ operator: Exclude<ConditionOperator, 'in'>; value: RemoteValue } | { operator: 'in'; value: readonly RemoteValue[] })
export type ConditionOperator = 'eq' | 'ne' | 'gt' | 'ge' | 'lt' | 'le' | 'in'

/** Records between two places in the order of readPage. The places are the connector's own text; undefined is the end. */
export type KeyRange = { from: string | undefined; before: string | undefined; rows?: number }

export type HashRange = Selection & { fields: readonly string[] }
export type RangeHash = { rows: number; hash: string }

export type ReadPage = Selection & {
  fields: readonly string[]
  /** `next` of the page before. */
  after?: string
  rowsMax: number
  /** Also say how many there are in all: once, for progress. */
  count?: boolean
}

export type RecordPage = { records: RemoteRecord[]; next: string | undefined; total: number | undefined }

export type ReadChanges = { entity: string; since: string | undefined; rowsMax: number }
export type WatchChanges = { entities: readonly string[]; onChange(entity: string): void }
/** `next` is where to go on, also when there is no more now. The same record may be told more than once. */
export type ChangePage = { notices: RemoteNotice[]; next: string; more: boolean }
export type ReadRecords = { entity: string; fields: readonly string[]; keys: readonly RecordKey[] }

export type WriteGroup = {
  /** 1 for the first try. Only later tries look for what an earlier one has left. */
  attempt: number
  /** The same for every attempt at the same group, and for no other: an ERP that can remember it carries the group out once. */
  id?: string
  /** Which installation writes, for an ERP that keeps it (see `readEnvironment` of the engine). */
  environment?: string
  writes: readonly RecordWrite[]
}

export type RecordWrite =
  | {
      operation: 'create'
      entity: string
      company: string | undefined
      fields: RemoteFields
      /**
       * Values that only this record has (among its parent's, where it has one); how a repeated create finds the earlier one. May be
       * empty where `fields` hold the whole key.
       */
      findBy: RemoteFields
      /**
       * The record that an earlier attempt has left, where it is known by now: it is completed, and nothing else is made. Only for
       * connectors whose groups are not atomic.
       */
      earlierKey?: RecordKey
      /**
       * Takes fields from a record that an earlier write of the group creates: lines take their header's number. This record's
       * field → the parent's field.
       */
      parent?: { index: number; fields: Readonly<Record<string, string>> }
    }
  | {
      operation: 'update'
      entity: string
      key: RecordKey
      fields: RemoteFields
      /** Refuse with `conflict` when the record has another version by now. */
      ifVersion?: string
    }
  | { operation: 'delete'; entity: string; key: RecordKey }

/** One outcome for each write, in order. Of a group that failed, every outcome says so. */
export type GroupOutcome = readonly WriteOutcome[]

export type WriteOutcome =
  /** `fields` is what the ERP answered, where it answers with the record: its number, prices, defaults. */
  | { kind: 'applied'; key: RecordKey; version: string | undefined; fields: RemoteFields | undefined }
  | { kind: 'conflict' }
  /** The ERP understood and said no: trying again would not help. `message` is the ERP's own, cleaned for people. */
  | { kind: 'rejected'; code: string; message: string }
  /** Not reachable, throttled, or no answer: try again, not before `afterMs` where the ERP said so. */
  | { kind: 'retry'; afterMs: number | undefined; reason: string }

/** Something happened to a record; what it looks like now must be read. */
export type RemoteNotice = {
  eventId: string
  entity: string
  key: RecordKey
  operation: 'create' | 'update' | 'delete'
  /** A write of this connector, whose answer has told, or will tell when it is asked for again, all of it. */
  isOwn?: boolean
}
