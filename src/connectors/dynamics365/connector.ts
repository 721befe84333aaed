import type { Capabilities, Connector, GroupOutcome, WriteGroup } from '#connector/contract.ts'
import { createPace } from '#connector/pace.ts'
import { AppError, isAppError } from '#lib/app-error.ts'
import { assert } from '#lib/assert.ts'
import type { Clock } from '#lib/clock.ts'
import type { Log } from '#log/log.ts'
import { readChanges } from './changes.ts'
import { parseDataEvent } from './events.ts'
import { createHttp } from './http.ts'
import { type ErpEntity, parseMetadata } from './metadata.ts'
import { PAGE_ROWS_MAX, readPage, readRecords } from './read.ts'
import { createTokenSource, untilAborted } from './token.ts'
import { createTransport, type Transport } from './transport.ts'
import { writeGroup } from './write.ts'

export type Dynamics365Options = {
  /** Root of the environment, without a slash at its end: https://contoso.operations.dynamics.com */
  url: string
  tokenUrl: string
  clientId: string
  clientSecret: string
  clock: Clock
  log: Log
  requestTimeoutMs?: number
  /** Requests at once at most, when the ERP is well. */
  concurrencyMax?: number
}

const REQUEST_TIMEOUT_MS = 30_000
/** A real environment takes a while to write down its five thousand entities. */
const METADATA_TIMEOUT_MS = 180_000
const CONCURRENCY_MAX = 8

/** Speaks to Finance & Operations over OData: see docs/decisions/0005 for how an order with its lines is written. */
export function createDynamics365Connector(options: Dynamics365Options): Connector {
  const { clock } = options
  const url = options.url.replace(/\/+$/, '')
  const requestTimeoutMs = options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS
  const concurrencyMax = options.concurrencyMax ?? CONCURRENCY_MAX
  // One connection more than places, for tokens.
  const http = createHttp({ connectionsMax: concurrencyMax + 1 })
  const tokens = createTokenSource({ ...options, url, http, timeoutMs: requestTimeoutMs })
  const pace = createPace({ concurrencyMax, clock })
  const log = options.log.child({ connector: 'dynamics365' })
  const transport = createTransport({ url, http, tokens, pace, clock, log, requestTimeoutMs })
  const catalog = createCatalog(transport)
  const writing = { transport, entityOf: catalog.get, root: url, clock }

  return {
    name: 'dynamics365',
    capabilities: CAPABILITIES,
    describe: async (signal) => [...(await catalog.load(signal)).values()],
    readPage: async (page, signal) => readPage(transport, await catalog.get(page.entity, signal), page, signal),
    readRecords: async (wanted, signal) => readRecords(transport, await catalog.get(wanted.entity, signal), wanted, signal),
    async writeGroup(group, signal) {
      assert(group.attempt >= 1, 'attempts count from 1')
      if (group.writes.length === 0) return []
      try {
        return await writeGroup(writing, group, signal)
      } catch (error) {
        signal.throwIfAborted()
        return outcomeOfError(group, error)
      }
    },
    async registerEvents(request, signal) {
      const call = { method: 'POST', path: '/api/event-endpoints', headers: JSON_TYPE, body: JSON.stringify(request) } as const
      // Registering twice is the same as once.
      const answer = await transport.read(call, signal)
      if (answer === undefined)
        throw new AppError('connector.refused', `${url} has no registration of event endpoints; set it up there by hand`)
    },
    parseEvent: (body) => parseDataEvent(body, catalog.find),
    readChanges: async (request, signal) =>
      readChanges({ transport, clock }, await catalog.get(request.entity, signal), request, signal),
    async ping(signal) {
      await transport.read({ method: 'GET', path: PING_PATH }, signal)
    },
    close: http.close,
  }
}

const CAPABILITIES: Capabilities = {
  events: true,
  changes: true,
  atomicGroups: false,
  deletes: true,
  versions: true,
  filters: ['eq', 'ne', 'gt', 'ge', 'lt', 'le', 'in'],
  ranges: false,
  hashes: false,
  modifiedTime: true,
  pageRowsMax: PAGE_ROWS_MAX,
}
/** Every environment has legal entities, and a user that may read data may read these. */
const PING_PATH = '/data/LegalEntities?$top=1&$select=LegalEntityId'

const JSON_TYPE = { 'Content-Type': 'application/json' }

type Catalog = {
  load(signal: AbortSignal): Promise<ReadonlyMap<string, ErpEntity>>
  /** Throws AppError `connector.refused` for an entity that the ERP does not have. */
  get(name: string, signal: AbortSignal): Promise<ErpEntity>
  /** Without asking: undefined before the description has been read, too. */
  find(name: string): ErpEntity | undefined
}

/** What the ERP says of its entities, read once: it changes with an update of the ERP only, and then Comptoir is started anew. */
function createCatalog(transport: Transport): Catalog {
  let loaded: ReadonlyMap<string, ErpEntity> | undefined
  let pending: Promise<ReadonlyMap<string, ErpEntity>> | undefined

  async function read(): Promise<ReadonlyMap<string, ErpEntity>> {
    const answer = await transport.read(
      { method: 'GET', path: '/data/$metadata', headers: { accept: 'application/xml' }, timeoutMs: METADATA_TIMEOUT_MS },
      NEVER,
    )
    if (answer === undefined) throw new AppError('connector.refused', 'The ERP has no /data/$metadata: is its address right?')
    loaded = parseMetadata(answer.body)
    return loaded
  }

  async function load(signal: AbortSignal): Promise<ReadonlyMap<string, ErpEntity>> {
    if (loaded !== undefined) return loaded
    pending ??= read().finally(() => {
      pending = undefined
    })
    return untilAborted(pending, signal)
  }

  return {
    load,
    find: (name) => loaded?.get(name),
    async get(name, signal) {
      const entity = (await load(signal)).get(name)
      if (entity === undefined) {
        throw new AppError('connector.refused', `The ERP has no data entity ${name}`, { details: { entity: name } })
      }
      return entity
    },
  }
}

/** The description is shared by all callers, so no caller's signal ends it; its own limits do. */
const NEVER = new AbortController().signal

function outcomeOfError(group: WriteGroup, error: unknown): GroupOutcome {
  if (isAppError(error, 'connector.refused')) {
    const outcome = { kind: 'rejected', code: 'dynamics365.invalid', message: error.message } as const
    return group.writes.map(() => outcome)
  }
  if (!isAppError(error, 'connector.unavailable') && !isAppError(error, 'connector.bad_metadata')) throw error
  const { afterMs } = error.details
  const outcome = { kind: 'retry', afterMs: typeof afterMs === 'number' ? afterMs : undefined, reason: error.message } as const
  return group.writes.map(() => outcome)
}
