import { labelOf } from '#tables/definition.ts'
import type { Prerequisite } from './facets-control.ts'
import type { TableMapState } from './map-state.ts'
import { dependsOn } from './mapping/order.ts'
import type { TableMap } from './table-map.ts'

/**
 * Maps that make what rows of `map` look up, and what those need in turn, in the order of `maps`. Required are those without which a row
 * cannot be written at all; the others' rows are filled in later.
 */
export function prerequisitesIn(
  maps: readonly TableMap[],
  map: TableMap,
  stateOf: (name: string) => TableMapState,
): Prerequisite[] {
  const required = reach(maps, map, true)
  const all = reach(maps, map, false)
  return maps.flatMap((other) => {
    const by = all.get(other)
    if (by === undefined || other === map) return []
    const why = reasonFor(by, other)
    return [
      {
        map: other.name,
        title: other.title,
        state: stateOf(other.name),
        reason: by === map ? why : `${by.title}: ${why}`,
        required: required.has(other),
      },
    ]
  })
}

/** Each map that is needed, with the one that needs it. */
function reach(maps: readonly TableMap[], from: TableMap, requiredOnly: boolean): Map<TableMap, TableMap> {
  const found = new Map<TableMap, TableMap>()
  const open = [from]
  for (let map = open.shift(); map !== undefined; map = open.shift()) {
    for (const other of maps) {
      if (other === from || found.has(other) || !isUsual(maps, other) || !dependsOn(map, other, requiredOnly)) continue
      found.set(other, map)
      open.push(other)
    }
  }
  return found
}

/** Of maps that make rows of one table in two ways, those that begin by themselves. */
function isUsual(maps: readonly TableMap[], map: TableMap): boolean {
  return map.start === 'auto' || !maps.some((other) => other.start === 'auto' && other.table === map.table)
}

function reasonFor(map: TableMap, other: TableMap): string {
  const name = labelOf(other.table, 'en')
  if (map.rows === 'existing') return `its records fill columns of the rows that ${other.title} makes`
  if (map.group?.parent === other.name) return `its rows belong to rows of ${name}`
  const lookup = map.lookups.find((one) => one.targets.some((target) => target.table === other.table))
  if (lookup === undefined) return `its rows belong to a legal entity`
  return `its rows look up ${name} (${lookup.column.name})`
}
