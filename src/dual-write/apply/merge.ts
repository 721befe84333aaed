import { required } from '#lib/assert.ts'
import { round } from '#lib/decimal.ts'
import type { PendingEdit } from '#tables/changes.queries.ts'
import type { ColumnDefinition } from '#tables/definition.ts'
import type { QueryRow } from '#tables/row-query.ts'
import type { ColumnValue, RowValues } from '#tables/rows.queries.ts'
import type { NewConflict } from '../conflicts.queries.ts'
import type { Side } from '../facets-control.ts'
import type { Agreed } from '../links.queries.ts'
import { passes } from '../mapping/filter.ts'
import { textOf } from '../mapping/values.ts'
import { erpColumnsOf, type MergeRule, type TableMap } from '../table-map.ts'

export type Merge = {
  /** What the row must change to follow the record. */
  changes: RowValues
  /** What both sides agree on afterwards. */
  agreed: Agreed
  conflicts: Omit<NewConflict, 'rowId'>[]
  /** Values that the portal had sent and the ERP has made others of. */
  altered: { column: string; sent: string | null; became: string | null }[]
}

/** What else is known of the two sides' edits. */
export type Known = {
  /** Our pending edits, by column. */
  ours?: ReadonlyMap<string, PendingEdit> | undefined
  /** When the record was changed, as far as the ERP or its notice says. */
  theirsAt?: string | undefined
  /** Columns whose values the portal has sent at some time. */
  sent?: readonly string[] | null | undefined
}

/**
 * Three ways, column by column: what we last agreed on, our row, the record. A column that only one side changed follows that side. One
 * that both changed follows its rule, and the value that lost is kept. `pending` are our edits that have not been sent.
 */
export function merge(
  map: TableMap,
  local: QueryRow,
  agreed: Agreed | undefined,
  incoming: RowValues,
  pending: ReadonlySet<string>,
  known: Known = {},
): Merge {
  const merged = { changes: {} as Record<string, ColumnValue>, agreed: { ...agreed } as Record<string, string | null> }
  const conflicts: Merge['conflicts'] = []
  const altered: Merge['altered'] = []
  for (const [name, value] of Object.entries(incoming)) {
    const column = required(map.table.columns.get(name), `${map.table.name}.${name}`)
    const ours = textOf(column, local[name])
    const theirs = textOf(column, value)
    const before = agreed?.[name]
    if (theirs === null && (isFilledElsewhere(map, name) || isUntoldLookup(map, name, agreed, known))) continue
    merged.agreed[name] = theirs
    if (ours === theirs) continue
    const isSent = goesToErp(map, name)
    if (!pending.has(name) || !isSent) {
      merged.changes[name] = value
      if (isSent && before !== undefined && before !== null && theirs !== before && known.sent?.includes(name) === true)
        altered.push({ column: name, sent: before, became: theirs })
      if (!isSent && before !== undefined && ours !== null && ours !== asStored(column, before))
        conflicts.push({ map: map.name, column: name, winner: 'erp', rule: ERP_ONLY, kept: theirs, lost: ours })
      continue
    }
    // Agreed on before and unchanged there since, or never told to the ERP: our edit goes out.
    const told = known.sent?.includes(name) === true
    if (agreed !== undefined && ((before === undefined && !told) || theirs === before)) continue
    // Our own earlier value, of an attempt whose answer was lost.
    const edit = known.ours?.get(name)
    const earlier = [...(edit?.passed ?? []), ...(before === undefined && edit !== undefined ? [edit.before] : [])]
    if (earlier.some((value) => textOf(column, value) === theirs)) continue
    const { winner, rule } = decide(ruleOf(map, name), name, { ...local, ...incoming }, known)
    const [kept, lost] = winner === 'erp' ? [theirs, ours] : [ours, theirs]
    // Without a link our own create is on its way, and the ERP's answer completes it; only what was edited here after it can lose.
    const isEditedSince = (edit?.passed ?? []).length > 0
    if (agreed !== undefined || isEditedSince) conflicts.push({ map: map.name, column: name, winner, rule, kept, lost })
    if (winner === 'erp') merged.changes[name] = value
  }
  return { ...merged, conflicts, altered }
}

const ERP_ONLY = 'the column comes from the ERP alone'

/** `row` is ours with what the ERP says laid over it: a document state of the ERP counts as soon as it is known. */
function decide(rule: MergeRule, column: string, row: RowValues, known: Known): { winner: Side; rule: string } {
  if (typeof rule === 'object')
    return { winner: passes(rule.portalWhile, row) ? 'portal' : 'erp', rule: `portal while ${rule.text}` }
  if (rule !== 'newest') return { winner: rule, rule }
  const ours = known.ours?.get(column)?.at
  const isOursNewer = ours !== undefined && (known.theirsAt === undefined || Date.parse(ours) > Date.parse(known.theirsAt))
  return { winner: isOursNewer ? 'portal' : 'erp', rule }
}

export function ruleOf(map: TableMap, name: string): MergeRule {
  const column = map.columns.find((one) => one.toPortal && one.column?.name === name)
  const lookup = map.lookups.find((one) => one.column.name === name || `${one.column.name}type` === name)
  return column?.wins ?? lookup?.wins ?? map.winner
}

/** Whether our value of a column that goes to the ERP is another than the last agreed one. */
export function isEdited(map: TableMap, name: string, local: QueryRow, agreed: Agreed): boolean {
  const before = agreed[name]
  if (before === undefined || !goesToErp(map, name)) return false
  const column = required(map.table.columns.get(name), `${map.table.name}.${name}`)
  return textOf(column, local[name]) !== asStored(column, before)
}

/** PostgreSQL has rounded what the ERP said to the column's places: that is no edit. */
function asStored(column: ColumnDefinition, text: string | null): string | null {
  return text === null || column.scale === undefined ? text : textOf(column, round(text, column.scale))
}

/** The portal fills the column itself while the ERP has nothing for it. */
export function isFilledElsewhere(map: TableMap, column: string): boolean {
  return map.fillFrom?.columns.has(column) ?? false
}

/** It leads to a row that the ERP does not know, so that it could not be told: that the ERP has nothing there says nothing. */
function isUntoldLookup(map: TableMap, name: string, agreed: Agreed | undefined, known: Known): boolean {
  if (agreed?.[name] !== undefined || known.sent?.includes(name) === true) return false
  return map.lookups.some((one) => one.toErp && (one.column.name === name || `${one.column.name}type` === name))
}

export function goesToErp(map: TableMap, column: string): boolean {
  return (
    map.columns.some((one) => one.toErp && (erpColumnsOf(one).includes(column) || one.elseColumn === column)) ||
    map.lookups.some((one) => one.toErp && (one.column.name === column || `${one.column.name}type` === column))
  )
}
