import { required } from '#lib/assert.ts'
import type { ColumnDefinition } from '#tables/definition.ts'
import type { QueryRow } from '#tables/row-query.ts'
import type { ColumnValue, RowValues } from '#tables/rows.queries.ts'
import type { Side } from '../facets-control.ts'
import type { Agreed } from '../links.queries.ts'
import { passes } from '../mapping/filter.ts'
import { textOf } from '../mapping/values.ts'
import type { MergeRule, TableMap } from '../table-map.ts'
import { goesToErp, isEdited, isFilledElsewhere, type Known, type Merge, merge, ruleOf } from './merge.ts'

export type FirstMerge = Merge & {
  /** Columns that the ERP must be told: the portal's value has won and no edit of it is on its way. */
  sends: string[]
}

/** The map as it holds in a first copy: columns without a rule of their own follow the side that was chosen for it. */
export function withWinner(map: TableMap, winner: Side): TableMap {
  const chosen = <T extends { hasRule: boolean; wins: MergeRule }>(one: T): T => (one.hasRule ? one : { ...one, wins: winner })
  return { ...map, winner, columns: map.columns.map(chosen), lookups: map.lookups.map(chosen) }
}

/**
 * The merge of a first copy, where edits of the portal may never have been captured: what differs from the last agreement counts as one.
 * Where the sides have never agreed on anything, each column follows its rule: but what waits to be sent is somebody's edit of this minute
 * and stays, and an empty column of the portal is no value to win with.
 */
export function mergeFirst(
  map: TableMap,
  local: QueryRow,
  agreed: Agreed | undefined,
  incoming: RowValues,
  pending: ReadonlySet<string>,
  known: Known = {},
): FirstMerge {
  if (agreed === undefined) return mergeStrangers(map, local, incoming, pending)
  const edited = Object.keys(incoming).filter((name) => isEdited(map, name, local, agreed))
  const merged = merge(map, local, agreed, incoming, new Set([...pending, ...edited]), known)
  const sends = edited.filter((name) => !pending.has(name) && !(name in merged.changes) && differs(map, name, local, incoming))
  return { ...merged, sends }
}

function mergeStrangers(map: TableMap, local: QueryRow, incoming: RowValues, pending: ReadonlySet<string>): FirstMerge {
  const merged: FirstMerge = { changes: {}, agreed: {}, conflicts: [], altered: [], sends: [] }
  // Of a new row every column waits, the id among them: that is no edit of a value.
  const isNew = pending.has(map.table.idColumn)
  for (const [name, value] of Object.entries(incoming)) {
    const column = columnOf(map, name)
    const ours = textOf(column, local[name])
    const theirs = textOf(column, value)
    if (isFilledElsewhere(map, name) && theirs === null) continue
    ;(merged.agreed as Record<string, string | null>)[name] = theirs
    if (ours === theirs) continue
    const isEdit = pending.has(name) && !isNew
    const isOurs = goesToErp(map, name) && ours !== null && (isEdit || isPortals(ruleOf(map, name), local))
    if (!isOurs) (merged.changes as Record<string, ColumnValue>)[name] = value
    else if (!pending.has(name)) merged.sends.push(name)
    if (ours !== null && goesToErp(map, name) && !isNew)
      merged.conflicts.push({
        map: map.name,
        column: name,
        winner: isOurs ? 'portal' : 'erp',
        rule: isEdit ? 'an edit of this minute stays in a first copy' : nameOf(ruleOf(map, name)),
        kept: isOurs ? ours : theirs,
        lost: isOurs ? theirs : ours,
      })
  }
  return merged
}

/** Nothing tells which value is the newer one where neither side has told of an edit: then the ERP's stays. */
function isPortals(rule: MergeRule, local: QueryRow): boolean {
  return typeof rule === 'object' ? passes(rule.portalWhile, local) : rule === 'portal'
}

function nameOf(rule: MergeRule): string {
  return typeof rule === 'object' ? `portal while ${rule.text}` : rule
}

function differs(map: TableMap, name: string, local: QueryRow, incoming: RowValues): boolean {
  const column = columnOf(map, name)
  return textOf(column, local[name]) !== textOf(column, incoming[name])
}

function columnOf(map: TableMap, name: string): ColumnDefinition {
  return required(map.table.columns.get(name), `${map.table.name}.${name}`)
}
