import { AppError, messageOf } from '#lib/app-error.ts'
import type { Tx } from '#postgres/database.ts'
import { countFailing, countParkedSince } from '#tables/troubled-changes.queries.ts'
import {
  addDelivery,
  countDifferences,
  countFailingRecords,
  countParkedRecordsSince,
  deleteRule,
  insertAlert,
  insertRule,
  listAlerts,
  listRules,
  type StoredRule,
  setStanding,
  updateRule,
} from './alerts.queries.ts'
import { type Core, PARENT, UNREACHABLE } from './core.ts'
import type { Alerting, AlertRule } from './facets-watch.ts'
import { checkHealth } from './health.ts'
import { findMap } from './lifecycle.ts'
import { insertActivity } from './maps.queries.ts'
import { listBeats } from './series.queries.ts'
import type { MapStatus } from './status.ts'

/** How alerts leave the house. Made by composition; without it they stay in the list. */
export type Notify = {
  /** Stores a mail in the transaction of the alert. */
  mail(tx: Tx, message: { to: string; subject: string; text: string }): Promise<void>
  /** Posts JSON to the address. Rejects when it is not taken. */
  post(url: string, body: object, signal: AbortSignal): Promise<void>
}

export type AlertWatch = Alerting & {
  /** Holds every rule against what is now; by the working process, every few seconds. A rule that was changed holds at the next time. */
  evaluateAlerts(signal: AbortSignal): Promise<void>
}

type Parts = {
  core: Core
  notify: Notify | undefined
  status(): Promise<MapStatus[]>
  pauseMap(name: string, actor: string): Promise<void>
}

/** Counted so far; a rule that asks for more than that asks for too much. */
const COUNT_MAX = 100_000
/** Set aside by a person: no trouble. */
const PAUSED = 'dual_write.paused'
const POST_MS_MAX = 10_000
const POSTS_MAX = 3
const POST_AGAIN_MS = 2_000

export function createAlerting(parts: Parts): AlertWatch {
  const { core } = parts
  const { database } = core
  return {
    checkHealth: () => checkHealth(core, parts.status),
    listAlertRules: () => database.read(async (tx) => (await listRules(tx)).map(ruleOf)),
    putAlertRule: (rule, actor) => database.transaction((tx) => putRule(core, tx, rule, actor)),
    deleteAlertRule: (id, actor) =>
      database.transaction(async (tx) => {
        const title = await deleteRule(tx, id)
        if (title === undefined) throw noSuchRule(id)
        await insertActivity(tx, { map: null, actor, action: 'removed an alert rule', details: { id, title } })
      }),
    listAlerts: (page) => database.read((tx) => listAlerts(tx, { before: page.before ?? null, rowsMax: page.rowsMax })),
    evaluateAlerts: (signal) => evaluate(parts, signal),
  }
}

async function putRule(core: Core, tx: Tx, rule: Parameters<Alerting['putAlertRule']>[0], actor: string): Promise<AlertRule> {
  const { id: given, ...content } = rule
  if (content.map !== null) findMap(core, content.map)
  if (content.kind !== 'lag' && content.count > COUNT_MAX)
    throw new AppError('request.invalid', `A rule counts up to ${COUNT_MAX}; ${content.count} would never be reached`)
  const { mail, webhook, pause } = content.action
  if (mail.length === 0 && webhook === null && !pause)
    throw new AppError(
      'request.invalid',
      'The rule would tell nobody: give it a mail address, a webhook, or let it pause the map',
    )
  const id = given ?? (await insertRule(tx, content))
  if (given !== undefined && !(await updateRule(tx, { ...content, id }))) throw noSuchRule(id)
  const action = given === undefined ? 'made an alert rule' : 'changed an alert rule'
  await insertActivity(tx, { map: content.map, actor, action, details: { id, ...content } })
  return { ...content, id }
}

async function evaluate(parts: Parts, signal: AbortSignal): Promise<void> {
  const { core } = parts
  const rules = (await core.database.read(listRules)).filter((rule) => rule.enabled)
  if (rules.length === 0) return
  const status = await parts.status()
  for (const rule of rules) {
    if (signal.aborted) return
    const count = await core.database.read((tx) => countFor(core, tx, rule, status))
    const stands = count >= rule.count
    if (stands && rule.isWindowOver) await tell(parts, rule, count, signal)
    else if (!stands && rule.standingSince !== null) await core.database.transaction((tx) => setStanding(tx, rule.id, false))
  }
}

async function countFor(core: Core, tx: Tx, rule: StoredRule, status: readonly MapStatus[]): Promise<number> {
  const { map, windowMinutes } = rule
  switch (rule.kind) {
    case 'parked':
      return (
        (await countParkedSince(tx, { subscriber: map, windowMinutes, countMax: COUNT_MAX })) +
        (await countParkedRecordsSince(tx, { map, windowMinutes, countMax: COUNT_MAX }))
      )
    case 'failed':
      return countTroubled(tx, map, { codes: null, without: [PARENT, PAUSED] })
    case 'lag':
      return Math.max(
        0,
        ...status.filter((one) => map === null || one.name === map).map((one) => Math.max(one.lagMs.toErp, one.lagMs.toPortal)),
      )
    case 'difference':
      return countDifferences(tx, map)
    case 'unreachable':
      return (await countTroubled(tx, map, { codes: [UNREACHABLE], without: [] })) + (await silentBeats(core, tx, windowMinutes))
    default:
      return rule.kind satisfies never
  }
}

async function countTroubled(
  tx: Tx,
  map: string | null,
  of: { codes: readonly string[] | null; without: readonly string[] },
): Promise<number> {
  const changes = await countFailing(tx, { subscriber: map, ...of, countMax: COUNT_MAX })
  return changes + (await countFailingRecords(tx, { map, ...of, countMax: COUNT_MAX }))
}

/** Directions whose way has not been found open within the window: without traffic nothing waits, and yet nothing would arrive. */
async function silentBeats(core: Core, tx: Tx, windowMinutes: number): Promise<number> {
  const beats = await listBeats(tx)
  return beats.filter((beat) => core.clock.nowMs() - Date.parse(beat.at) > windowMinutes * 60_000).length
}

async function tell(parts: Parts, rule: StoredRule, count: number, signal: AbortSignal): Promise<void> {
  const { core, notify } = parts
  const text = textFor(rule, count)
  const id = await core.database.transaction(async (tx) => {
    const delivered: string[] = []
    for (const to of notify === undefined ? [] : rule.action.mail) {
      await notify?.mail(tx, { to, subject: `Dual-write: ${rule.title}`, text })
      delivered.push(`mail to ${to}`)
    }
    await setStanding(tx, rule.id, true)
    return insertAlert(tx, { ruleId: rule.id, title: rule.title, map: rule.map, count, text, delivered })
  })
  if (rule.action.pause) await pause(parts, rule, id)
  const { webhook } = rule.action
  if (webhook === null || notify === undefined) return
  const delivery = await post(
    parts,
    notify,
    webhook,
    { alert: id, rule: rule.title, map: rule.map, kind: rule.kind, count, text },
    signal,
  )
  await core.database.transaction((tx) => addDelivery(tx, id, delivery))
}

async function pause({ core, status, pauseMap }: Parts, rule: StoredRule, alert: number): Promise<void> {
  for (const map of await status()) {
    if (map.state !== 'running' || (rule.map !== null && map.name !== rule.map)) continue
    await pauseMap(map.name, `alert rule "${rule.title}"`)
    await core.database.transaction((tx) => addDelivery(tx, alert, `paused ${map.name}`))
  }
}

/** Answers what became of it. */
async function post({ core }: Parts, notify: Notify, url: string, body: object, signal: AbortSignal): Promise<string> {
  const { host } = new URL(url)
  for (let attempt = 1; ; attempt++) {
    try {
      await notify.post(url, body, AbortSignal.any([signal, AbortSignal.timeout(POST_MS_MAX)]))
      return `posted to ${host}`
    } catch (error) {
      // The path of a webhook is often its secret.
      core.log.warn({ host, attempt, reason: messageOf(error).replaceAll(url, host) }, 'an alert could not be posted')
      if (attempt >= POSTS_MAX || signal.aborted) return `not taken by ${host}`
      await core.clock.sleep(POST_AGAIN_MS, signal)
    }
  }
}

function textFor(rule: StoredRule, count: number): string {
  const where = rule.map === null ? 'all table maps' : `the table map ${rule.map}`
  const what = {
    parked: `${count} changes were parked within ${rule.windowMinutes} minutes`,
    failed: `${count} changes fail and are tried again`,
    lag: `the oldest change has waited for ${Math.round(count / 1_000)} seconds`,
    difference: `${count} rows differ between both sides`,
    unreachable: `the ERP cannot be reached; ${count} changes or probes wait for it`,
  }[rule.kind]
  return `Of ${where}: ${what}. The rule "${rule.title}" tells from ${rule.count} on.`
}

function ruleOf({ standingSince: _, isWindowOver: __, ...rule }: StoredRule): AlertRule {
  return rule
}

function noSuchRule(id: number): AppError {
  return new AppError('dual_write.not_found', `There is no alert rule ${id}`)
}
