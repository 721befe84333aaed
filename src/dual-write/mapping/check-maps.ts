import { COMPANY_COLUMN } from '#tables/definition.ts'
import { type LookupTarget, type TableMap, targetsWithin } from '../table-map.ts'
import type { Report } from './findings.ts'
import { keyColumnsOf } from './to-portal.ts'

/** What must hold between a map and the maps beside it: that what it looks up is brought by one, and that those it names are there. */
export function checkAgainstMaps(map: TableMap, others: readonly TableMap[], report: Report): void {
  const all = [map, ...others.filter((one) => one.name !== map.name)]
  for (const lookup of map.lookups) {
    for (const target of lookup.targets.flatMap(targetsWithin)) {
      checkTarget(target, all, { column: lookup.column.name, toPortal: lookup.toPortal }, report)
    }
  }
  const names = new Set(all.map((one) => one.name))
  for (const [index, name] of map.excludes.entries()) {
    if (!names.has(name))
      report('CMP2010', `excludes[${index}]`, { message: `there is no map ${name}`, remedy: 'Correct the name, or remove it' })
  }
  if (map.group === undefined) return
  const { parent, through } = map.group
  const parentMap = all.find((one) => one.name === parent)
  if (parentMap === undefined)
    report('CMP2012', 'group.parent', {
      message: `the group's parent ${parent} is not among the maps`,
      remedy: 'Name the map of the parents',
    })
  else if (map.table.columns.get(through)?.targets.includes(parentMap.table.name) === false)
    report('CMP2012', 'group.through', {
      column: through,
      message: `${through} does not point to ${parentMap.table.name}`,
      remedy: 'Name the lookup to the parent',
    })
}

function checkTarget(
  target: LookupTarget,
  all: readonly TableMap[],
  { column, toPortal }: { column: string; toPortal: boolean },
  report: Report,
): void {
  const key = keyColumnsOf(target)
  const isKey = [...target.table.keys.values()].some((columns) => columns.every((name) => key.includes(name)))
  if (!isKey)
    report('DIPV1015', 'columns', {
      column,
      message: `${key.join(' and ')} are no key of ${target.table.name}: several rows may have the same, and one of them is taken`,
      remedy: `Look it up by a key: ${[...target.table.keys.values()].map((columns) => columns.join(' + ')).join(', or ')}`,
    })
  const makers = all.filter((one) => one.table.name === target.table.name && one.rows !== 'existing')
  const isBrought = (name: string) =>
    makers.some((one) => [...one.columns, ...one.lookups].some((each) => each.toPortal && each.column?.name === name))
  const open = makers.length === 0 ? target.table.name : key.find((name) => name !== COMPANY_COLUMN && !isBrought(name))
  if (open !== undefined)
    report(toPortal ? 'DIPV1027' : 'DIPV1028', 'columns', {
      column,
      message: `${column} looks up ${target.table.name} by ${key[0]}, and no map brings ${open}`,
      remedy: `Add a map of ${target.table.name}, or keep its rows by hand`,
    })
}
