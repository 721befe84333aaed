import type { AccessPlace } from '#access/sign-in.ts'
import type { Config } from '#config/config.ts'
import type { DualWrite } from '#dual-write/engine.ts'
import type { MapStatus } from '#dual-write/status.ts'
import { isAppError, messageOf } from '#lib/app-error.ts'
import type { Log } from '#log/log.ts'
import { createDemoPeople, demoGuide } from './demo.ts'
import type { Health } from './health.ts'

const LOOK_EVERY_MS = 500

/** Brings the two sides together behind a portal that answers already, says how far it is, and in the end where to go and as whom. */
export async function bringUp(options: {
  config: Config
  log: Log
  say: (text: string) => void
  health: Health
  dualWrite: DualWrite
  place: AccessPlace
  scmReady: Promise<void> | undefined
  studio: Promise<string>
}): Promise<void> {
  const { config, log, say, health, dualWrite } = options
  try {
    if (options.scmReady !== undefined) {
      say('reference ERP …')
      await options.scmReady
    }
    const before = new Set((await dualWrite.status()).filter(isSynced).map((map) => map.name))
    await dualWrite.start()
    await tellWhileSyncing(dualWrite, health, say, before)
    const people = config.demo ? await createDemoPeople(options.place, log) : []
    await options.studio.catch((error: unknown) => say(`Studio could not be built: ${messageOf(error)}`))
    health.ready()
    log.info({}, 'ready')
    say(config.demo ? demoGuide(config.publicUrl, `http://localhost:${config.scm.port}`, people) : `ready: ${config.publicUrl}`)
  } catch (error) {
    if (isAppError(error, 'dual_write.stopped')) return
    log.error(
      { reason: messageOf(error), stack: error instanceof Error ? error.stack : undefined },
      'the start did not come to its end',
    )
    health.report('start', `did not come to its end: ${messageOf(error)}`)
    say(`The start did not come to its end: ${messageOf(error)}`)
  }
}

/** `told`: maps that need no word, since they were in step before. */
async function tellWhileSyncing(
  dualWrite: DualWrite,
  health: Health,
  say: (text: string) => void,
  told: Set<string>,
): Promise<void> {
  let looking = false
  const troubles = createTroubles()
  let toldReason: string | undefined
  const look = async () => {
    if (looking) return
    looking = true
    const maps = await dualWrite.status().finally(() => {
      looking = false
    })
    const synced = maps.filter(isSynced)
    const current = maps.find((map) => map.state === 'initializing' && map.initialSync?.state === 'running')
    const progress = `${synced.length} of ${maps.length} table maps${current === undefined ? '' : `; ${describe(current)}`}`
    const reason = troubles.read(progress, maps)
    health.report('sync', reason === undefined ? progress : `${progress}; waiting: ${reason}`)
    if (reason !== undefined && reason !== toldReason) say(`  waiting: ${reason}`)
    toldReason = reason
    for (const map of synced) {
      if (map.initialSync === null || told.has(map.name)) continue
      told.add(map.name)
      say(`  ${describe(map)}`)
    }
  }
  if (told.size === 0) say('initial sync …')
  const timer = setInterval(() => void look().catch(() => undefined), LOOK_EVERY_MS)
  try {
    await dualWrite.whenRunning()
    await look()
  } finally {
    clearInterval(timer)
  }
}

/** Why nothing goes on: the error of the first map that is not in step, told since the last progress. */
function createTroubles(): { read(progress: string, maps: readonly MapStatus[]): string | undefined } {
  let last: { progress: string; errorAt: string | undefined } | undefined
  return {
    read(progress, maps) {
      const error = maps.find((map) => !isSynced(map))?.lastError ?? undefined
      // One that was there before is of an earlier start, or overcome.
      if (last?.progress !== progress) last = { progress, errorAt: error?.at }
      return error === undefined || error.at === last.errorAt ? undefined : error.reason
    },
  }
}

function isSynced(map: MapStatus): boolean {
  return map.state !== 'not_running' && map.state !== 'initializing'
}

function describe(map: MapStatus): string {
  const sync = map.initialSync
  if (sync === null) return map.title
  const total = sync.rowsTotal === null || sync.rowsTotal === sync.rowsDone ? '' : ` of ${sync.rowsTotal}`
  return `${map.title.padEnd(28)} ${sync.rowsDone}${total} rows${sync.failed > 0 ? `, ${sync.failed} not taken` : ''}`
}
