import { z } from 'zod'
import type * as control from '#dual-write/facets-control.ts'
import type * as rows from '#dual-write/facets-rows.ts'
import type * as watch from '#dual-write/facets-watch.ts'
import { direction, side } from './operation.ts'

/**
 * The shapes of what the sync engine answers, as the OpenAPI document tells them. The compiler holds each equal to the engine's own type
 * (`same`), so the document cannot promise anything else.
 */
const text = z.string()
const time = z.iso.datetime()
const count = z.number().int()
const severity = z.enum(['error', 'warning'])

/** Fails to compile where a shape and the engine's type differ. */
function same<Engine>() {
  return <Shape extends z.ZodType<Engine>>(shape: Shape & (Engine extends z.infer<Shape> ? unknown : never)): Shape => shape
}

export const state = z.enum(['not_running', 'initializing', 'running', 'paused', 'resuming'])
export const prerequisite = same<control.Prerequisite>()(
  z.object({ map: text, title: text, state, reason: text, required: z.boolean() }),
)
export const losses = same<control.Losses>()(
  z.object({
    toErp: count,
    toPortal: count,
    samples: z.array(z.object({ direction, key: text, remoteKey: text.nullable(), operation: text, columns: z.array(text) })),
    token: text,
  }),
)
export const activity = same<control.Activity>()(
  z.object({ id: count, at: time, map: text.nullable(), actor: text, action: text, details: z.record(text, z.unknown()) }),
)
export const finding = same<control.Finding>()(
  z.object({ code: text, severity, at: text, line: count.nullable(), column: text.nullable(), message: text, remedy: text }),
)
const previewed = z.array(
  z.object({
    key: text,
    excluded: z.boolean(),
    columns: z.array(
      z.object({
        column: text.nullable(),
        field: text.nullable(),
        source: text.nullable(),
        value: text.nullable(),
        note: text.nullable(),
      }),
    ),
  }),
)
export const mapPreview = same<control.MapPreview>()(
  z.object({ findings: z.array(finding), toPortal: previewed, toErp: previewed }),
)
const texts = z.array(text)
export const mapSchemas = same<control.MapSchemas>()(
  z.object({
    table: text,
    entity: text,
    columns: z.array(
      z.object({
        name: text,
        labels: z.record(text, text),
        type: text,
        length: count.nullable(),
        required: z.boolean(),
        readOnly: z.boolean(),
        paths: texts,
      }),
    ),
    fields: z.array(z.object({ name: text, type: text, nullable: z.boolean(), isKey: z.boolean(), members: texts })).nullable(),
    unreachable: text.nullable(),
    keys: z.array(z.object({ name: text, columns: texts })),
    lists: z.array(z.object({ name: text, entries: z.array(z.object({ erp: text, portal: text.nullable() })) })),
    functions: z.array(z.object({ signature: text, about: text, example: text })),
  }),
)
export const mapText = z.object({ text, version: text, source: z.enum(['shipped', 'folder', 'stored']) })
export const mapVersion = same<control.MapVersion>()(
  z.object({ version: text, publisher: text, at: time, by: text, message: text, active: z.boolean() }),
)
export const bundle = same<control.MapBundle>()(
  z.object({
    format: z.literal('comptoir-maps/1'),
    from: text,
    at: time,
    maps: z.array(z.object({ name: text, text })),
    values: text,
  }),
)
export const mapDifference = same<control.MapDifference>()(
  z.object({
    map: text,
    kind: z.enum(['added', 'changed', 'same', 'missing']),
    from: text.nullable(),
    to: text.nullable(),
    changes: z.array(text),
    findings: z.array(finding),
  }),
)

const valuePair = z.object({ erp: text, portal: z.union([text, z.number(), z.boolean()]).nullable() })
export const sharedList = same<control.SharedList>()(
  z.object({
    name: text,
    pairs: z.array(valuePair),
    revision: text,
    maps: texts,
    saved: z.object({ by: text, at: time, isNew: z.boolean() }).nullable(),
  }),
)
export const listPlan = same<control.ListPlan>()(
  z.object({
    changes: texts,
    maps: z.array(z.object({ map: text, carried: z.boolean(), findings: z.array(finding) })),
  }),
)

export const copyPart = same<control.CopyPart>()(
  z.object({
    company: text,
    direction,
    state: z.enum(['waiting', 'running', 'done']),
    rowsDone: count,
    rowsTotal: count.nullable(),
    created: count,
    updated: count,
    unchanged: count,
    failed: count,
    rowsPerSecond: z.number().nullable(),
    msLeft: z.number().nullable(),
    startedAt: time.nullable(),
    finishedAt: time.nullable(),
    lastPageAt: time.nullable(),
  }),
)
export const copyErrorGroup = same<control.CopyErrorGroup>()(
  z.object({ code: text, reason: text, count, exampleKey: text, remedy: text }),
)
export const outcomeKind = z.enum(['created', 'updated', 'unchanged', 'excluded', 'ignored', 'failed'])
export const copyOutcome = same<control.CopyOutcome>()(
  z.object({
    map: text,
    company: text,
    direction,
    key: text,
    kind: outcomeKind,
    code: text.nullable(),
    reason: text.nullable(),
    at: time,
  }),
)
export const dryRun = same<control.DryRun>()(
  z.object({
    map: text,
    parts: z.array(
      z.object({
        company: text,
        direction,
        created: count,
        changed: count,
        unchanged: count,
        deleted: count,
        refused: count,
        excluded: count,
      }),
    ),
    samples: z.array(
      z.object({
        company: text,
        direction,
        kind: z.enum(['created', 'changed', 'deleted', 'refused']),
        key: text,
        reason: text.nullable(),
        columns: z.array(z.object({ column: text, before: text.nullable(), after: text.nullable(), decidedBy: text })),
      }),
    ),
  }),
)

export const comparison = same<rows.Comparison>()(
  z.object({
    equal: z.boolean(),
    at: time.nullable(),
    maps: z.array(
      z.object({
        map: text,
        company: text,
        rows: count,
        differences: count,
        explained: count,
        comparedAt: time.nullable(),
        rangesRead: count,
        rangesCompared: count,
      }),
    ),
  }),
)
export const difference = same<rows.Difference>()(
  z.object({
    map: text,
    company: text,
    key: text,
    rowId: text.nullable(),
    kind: z.enum(['only_erp', 'only_portal', 'columns']),
    columns: z.array(
      z.object({ column: text, field: text, portal: text.nullable(), erp: text.nullable(), agreed: text.nullable() }),
    ),
    explanation: text.nullable(),
  }),
)
export const repaired = z.object({ repaired: count, refused: z.array(z.object({ key: text, reason: text })) })

export const parkedCluster = same<rows.ParkedCluster>()(
  z.object({
    id: text,
    map: text,
    code: text,
    pattern: text,
    count,
    exampleId: text,
    exampleReason: text,
    oldestAt: time,
    waitingBehind: count,
  }),
)
export const refusedItem = same<rows.RefusedItem>()(z.object({ id: text, reason: text }))
const queuedItem = same<rows.QueuedItem>()(
  z.object({
    id: text,
    map: text,
    direction,
    table: text,
    rowId: text.nullable(),
    remoteKey: text.nullable(),
    operation: z.enum(['create', 'update', 'delete', 'read']),
    columns: z.array(text),
    queuedAt: time,
    dueAt: time.nullable(),
    attempt: count,
    actor: text.nullable(),
    state: z.enum([
      'next',
      'under_way',
      'backing_off',
      'unreachable',
      'parent',
      'behind',
      'paused',
      'disarmed',
      'initial_sync',
      'not_running',
    ]),
    waitsFor: text,
  }),
)
export const queuedPage = z.object({ rows: z.array(queuedItem), next: text.nullable() })
export const lostValue = same<rows.LostValue>()(
  z.object({
    id: count,
    at: time,
    map: text,
    rowId: text,
    column: text,
    winner: side,
    rule: text,
    kept: text.nullable(),
    lost: text.nullable(),
    takenAt: time.nullable(),
  }),
)
export const explanation = z.object({
  map: text,
  direction: direction.nullable(),
  rowId: text.nullable(),
  remoteKey: text.nullable(),
  verdict: text,
  steps: z.array(z.object({ at: time.nullable(), step: text, text, details: z.record(text, z.unknown()) })),
  columns: z.array(
    z.object({
      column: text,
      field: text,
      direction: text,
      portal: text.nullable(),
      erp: text.nullable(),
      agreed: text.nullable(),
      note: text.nullable(),
    }),
  ),
})
export const pair = same<rows.PairSuggestion>()(
  z.object({
    map: text,
    company: text,
    rowId: text,
    remoteKey: text,
    rule: text,
    certain: z.boolean(),
    columns: z.array(z.object({ column: text, portal: text.nullable(), erp: text.nullable() })),
  }),
)

const milliseconds = z.number().nullable()
export const seriesPoint = same<watch.SeriesPoint>()(
  z.object({
    at: time,
    map: text.nullable(),
    direction,
    settled: count,
    p50Ms: milliseconds,
    p95Ms: milliseconds,
    p99Ms: milliseconds,
  }),
)
const figures = same<watch.LatencyFigures>()(
  z.object({ count, p50Ms: milliseconds, p95Ms: milliseconds, p99Ms: milliseconds, lastBeatAt: time.nullable() }),
)
export const latency = z.object({ toErp: figures, toPortal: figures })
export const healthFinding = same<watch.HealthFinding>()(
  z.object({
    code: text,
    severity: z.enum(['error', 'warning', 'ok']),
    map: text.nullable(),
    message: text,
    remedy: text.nullable(),
  }),
)
export const alertRule = same<watch.AlertRule>()(
  z.object({
    id: count,
    title: z.string().trim().min(1).max(200),
    map: text.nullable(),
    kind: z.enum(['parked', 'failed', 'lag', 'difference', 'unreachable']),
    count: z.number().int().min(1),
    windowMinutes: z.number().int().min(1).max(10_080),
    action: z.object({ mail: z.array(z.email()).max(50), webhook: z.url().nullable(), pause: z.boolean() }),
    enabled: z.boolean(),
  }),
)
export const alert = same<watch.Alert>()(
  z.object({
    id: count,
    ruleId: count,
    title: text,
    map: text.nullable(),
    at: time,
    count,
    text,
    delivered: z.array(text),
  }),
)
export const environment = same<watch.Environment>()(
  z.object({
    fingerprint: text,
    armed: z.boolean(),
    reason: text.nullable(),
    armedBy: text.nullable(),
    armedAt: time.nullable(),
    erp: text,
  }),
)
