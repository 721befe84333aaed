import { KEY_SEPARATOR } from '../mapping/lookup-index.ts'
import { sentColumns, type TableMap } from '../table-map.ts'
import { failedClauses } from './clauses.ts'
import type { Known } from './gather.ts'
import { stepOfHistory } from './steps.ts'

const PAUSED = 'dual_write.paused'

/** One sentence: where the row stands and why. At an earlier moment: the last that is remembered of it. */
export function verdictOf(map: TableMap, known: Known, until: string | null): string {
  if (until !== null) return verdictThen(map, known, until)
  const { link, row, waiting, notice } = known
  const stuck = waiting.find((change) => change.parked)
  if (stuck !== undefined) return `An edit of it is parked: ${stuck.reason ?? stuck.code ?? ''}`
  if (notice?.parkedAt) return `The record is parked: ${notice.reason ?? notice.code ?? ''}`
  if (known.state === 'not_running') return 'The map does not run: nothing of it travels'
  if (waiting[0]?.code === PAUSED || notice?.code === PAUSED)
    return 'Its part of the map is paused; it travels when that is resumed'
  if (known.state === 'paused' && (waiting.length > 0 || notice !== undefined))
    return 'The map is paused; what waits for it travels when it is resumed'
  if (waiting[0] !== undefined) return `An edit of it is on its way${because(waiting[0].reason)}`
  if (notice !== undefined) return `Its record is about to be read${because(notice.reason)}`
  return link === undefined ? unlinked(map, known) : linked(map, known, row !== undefined)
}

function because(reason: string | null): string {
  return reason === null ? '' : `: ${reason}`
}

function linked(map: TableMap, known: Known, hasRow: boolean): string {
  const key = known.link?.remoteKey ?? ''
  if (!hasRow) return `The row was deleted here, and the record ${key} stays, as the map says`
  if (known.unread !== null) return `The row is the record ${key}; the ERP does not answer now: ${known.unread}`
  if (known.record === undefined) return `The row is the record ${key}, which the ERP does not have any more`
  if (known.mapped?.excluded === true && map.filter.erp !== undefined)
    return `The record ${key} is outside the map's filter: ${failedClauses(map.filter.erp, known.record.fields).join('; ')}`
  return `The row is the record ${key}; nothing of it waits`
}

function unlinked(map: TableMap, known: Known): string {
  const { row, record, mapped } = known
  if (record !== undefined) {
    if (mapped?.excluded === true && map.filter.erp !== undefined)
      return `The record is outside the map's filter: ${failedClauses(map.filter.erp, record.fields).join('; ')}`
    if (mapped !== undefined && mapped.misfits.length > 0) return `The record does not fit: ${mapped.misfits.join('; ')}`
    const open = mapped?.missing.filter((one) => one.required) ?? []
    if (open.length > 0)
      return `It waits for ${open.map((one) => `${one.table.name} ${one.key.split(KEY_SEPARATOR)[0]}`).join(', ')}, which is not here`
    return 'The record has no row yet, and no notice of it has come: refresh the map'
  }
  if (row === undefined) return 'Neither the row nor the record exists now'
  if (!map.writes) return 'The map carries nothing to the ERP, and no record of this row has come'
  if (map.filter.portal !== undefined) {
    const failed = failedClauses(map.filter.portal, row)
    if (failed.length > 0) return `The row is outside the map's filter: ${failed.join('; ')}`
  }
  return `The row has not travelled: no edit of ${sentColumns(map).slice(0, 5).join(', ')} … was captured since the map runs`
}

function verdictThen(map: TableMap, known: Known, until: string): string {
  const traced = known.trace.find((one) => one.at <= until)
  const entry = known.history.find((one) => one.at <= until)
  if (traced === undefined && entry === undefined) return `Nothing is remembered of it until ${until}`
  if (entry === undefined || (traced !== undefined && traced.at >= entry.at)) return `Last until then: ${traced?.text ?? ''}`
  return `Last until then: ${stepOfHistory(map, entry).text}`
}
