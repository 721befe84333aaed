import type { InitialSyncProgress as EngineProgress, MapStatus as EngineStatus } from '#dual-write/status.ts'
import { type ColumnMap, fieldsOfTarget, type LookupMap, type TableMap } from '#dual-write/table-map.ts'
import { filterText } from '#lib/odata/print-filter.ts'
import type { ColumnMapping, InitialSyncProgress, MapDetail, MapStatus, Transform } from '../wire.ts'

/** An error is shown as long as something waits, and for a while after: what was overcome long ago alarms nobody. */
const ERROR_SHOWN_MS = 10 * 60_000

/** The state of a map as Studio shows it: what the engine says, with the ways the map carries at all. */
export function statusView(status: EngineStatus, map: TableMap | undefined, nowMs: number): MapStatus {
  return {
    name: status.name,
    title: status.title,
    titleFr: map?.titles.fr ?? null,
    version: status.version,
    table: status.table,
    entity: status.entity,
    carries: { toErp: map?.writes ?? true, toPortal: true },
    state: status.state,
    rows: map === undefined || map.rows === 'own' ? status.rows : null,
    queued: status.queued,
    parked: status.parked,
    lagMs: status.lagMs,
    perMinute: status.perMinute,
    differences: status.differences,
    comparedAt: status.comparedAt,
    scopes: status.scopes.map(({ company, direction, since, queued }) => ({ company, direction, since, queued })),
    misses: status.misses,
    lastError: isOvercome(status, nowMs) ? null : status.lastError,
    initialSync: status.initialSync === null ? null : progressView(status.initialSync),
  }
}

function isOvercome({ queued, parked, initialSync, lastError }: EngineStatus, nowMs: number): boolean {
  const waits = queued.toErp + queued.toPortal + parked > 0 || initialSync?.state === 'running'
  return !waits && lastError !== null && nowMs - Date.parse(lastError.at) > ERROR_SHOWN_MS
}

/** The columns and filters of a map, as far as its definition says them. */
export function definitionView(map: TableMap): MapDetail {
  const { erp, portal } = map.filter
  return {
    filters: { erp: erp === undefined ? null : filterText(erp), portal: portal === undefined ? null : filterText(portal) },
    columns: [...map.lookups.map((one) => lookupView(map, one)), ...map.columns.map((one) => columnView(map, one))].sort(
      (a, b) => Number(b.isKey) - Number(a.isKey),
    ),
  }
}

function progressView({ state, rowsDone, rowsTotal, failed, rowsPerSecond, msLeft }: EngineProgress): InitialSyncProgress {
  // Whole seconds, so that a picture that stands still is the same picture.
  return { state, rowsDone, rowsTotal, failed, rowsPerSecond, secondsLeft: msLeft === null ? null : Math.round(msLeft / 1_000) }
}

function columnView(map: TableMap, one: ColumnMap): ColumnMapping {
  const name = one.column?.name
  const transforms: Transform[] = []
  if (one.values !== undefined)
    transforms.push({
      kind: 'values',
      pairs: [...one.values.toPortal].map(([theirs, ours]): [string, string] => [memberOf(one, ours), theirs]),
    })
  if (one.constant !== undefined) transforms.push({ kind: 'constant', value: String(one.constant) })
  if (one.lowerCase) transforms.push({ kind: 'lowerCase' })
  if (one.elseColumn !== undefined) transforms.push({ kind: 'fillFrom', path: one.elseColumn })
  transforms.push(...fillView(map, name))
  return {
    column: name ?? '',
    field: one.field ?? '',
    direction: directionOf(one),
    transforms,
    isKey: name !== undefined && map.key.includes(name),
  }
}

function lookupView(map: TableMap, one: LookupMap): ColumnMapping {
  const fields = one.targets.flatMap(fieldsOfTarget)
  const paths = one.targets.map((target) => `${target.table.name} (${target.parts.map((part) => part.column.name).join(', ')})`)
  return {
    column: one.column.name,
    field: [...new Set(fields)].join(', '),
    direction: directionOf(one),
    transforms: [...paths.map((path): Transform => ({ kind: 'lookup', path })), ...fillView(map, one.column.name)],
    isKey: map.key.includes(one.column.name),
  }
}

function fillView(map: TableMap, column: string | undefined): Transform[] {
  const source = column === undefined ? undefined : map.fillFrom?.columns.get(column)
  return source === undefined ? [] : [{ kind: 'fillFrom', path: `${map.fillFrom?.through}.${source}` }]
}

/** A choice is read by its member's name, as people know it, not by its number. */
function memberOf(one: ColumnMap, value: string | number | boolean | null): string {
  for (const [member, number] of one.column?.options ?? []) if (number === value) return member
  return String(value ?? '')
}

function directionOf(one: { toErp: boolean; toPortal: boolean }): ColumnMapping['direction'] {
  if (one.toErp && one.toPortal) return 'both'
  return one.toErp ? 'toErp' : 'toPortal'
}
