import type { Direction } from './facets-control.ts'

/** What is measured and watched all the time. See facets-control.ts for what holds for all. */

// Watching

export type Watching = Measuring & Alerting & Arming

export type Measuring = {
  /** Minutes from `since` on (hours, for what is older than a month), oldest first: settled changes and end-to-end latency of each direction. */
  readSeries(of: { map?: string | undefined; since: string }): Promise<SeriesPoint[]>
  /** End-to-end latency of real changes in the last `minutes`, per direction, and when the way was last found open. */
  readLatency(minutes: number): Promise<Record<Direction, LatencyFigures>>
}
export type Alerting = {
  checkHealth(): Promise<HealthFinding[]>
  listAlertRules(): Promise<AlertRule[]>
  putAlertRule(rule: Omit<AlertRule, 'id'> & { id?: number | undefined }, actor: string): Promise<AlertRule>
  deleteAlertRule(id: number, actor: string): Promise<void>
  listAlerts(page: { before?: number | undefined; rowsMax: number }): Promise<Alert[]>
}
export type Arming = {
  /** Which installation this is, and whether it may write to the ERP. */
  readEnvironment(): Promise<Environment>
  /** After a restored backup or a copy: from now on this installation is the one that writes. */
  arm(actor: string): Promise<Environment>
}
export type SeriesPoint = {
  at: string
  map: string | null
  direction: Direction
  settled: number
  p50Ms: number | null
  p95Ms: number | null
  p99Ms: number | null
}
export type LatencyFigures = {
  count: number
  p50Ms: number | null
  p95Ms: number | null
  p99Ms: number | null
  lastBeatAt: string | null
}
export type HealthFinding = {
  code: string
  severity: 'error' | 'warning' | 'ok'
  map: string | null
  message: string
  remedy: string | null
}
export type AlertRule = {
  id: number
  title: string
  map: string | null
  /** What is counted. */
  kind: 'parked' | 'failed' | 'lag' | 'difference' | 'unreachable'
  /** At least so many (for `lag`: milliseconds) … */
  count: number
  /** … within so long. */
  windowMinutes: number
  action: { mail: string[]; webhook: string | null; pause: boolean }
  enabled: boolean
}
export type Alert = {
  id: number
  ruleId: number
  title: string
  map: string | null
  at: string
  count: number
  text: string
  delivered: string[]
}
export type Environment = {
  fingerprint: string
  armed: boolean
  reason: string | null
  armedBy: string | null
  armedAt: string | null
  erp: string
}
