import { messageOf } from '#lib/app-error.ts'
import { parseFilter } from '#lib/odata/parse-filter.ts'
import type { Catalog } from '#tables/catalog.ts'
import { COMPANY_COLUMN, type ColumnDefinition, isComputed, isLookup, type TableDefinition } from '#tables/definition.ts'
import type { ColumnMap, LookupMap, MergeRule, ValueMap } from '../table-map.ts'
import type { ColumnFile, MapFile, MergeRuleFile } from './map-file.ts'

type Scalar = string | number | boolean

/** Column maps and lookups of a map file; what is wrong is added to `problems`. */
export function buildColumns(
  catalog: Catalog,
  table: TableDefinition,
  source: MapFile,
  lists: Readonly<Record<string, Readonly<Record<string, Scalar>>>>,
  problems: string[],
): { columns: ColumnMap[]; lookups: LookupMap[] } {
  const columns: ColumnMap[] = []
  const paths = new Map<string, ColumnFile[]>()
  for (const one of source.columns) {
    if (one.column?.includes('.')) {
      const lookup = one.column.slice(0, one.column.indexOf('.'))
      paths.set(lookup, [...(paths.get(lookup) ?? []), one])
      continue
    }
    const column = one.column === undefined ? undefined : table.columns.get(one.column)
    if (one.column !== undefined && (column === undefined || isComputed(column)))
      problems.push(`${table.name} has no column ${one.column} that can be written`)
    if (one.field === undefined && one.constant === undefined)
      problems.push(`${one.column}: a column without a field needs a constant`)
    columns.push({
      field: one.field,
      column,
      toPortal: one.dir !== '<' && one.dir !== '<<' && column !== undefined,
      toErp: one.dir !== '>' && one.dir !== '>>' && one.field !== undefined,
      values: valueMapOf(one, lists, problems),
      constant: one.constant,
      lowerCase: one.case === 'lower',
      elseColumn: one.else,
      wins: mergeRuleOf(one.wins ?? source.winner, problems),
    })
  }
  const lookups = [...paths].flatMap(([name, parts]) => lookupOf(catalog, table, source, name, parts, problems) ?? [])
  return { columns, lookups }
}

function mergeRuleOf(rule: MergeRuleFile, problems: string[]): MergeRule {
  if (typeof rule === 'string') return rule
  try {
    return { portalWhile: parseFilter(rule.portalWhile), text: rule.portalWhile }
  } catch (error) {
    problems.push(`the condition "${rule.portalWhile}" cannot be read: ${messageOf(error)}`)
    return 'erp'
  }
}

function valueMapOf(
  one: ColumnFile,
  lists: Readonly<Record<string, Readonly<Record<string, Scalar>>>>,
  problems: string[],
): ValueMap | undefined {
  if (one.values === undefined) return undefined
  const list = typeof one.values === 'string' ? lists[one.values] : one.values
  if (list === undefined) {
    problems.push(`${one.field}: there is no list of values ${String(one.values)}`)
    return undefined
  }
  const toErp = new Map<string, string>()
  for (const [theirs, ours] of Object.entries(list)) if (!toErp.has(String(ours))) toErp.set(String(ours), theirs)
  return {
    toPortal: new Map(Object.entries(list).map(([theirs, ours]) => [theirs.toLowerCase(), ours])),
    toErp,
    unmapped: one.unmapped,
  }
}

function lookupOf(
  catalog: Catalog,
  table: TableDefinition,
  source: MapFile,
  name: string,
  files: readonly ColumnFile[],
  problems: string[],
): LookupMap | undefined {
  const column = table.columns.get(name)
  if (column === undefined || !isLookup(column)) {
    problems.push(`${table.name}.${name} is not a lookup`)
    return undefined
  }
  const targets = new Map<string, { field: string; column: ColumnDefinition; toErp: boolean }[]>()
  for (const file of files) {
    for (const [targetName, keyName] of targetsOf(column, (file.column ?? '').slice(name.length + 1))) {
      const keyColumn = catalog.get(targetName).columns.get(keyName)
      if (keyColumn === undefined || file.field === undefined) {
        problems.push(`${file.column}: ${targetName} has no column ${keyName}`)
        continue
      }
      const part = { field: file.field, column: keyColumn, toErp: file.dir !== '>' && file.dir !== '>>' }
      targets.set(targetName, [...(targets.get(targetName) ?? []), part])
    }
  }
  return {
    wins: mergeRuleOf(files.find((file) => file.wins !== undefined)?.wins ?? source.winner, problems),
    column,
    toPortal: files.every((file) => file.dir !== '<' && file.dir !== '<<'),
    toErp: files.every((file) => file.dir !== '>' && file.dir !== '>>'),
    targets: [...targets].map(([target, parts]) => {
      const definition = catalog.get(target)
      return {
        table: definition,
        parts,
        inCompany: definition.scope === 'company' && !parts.some((part) => part.column.name === COMPANY_COLUMN),
      }
    }),
  }
}

/** 'accountnumber' → the column's own target; 'account(accountnumber).contact(number)' → each target by name. */
function targetsOf(column: ColumnDefinition, path: string): [string, string][] {
  const named = [...path.matchAll(/([a-z][a-z0-9_]*)\(([a-z][a-z0-9_]*)\)/g)]
  if (named.length > 0) return named.map((match) => [match[1] ?? '', match[2] ?? ''])
  return [[column.targets[0] ?? '', path]]
}
