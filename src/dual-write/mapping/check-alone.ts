import type { Catalog } from '#tables/catalog.ts'
import { COMPANY_COLUMN, isLookup } from '#tables/definition.ts'
import { validateValues } from '#tables/validate.ts'
import type { TableMap } from '../table-map.ts'
import { fieldsIn, refusalOf } from './filter.ts'
import type { Report } from './findings.ts'
import type { MapFile } from './map-file.ts'

/** What must hold of a map whatever the ERP and the other maps are: its key, its parts among each other, and the table. */
export function checkMapAlone(catalog: Catalog, source: MapFile, map: TableMap, report: Report): void {
  checkTable(source, map, report)
  checkKey(source, map, report)
  checkDestinations(source, map, report)
  checkRules(source, map, report)
  checkDeletes(source, map, report)
  checkGivenUp(source, map, report)
  checkNames(catalog, source, map, report)
}

function checkTable(source: MapFile, map: TableMap, report: Report): void {
  const { table } = map
  if (!table.columns.has('versionnumber'))
    report('DIPV1019', 'table', { message: `rows of ${table.name} have no version`, remedy: 'Map a table of the portal’s own' })
  if (map.key.length === 0)
    report('DIPV1003', 'key', {
      message: `the table ${table.name} has no key ${source.key}`,
      remedy: `Name one of ${[...table.keys.keys()].join(', ') || 'its keys, once it has some'}`,
    })
  if (map.rows === 'existing') return
  if (table.scope === 'company' && map.companyField === undefined)
    report('DIPV1002', 'companyField', {
      message: 'rows of this table belong to a legal entity: companyField must say which field names it',
      remedy: 'Name the field, or map a table that belongs to none',
    })
  if (table.scope === 'global' && map.companyField !== undefined)
    report('DIPV1002', 'companyField', {
      message: `rows of ${table.name} belong to no legal entity, and the records do`,
      remedy: 'Map a table of scope company, or leave companyField out where the records are the same in all',
    })
}

function checkKey(source: MapFile, map: TableMap, report: Report): void {
  const isTwoWay = [...map.columns, ...map.lookups].some((one) => one.toErp && one.toPortal)
  for (const name of map.key) {
    if (name === COMPANY_COLUMN) continue
    const fed = [...map.columns, ...map.lookups].filter((one) => one.toPortal && one.column?.name === name)
    if (fed.length === 0)
      report('DIPV1014', 'columns', {
        column: name,
        message: `the key column ${name} gets its value from no field`,
        remedy: 'Map it',
      })
    else if (isTwoWay && !fed.some((one) => one.toErp) && map.rows === 'own')
      report('DIPV1004', 'columns', {
        column: name,
        message: `the key column ${name} goes one way while the map goes both`,
        remedy: 'Map it with =',
      })
  }
  const fields = new Set(map.columns.flatMap((one) => one.field ?? []).concat(source.columns.flatMap((one) => one.field ?? [])))
  for (const field of source.findBy)
    if (!fields.has(field))
      report('CMP2013', 'findBy', {
        message: `findBy names ${field}, which is not mapped`,
        remedy: 'Map the field, or name another',
      })
}

/** One column from one entry, one field from one entry, and what goes both ways once. */
function checkDestinations(source: MapFile, map: TableMap, report: Report): void {
  const columns = new Set<string>()
  const sent = new Set<string>()
  const both = new Set<string>()
  const twice = (set: Set<string>, name: string) => set.size === set.add(name).size
  for (const [index, one] of source.columns.entries()) {
    const at = `columns[${index}]`
    const [goesToPortal, goesToErp] = [!one.dir.startsWith('<'), !/^>{1,2}$/.test(one.dir)]
    const fields = typeof one.toErp === 'object' ? Object.keys(one.toErp) : one.field === undefined ? [] : [one.field]
    if (goesToPortal && one.column !== undefined && twice(columns, one.column))
      report('DIPV1026', `${at}.column`, {
        column: one.column,
        message: `${one.column} gets its value from two entries`,
        remedy: 'Keep one of them',
      })
    if (!goesToErp) continue
    for (const field of fields) {
      const isBoth = goesToPortal && twice(both, field)
      if (isBoth)
        report('DIPV1023', `${at}.field`, {
          column: one.column,
          message: `${field} goes both ways in two entries`,
          remedy: 'Let all but one of them go one way',
        })
      if (twice(sent, field) && !isBoth)
        report('DIPV1026', `${at}.field`, {
          column: one.column,
          message: `${field} gets its value from two entries`,
          remedy: 'Keep one of them',
        })
    }
  }
  if (map.lookups.some((one) => !one.toPortal && one.targets.length > 1))
    report('CMP2016', 'columns', { message: 'a lookup to one of two tables must come from the ERP too', remedy: 'Map it with =' })
}

function checkRules(source: MapFile, map: TableMap, report: Report): void {
  for (const [index, one] of source.columns.entries()) {
    if (typeof one.wins !== 'object') continue
    const rule = [...map.columns, ...map.lookups].find(
      (other) => typeof other.wins === 'object' && other.wins.text === (one.wins as { portalWhile: string }).portalWhile,
    )?.wins
    if (typeof rule !== 'object') continue
    const why = refusalOf(rule.portalWhile) ?? unknownIn(map, fieldsIn(rule.portalWhile))
    if (why !== undefined)
      report('CMP2009', `columns[${index}].wins`, {
        column: one.column,
        message: `portalWhile "${rule.text}": ${why}`,
        remedy: 'Name columns of the table',
      })
  }
}

function unknownIn(map: TableMap, names: readonly string[]): string | undefined {
  const name = names.find((one) => !map.table.columns.has(one))
  return name === undefined ? undefined : `${map.table.name} has no column ${name}`
}

function checkDeletes(source: MapFile, map: TableMap, report: Report): void {
  const say = (at: string, message: string, remedy: string) => report('CMP2011', at, { message, remedy })
  const { toPortal, toErp, markErp } = map.deletes
  if (toPortal === 'mark' && !map.table.columns.has('statecode'))
    say('deletes.toPortal', `${map.table.name} has no statecode to mark`, 'Choose propagate or ignore')
  if (toErp === 'mark' && Object.keys(markErp).length === 0)
    say('deletes.markErp', 'deletes are marked in the ERP, and markErp names no field', 'Say which fields get which values')
  if (source.leaves.toErp === 'mark' && Object.keys(markErp).length === 0)
    say(
      'leaves.toErp',
      'rows that leave are marked in the ERP, and deletes.markErp names no field',
      'Say which fields get which values',
    )
  if (toErp === 'refuse' && map.deletes.reason === undefined)
    say('deletes.reason', 'a deletion is refused without a reason', 'Say what the person reads')
}

function checkGivenUp(source: MapFile, map: TableMap, report: Report): void {
  const { problems } = validateValues(map.table, source.givenUp ?? {}, { mode: 'update' })
  for (const { column, message } of problems)
    report('CMP2018', `givenUp.${column}`, { column, message, remedy: 'Give columns of the table values that they can hold' })
  if (Object.keys(map.givenUp).length > 0 && (map.rows !== 'own' || !map.writes))
    report('CMP2018', 'givenUp', { message: 'no row of this map is ever sent as new', remedy: 'Remove givenUp' })
}

function checkNames(catalog: Catalog, source: MapFile, map: TableMap, report: Report): void {
  const { group, fillFrom } = source
  if (group !== undefined && !map.lookups.some((one) => one.column.name === group.through))
    report('CMP2012', 'group.through', {
      column: group.through,
      message: `${group.through} is not a lookup that the map carries`,
      remedy: 'Name the lookup to the parent',
    })
  if (map.excludes.includes(map.name))
    report('CMP2016', 'excludes', { message: 'the map excludes itself', remedy: 'Name others' })
  for (const [index, one] of source.columns.entries()) {
    if (one.else !== undefined && !map.table.columns.has(one.else))
      report('DIPV1022', `columns[${index}].else`, {
        column: one.else,
        message: `${map.table.name} has no column ${one.else}`,
        remedy: 'Correct the name',
      })
  }
  if (fillFrom === undefined) return
  const through = map.table.columns.get(fillFrom.through)
  const target = catalog.tables.get(through?.targets[0] ?? '')
  const problems =
    through === undefined || !isLookup(through)
      ? [`${fillFrom.through} is not a lookup`]
      : Object.entries(fillFrom.columns).flatMap(([own, theirs]) => [
          ...(map.table.columns.has(own) ? [] : [`${map.table.name} has no column ${own}`]),
          ...(target?.columns.has(theirs) === false ? [`${target.name} has no column ${theirs}`] : []),
        ])
  for (const message of problems) report('CMP2014', 'fillFrom', { message, remedy: 'Correct the name' })
}
