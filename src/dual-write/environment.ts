import type { Connector, GroupOutcome, WriteGroup } from '#connector/contract.ts'
import { AppError, messageOf } from '#lib/app-error.ts'
import { required } from '#lib/assert.ts'
import type { Log } from '#log/log.ts'
import type { Database, Tx } from '#postgres/database.ts'
import {
  advanceEpoch,
  disarm,
  findEnvironment,
  insertEnvironment,
  type Place,
  readPlace,
  rearm,
  type StoredEnvironment,
} from './environment.queries.ts'
import { type Mark, readMark, writeMark } from './environment-mark.ts'
import type { Arming, Environment } from './facets-watch.ts'
import { insertActivity, notifyWorkers } from './maps.queries.ts'

/** Who this installation is, from its settings. */
export type EnvironmentOptions = {
  /** Where it keeps what the database does not hold; undefined where that always travels together with the database. */
  folder: string | undefined
  /** The ERP it writes to, without credentials. */
  erp: string
}

/**
 * Keeps a copy from writing. A restored backup or a copied database knows orders that were placed since, or were never its own: it reads,
 * shows and queues, but writes nothing to the ERP until a person arms it (docs/decisions/0020-safe-copies.md).
 */
export type EnvironmentGuard = Arming & {
  /** Finds out whether this still is the installation that was armed. Before that it is not armed. */
  open(): Promise<void>
  /** Another process may have armed or disarmed it. */
  reload(): Promise<void>
  isArmed(): boolean
  /** Goes with every write, so that the ERP's side can tell who wrote. */
  fingerprint(): string
  /** Counts on, so that a database which is set back shows. By the working process, all the time. */
  beat(): Promise<void>
}

const REFUSED = 'This installation is a copy or a restored backup: it writes nothing to the ERP until a person arms it'
/** A write that came too early waits that long. */
const REFUSED_RETRY_MS = 15_000

export function createEnvironmentGuard(of: { database: Database; log: Log; environment: EnvironmentOptions }): EnvironmentGuard {
  const { database, log, environment } = of
  const { folder, erp } = environment
  let known: StoredEnvironment | undefined
  /** The highest that this process has seen of the installation. */
  let seen: Mark | undefined

  const placeNow = async (tx: Tx): Promise<Place> => ({ ...(await readPlace(tx)), erp })
  const markNow = () => (folder === undefined ? undefined : readMark(folder))

  /** A folder that cannot be written loses one of several safeguards, not the work. */
  function remember(content: Mark): void {
    seen = content
    try {
      if (folder !== undefined) writeMark(folder, content)
    } catch (error) {
      log.warn({ reason: messageOf(error) }, 'the epoch of the installation cannot be kept in its folder')
    }
  }

  return {
    async open() {
      await database.transaction(async (tx) => {
        const place = await placeNow(tx)
        const isFirst = await insertEnvironment(tx, place)
        // Whatever database the folder served before: a new one has nothing to send twice.
        const reason = isFirst ? undefined : reasonAgainst(await load(tx), place, markNow())
        if (reason !== undefined) await disarmFor(tx, log, reason)
        known = await load(tx)
      })
      if (known?.armed) remember({ installation: known.installation, epoch: known.epoch })
    },
    async reload() {
      known = await database.read(findEnvironment)
    },
    isArmed: () => known?.armed ?? false,
    fingerprint: () => known?.installation ?? '',
    async beat() {
      const now = await database.transaction(async (tx) => {
        const advanced = await advanceEpoch(tx)
        // The database was set back while this process ran: it has forgotten what this process has seen.
        const isSetBack = advanced !== undefined && seen?.installation === advanced.installation && advanced.epoch <= seen.epoch
        if (isSetBack) await disarmFor(tx, log, SET_BACK)
        known = await findEnvironment(tx)
        return isSetBack ? undefined : advanced
      })
      if (now !== undefined) remember(now)
    },
    async readEnvironment() {
      const stored = await database.read(findEnvironment)
      return stored === undefined ? { ...NEVER_STARTED, erp } : environmentOf(stored, erp)
    },
    async arm(actor) {
      const epochMin = markNow()?.epoch ?? 0
      const stored = await database.transaction(async (tx) => armHere(tx, await placeNow(tx), epochMin, actor))
      known = stored
      remember({ installation: stored.installation, epoch: stored.epoch })
      return environmentOf(stored, erp)
    },
  }
}

/** What can be said of one that has no fingerprint yet. */
const NEVER_STARTED = {
  fingerprint: '',
  armed: false,
  reason: 'This installation has never been started; its first start arms it',
  armedBy: null,
  armedAt: null,
}

async function load(tx: Tx): Promise<StoredEnvironment> {
  return required(await findEnvironment(tx), 'the environment, which the first start has written')
}

async function disarmFor(tx: Tx, log: Log, reason: string): Promise<void> {
  if (!(await disarm(tx, reason))) return
  await insertActivity(tx, { map: null, actor: 'engine', action: 'disarmed', details: { reason } })
  await notifyWorkers(tx)
  log.error({ reason }, 'nothing is written to the ERP until a person arms this installation')
}

async function armHere(tx: Tx, place: Place, epochMin: number, actor: string): Promise<StoredEnvironment> {
  const before = await findEnvironment(tx)
  if (before === undefined)
    throw new AppError('dual_write.conflict', 'This installation has never been started; its first start arms it')
  if (before.armed) throw new AppError('dual_write.conflict', 'This installation is armed already')
  await rearm(tx, place, actor, epochMin)
  const after = await load(tx)
  const details = { reason: before.reason, before: before.installation, fingerprint: after.installation }
  await insertActivity(tx, { map: null, actor, action: 'armed', details })
  await notifyWorkers(tx)
  return after
}

/** The connector as the engine uses it: every write carries the fingerprint, and none is made while the installation is not armed. */
export function guardedConnector(connector: Connector, guard: EnvironmentGuard): Connector {
  const signed = (group: WriteGroup): WriteGroup => ({ ...group, environment: guard.fingerprint() })
  const refused = ({ writes }: WriteGroup): GroupOutcome =>
    writes.map(() => ({ kind: 'retry', afterMs: REFUSED_RETRY_MS, reason: REFUSED }))
  const { writeGroups } = connector
  return {
    ...connector,
    async writeGroup(group, signal) {
      return guard.isArmed() ? connector.writeGroup(signed(group), signal) : refused(group)
    },
    ...(writeGroups === undefined
      ? {}
      : {
          async writeGroups(groups: readonly WriteGroup[], signal: AbortSignal) {
            return guard.isArmed() ? writeGroups(groups.map(signed), signal) : groups.map(refused)
          },
        }),
  }
}

const SET_BACK = 'The database was set back to an earlier state: it no longer knows what this installation has seen and written'

/** Why this is not the installation that was armed, in a sentence. Undefined: it is. */
function reasonAgainst(stored: StoredEnvironment, place: Place, mark: Mark | undefined): string | undefined {
  if (stored.systemIdentifier !== place.systemIdentifier)
    return 'The database is on another server than the one on which it was armed: it is a copy or a restored backup'
  if (stored.databaseOid !== place.databaseOid) return 'The database is a copy or a restored backup of the one that was armed'
  if (stored.erp !== place.erp) return `It was armed for the ERP ${stored.erp}, and is to write to ${place.erp} now`
  if (mark === undefined || stored.former.includes(mark.installation)) return undefined
  if (mark.installation !== stored.installation)
    return 'The folder of this installation belongs to another database, or knows a later state of this one'
  return mark.epoch > stored.epoch ? SET_BACK : undefined
}

function environmentOf(stored: StoredEnvironment, erp: string): Environment {
  const { installation: fingerprint, armed, reason, armedBy, armedAt } = stored
  return { fingerprint, armed, reason, armedBy, armedAt, erp }
}
