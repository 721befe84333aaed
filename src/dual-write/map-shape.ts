import { createHash } from 'node:crypto'
import type { ValueLists } from './mapping/map-file.ts'
import { sentColumns, type TableMap } from './table-map.ts'
import { readYamlText } from './yaml-text.ts'

/** What of a map decides which values stand on both sides: small enough to be kept, and to be compared with the next version's. */
export type MapShape = {
  hash: string
  table: string
  entity: string
  /** The columns whose edits are captured. */
  sent: string[]
  /** How each column gets its value, as a hash. */
  toPortal: Record<string, string>
  toErp: Record<string, string>
  /** Both directions of a column are new, and this side's value stays. */
  winner: 'erp' | 'portal'
  erpFilter: string
  portalFilter: string
}

/** Told from the map's own words, so that another version of this program finds the same. */
export function shapeOf(map: TableMap, source: { text: string; lists: ValueLists }): MapShape {
  const content = readYamlText(source.text) as { columns: readonly Record<string, unknown>[] }
  const words = new Map<string, string>()
  for (const { dir: _, wins: __, ...entry } of content.columns) {
    const name = String(entry.column ?? '').split(/[.(]/, 1)[0] ?? ''
    const values = typeof entry.values === 'string' ? source.lists[entry.values] : entry.values
    // Several entries may fill one column: all of them count.
    words.set(name, `${words.get(name) ?? ''}${JSON.stringify({ ...entry, values })}`)
  }
  const shape = {
    table: map.table.name,
    entity: map.entity,
    sent: map.writes ? sentColumns(map).sort() : [],
    toPortal: {} as Record<string, string>,
    toErp: {} as Record<string, string>,
    winner: map.initialWinner,
    erpFilter: JSON.stringify(map.filter.erp ?? null),
    portalFilter: JSON.stringify(map.filter.portal ?? null),
  }
  for (const { column, toPortal, toErp } of [...map.columns, ...map.lookups]) {
    if (column === undefined) continue
    const hash = hashOf(words.get(column.name) ?? '')
    if (toPortal) shape.toPortal[column.name] = hash
    if (toErp) shape.toErp[column.name] = hash
  }
  return { hash: hashOf(JSON.stringify(shape)), ...shape }
}

/** What a new version of a map has to carry over for the rows that are there. */
export type Carrying = {
  /** Linked records are read again. */
  toPortal: boolean
  /** Columns that linked rows tell the ERP. */
  toErp: string[]
  /** Records or rows may have come into the filter, or left it. */
  enteringErp: boolean
  enteringPortal: boolean
}

/** Only what is new or mapped in another way; undefined where that is nothing. */
export function carryingBetween(before: MapShape, after: MapShape): Carrying | undefined {
  const isAnother = before.table !== after.table || before.entity !== after.entity
  const changedIn = (way: 'toPortal' | 'toErp') =>
    Object.keys(after[way]).filter((name) => isAnother || before[way][name] !== after[way][name])
  const outbound = changedIn('toErp')
  const isPortals = (name: string) => after.toPortal[name] === undefined || after.winner === 'portal'
  const carrying = {
    toPortal: changedIn('toPortal').length > 0 || outbound.some((name) => !isPortals(name)),
    toErp: outbound.filter(isPortals),
    enteringErp: isAnother || before.erpFilter !== after.erpFilter,
    enteringPortal: isAnother || before.portalFilter !== after.portalFilter,
  }
  const isNothing = !carrying.toPortal && carrying.toErp.length === 0 && !carrying.enteringErp && !carrying.enteringPortal
  return isNothing ? undefined : carrying
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 16)
}
