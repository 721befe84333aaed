import type {
  Capabilities,
  Connector,
  GroupOutcome,
  ReadChanges,
  ReadPage,
  ReadRecords,
  RecordPage,
  WriteGroup,
} from '#connector/contract.ts'
import { AppError } from '#lib/app-error.ts'
import { assert } from '#lib/assert.ts'
import type { Clock } from '#lib/clock.ts'
import type { Log } from '#log/log.ts'
import type { Tx } from '#postgres/database.ts'
import { askNothing, listColumns } from './catalog.queries.ts'
import { beginChanges, readLogged, readVersioned } from './changes.ts'
import { errorOf } from './failures.ts'
import { createLink, type Link } from './link.ts'
import { createOwnWrites, type OwnWrites } from './own-writes.ts'
import { countRows, listByKeys, listPage, listPlaces, readHash } from './read.queries.ts'
import { casesOf, columnsToRead, keyValues, recordOf } from './records.ts'
import { forgetOld, hasSync, installSync, installTrigger } from './sync.queries.ts'
import { entitiesOf, type PgEntity, type TableOptions } from './tables.ts'
import { watchTables } from './watch.ts'
import { groupFailureOf, isAnswer, type Step, writeSteps } from './write.ts'
import { type Planned, writeTogether } from './write-together.ts'

export type PostgresOptions = {
  /** postgresql://user:password@host/database */
  url: string
  clock: Clock
  log: Log
  /**
   * How changes are found. `trigger`: a log and a trigger on each mapped table, installed on first use; deletes are told. `version`:
   * a column that grows with every change; nothing is installed, deletes are found by reading through. `none`: by reading through.
   */
  changes: 'trigger' | 'version' | 'none'
  companyColumn?: string | undefined
  versionColumn?: string | undefined
  /** Tells when a row was changed last. */
  modifiedColumn?: string | undefined
  connectionsMax?: number
  statementTimeoutMs?: number
}

const PAGE_ROWS_MAX = 10_000
const KEYS_MAX = 1_000
const CONNECTIONS_MAX = 8
const STATEMENT_TIMEOUT_MS = 60_000
const FORGET_MS = 3_600_000

/** Speaks to the tables of any PostgreSQL database: each with a key is a data entity, by the name schema.table. */
export function createPostgresConnector(options: PostgresOptions): Connector {
  const { clock } = options
  const link = createLink({
    ...options,
    log: options.log.child({ connector: 'postgres' }),
    connectionsMax: options.connectionsMax ?? CONNECTIONS_MAX,
    statementTimeoutMs: options.statementTimeoutMs ?? STATEMENT_TIMEOUT_MS,
  })
  const catalog = createCatalog(link, options)
  const sync = createSync(link, options)
  const own = createOwnWrites()
  const writer = createWriter(link, catalog, sync, own)

  async function read<T>(name: string, signal: AbortSignal, work: (tx: Tx, entity: PgEntity) => Promise<T>): Promise<T> {
    try {
      const entity = await catalog.get(name, signal)
      return await link.read((tx) => work(tx, entity), signal)
    } catch (error) {
      signal.throwIfAborted()
      throw errorOf(error)
    }
  }

  return {
    name: 'postgres',
    capabilities: { ...CAPABILITIES, changes: options.changes !== 'none', modifiedTime: options.modifiedColumn !== undefined },
    describe: async (signal) => [...(await catalog.load(signal)).values()],
    readPage: (page, signal) => read(page.entity, signal, (tx, entity) => readPage(tx, entity, page)),
    readRecords: (wanted, signal) => read(wanted.entity, signal, (tx, entity) => readRecords(tx, entity, wanted)),
    writeGroup: writer.writeGroup,
    writeGroups: writer.writeGroups,
    async registerEvents() {
      throw new AppError('connector.refused', 'A PostgreSQL database posts no events; its changes are asked for')
    },
    parseEvent() {
      throw new AppError('connector.bad_event', 'A PostgreSQL database posts no events')
    },
    async readChanges(request, signal) {
      const begin = await beginning(request, catalog, sync, signal)
      return read(request.entity, signal, (tx, entity) =>
        begin ? beginChanges(tx, entity, clock.nowMs()) : readChanges(tx, entity, request, clock.nowMs(), own),
      )
    },
    ...(options.changes === 'trigger' && { watchChanges: createWatching(link, catalog, clock) }),
    async splitRanges(request, signal) {
      const places = await read(request.entity, signal, (tx, entity) => listPlaces(tx, entity, request))
      const starts = places.slice(1).map((one) => one.place)
      const rows = Number(places[0]?.rows ?? 0)
      return [undefined, ...starts].map((from, at) => ({ from, before: starts[at], rows }))
    },
    hashRange: (request, signal) => read(request.entity, signal, (tx, entity) => readHash(tx, entity, request)),
    async ping(signal) {
      try {
        await link.read(askNothing, signal)
      } catch (error) {
        signal.throwIfAborted()
        throw errorOf(error)
      }
    },
    close: link.close,
  }
}

function createWatching(link: Link, catalog: Catalog, clock: Clock): Required<Connector>['watchChanges'] {
  return async ({ entities, onChange }, signal) => {
    try {
      const watched: PgEntity[] = []
      for (const name of entities) watched.push(await catalog.get(name, signal))
      await watchTables({ link, clock }, watched, onChange, signal)
    } catch (error) {
      if (!signal.aborted) throw errorOf(error)
    }
  }
}

/** Groups, each whole or not at all, and each once however often it is handed over. */
function createWriter(
  link: Link,
  catalog: ReturnType<typeof createCatalog>,
  sync: ReturnType<typeof createSync>,
  own: OwnWrites,
): Required<Pick<Connector, 'writeGroup' | 'writeGroups'>> {
  async function writeGroup(group: WriteGroup, signal: AbortSignal): Promise<GroupOutcome> {
    assert(group.attempt >= 1, 'attempts count from 1')
    if (group.writes.length === 0) return []
    try {
      const steps = await stepsOf(group, (name) => catalog.get(name, signal))
      const memory = group.id !== undefined && (await sync.isThere(signal)) ? own : undefined
      return await link.write((tx) => writeSteps(tx, steps, group, memory), signal)
    } catch (error) {
      signal.throwIfAborted()
      const failure = groupFailureOf(error)
      return group.writes.map(() => failure)
    }
  }

  async function writeGroups(groups: readonly WriteGroup[], signal: AbortSignal): Promise<readonly GroupOutcome[]> {
    if (groups.length <= 1) return Promise.all(groups.map((group) => writeGroup(group, signal)))
    try {
      const planned: Planned[] = []
      for (const group of groups) planned.push({ group, steps: await stepsOf(group, (name) => catalog.get(name, signal)) })
      const remembers = groups.every((group) => group.id !== undefined) && (await sync.isThere(signal))
      return await link.write((tx) => writeTogether(tx, planned, remembers ? own : undefined), signal)
    } catch (error) {
      signal.throwIfAborted()
      const failure = groupFailureOf(error)
      if (!isAnswer(error)) return groups.map((group) => group.writes.map(() => failure))
    }
    // One of them has spoiled it for all, and is found by halving. What was said to have failed counts as an attempt nevertheless.
    const again = groups.map((group) => ({ ...group, attempt: group.attempt + 1 }))
    const middle = Math.ceil(again.length / 2)
    return (await Promise.all([again.slice(0, middle), again.slice(middle)].map((half) => writeGroups(half, signal)))).flat()
  }

  return { writeGroup, writeGroups }
}

const CAPABILITIES: Capabilities = {
  events: false,
  changes: true,
  atomicGroups: true,
  deletes: true,
  versions: true,
  filters: ['eq', 'ne', 'gt', 'ge', 'lt', 'le', 'in'],
  ranges: true,
  hashes: true,
  modifiedTime: false,
  pageRowsMax: PAGE_ROWS_MAX,
}

async function readPage(tx: Tx, entity: PgEntity, page: ReadPage): Promise<RecordPage> {
  const columns = columnsToRead(entity, page.fields)
  const rowsMax = Math.min(page.rowsMax, PAGE_ROWS_MAX)
  // One more than asked for says whether there is a next page.
  const rows = await listPage(tx, entity, { ...page, rowsMax: rowsMax + 1 }, columns)
  const shown = rows.slice(0, rowsMax)
  return {
    records: shown.map((row) => recordOf(entity, row, columns)),
    next: rows.length > rowsMax ? shown.at(-1)?.place : undefined,
    total: page.count === true ? await countRows(tx, entity, page) : undefined,
  }
}

async function readRecords(tx: Tx, entity: PgEntity, { keys, fields }: ReadRecords) {
  const columns = columnsToRead(entity, fields)
  const wanted = [...new Set(keys)]
  const found = []
  for (let at = 0; at < wanted.length; at += KEYS_MAX) {
    const values = wanted.slice(at, at + KEYS_MAX).flatMap((key) => casesOf(entity, keyValues(entity, key)))
    const lists = entity.keyFields.map((name) => values.map((one) => one[name] ?? ''))
    found.push(...(await listByKeys(tx, entity, lists, columns)))
  }
  return new Map(found.map((row) => recordOf(entity, row, columns)).map((record) => [record.key, record]))
}

async function stepsOf(group: WriteGroup, entityOf: (name: string) => Promise<PgEntity>): Promise<Step[]> {
  const steps: Step[] = []
  for (const write of group.writes) steps.push({ write, entity: await entityOf(write.entity) })
  return steps
}

/** Whether the reader begins anew: then what is needed over there is made. */
async function beginning(request: ReadChanges, catalog: Catalog, sync: Sync, signal: AbortSignal): Promise<boolean> {
  try {
    const entity = await catalog.get(request.entity, signal)
    if (entity.changes === 'none')
      throw new AppError('connector.refused', `${entity.name} has no column that tells its changes; it is read through instead`)
    if (request.since === undefined && entity.changes === 'all') await sync.follow(entity, signal)
    else if (entity.changes === 'all') await sync.forget(signal)
    return request.since === undefined
  } catch (error) {
    signal.throwIfAborted()
    throw errorOf(error)
  }
}

function readChanges(tx: Tx, entity: PgEntity, request: ReadChanges, nowMs: number, own: OwnWrites) {
  if (entity.changes === 'all') return readLogged(tx, entity, request, nowMs, own)
  assert(entity.versionColumn !== undefined, 'an entity without a log has a version')
  return readVersioned(tx, entity, entity.versionColumn, request, nowMs)
}

type Catalog = {
  load(signal: AbortSignal): Promise<ReadonlyMap<string, PgEntity>>
  /** Throws AppError `connector.refused` for a table that there is not. */
  get(name: string, signal: AbortSignal): Promise<PgEntity>
}

/** What the database says of its tables; a name that is not known is asked for anew, since tables come while Comptoir runs. */
function createCatalog(link: Link, options: TableOptions): Catalog {
  let loaded: ReadonlyMap<string, PgEntity> | undefined
  const load = async (signal: AbortSignal): Promise<ReadonlyMap<string, PgEntity>> => {
    try {
      loaded = entitiesOf(await link.read(listColumns, signal), options)
      return loaded
    } catch (error) {
      signal.throwIfAborted()
      throw errorOf(error)
    }
  }
  return {
    load,
    async get(name, signal) {
      signal.throwIfAborted()
      const entity = loaded?.get(name) ?? (await load(signal)).get(name)
      if (entity !== undefined) return entity
      throw new AppError('connector.refused', `The database has no table ${name} with a key that this user may read`, {
        details: { entity: name },
      })
    },
  }
}

type Sync = {
  /** Whether outcomes of groups can be kept over there. Made where this user may. */
  isThere(signal: AbortSignal): Promise<boolean>
  follow(entity: PgEntity, signal: AbortSignal): Promise<void>
  forget(signal: AbortSignal): Promise<void>
}

function createSync(link: Link, { clock, changes }: PostgresOptions): Sync {
  let there: boolean | undefined
  let forgotMs = Number.NEGATIVE_INFINITY
  return {
    async isThere(signal) {
      if (there !== undefined) return there
      // Where nothing may be installed, what somebody has installed by hand is used.
      if (changes === 'trigger') await link.write(installSync, signal)
      there = await link.read(hasSync, signal)
      return there
    },
    async follow(entity, signal) {
      await link.write(async (tx) => {
        await installSync(tx)
        await installTrigger(tx, entity)
      }, signal)
      there = true
    },
    async forget(signal) {
      if (clock.nowMs() - forgotMs < FORGET_MS) return
      forgotMs = clock.nowMs()
      await link.write(forgetOld, signal)
    },
  }
}
