import type { TableMap } from '../table-map.ts'

/**
 * Maps in dependency order: a map stands behind those that make the rows it looks up. A circle (account ↔ contact) is cut at a lookup
 * that may be empty; what it leaves open is filled in when the target arrives. Maps that wait for a person come last, so that whoever
 * asks which map makes a table's rows meets the one that runs.
 */
export function orderMaps(maps: readonly TableMap[]): TableMap[] {
  return [...inOrder(maps.filter((map) => map.start === 'auto')), ...inOrder(maps.filter((map) => map.start === 'manual'))]
}

function inOrder(maps: readonly TableMap[]): TableMap[] {
  const ordered: TableMap[] = []
  let waiting = [...maps].sort((a, b) => (a.name < b.name ? -1 : 1))
  while (waiting.length > 0) {
    const makers = (map: TableMap, requiredOnly: boolean) =>
      waiting.filter((other) => other !== map && dependsOn(map, other, requiredOnly))
    const next =
      waiting.find((map) => makers(map, false).length === 0) ??
      leastOpen(
        waiting.filter((map) => makers(map, true).length === 0),
        (map) => makers(map, false).length,
      ) ??
      waiting[0]
    if (next === undefined) break
    ordered.push(next)
    waiting = waiting.filter((map) => map !== next)
  }
  return ordered
}

/** Whether rows of one map look at rows of the other; then their first copies must not run side by side. */
export function areRelated(a: TableMap, b: TableMap): boolean {
  return a.table === b.table || dependsOn(a, b, false) || dependsOn(b, a, false)
}

/** Whether rows of `map` need rows that `other` makes. */
export function dependsOn(map: TableMap, other: TableMap, requiredOnly: boolean): boolean {
  if (map.rows === 'existing') return other.rows === 'own' && other.table === map.table
  if (map.group?.parent === other.name) return true
  if (map.table.scope === 'company' && other.table.name === 'cdm_company') return true
  // Filling in from the parent needs the parent as much as a required column does.
  const through = map.fillFrom?.through
  return map.lookups.some(
    (one) =>
      (!requiredOnly || one.column.required || one.column.name === through) &&
      other.table !== map.table &&
      one.targets.some((target) => target.table === other.table),
  )
}

function leastOpen(maps: readonly TableMap[], open: (map: TableMap) => number): TableMap | undefined {
  return [...maps].sort((a, b) => open(a) - open(b))[0]
}
