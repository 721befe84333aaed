import { COMPANY_COLUMN, type ColumnDefinition, isLookup, type TableDefinition } from '#tables/definition.ts'
import type { LookupMap, LookupTarget } from '../table-map.ts'
import { type ColumnGround, goesToErp, goesToPortal, mergeRuleOf, type PlacedEntry } from './entries.ts'
import type { MapFile } from './map-file.ts'

/**
 * The lookups of a map file: `lookup.column`, over several hops `lookup.lookup.column`, or to one of two tables
 * `customerid.account(accountnumber).contact(msdyn_contactpersonid)`. Several entries of one lookup together are its key.
 */
export function buildLookups(source: MapFile, entries: readonly PlacedEntry[], ground: ColumnGround): LookupMap[] {
  const byLookup = Map.groupBy(entries, (one) => (one.column ?? '').split('.', 1)[0] ?? '')
  return [...byLookup].flatMap(([name, parts]) => lookupOf(source, name, parts, ground) ?? [])
}

const HOPS_MAX = 4

function lookupOf(source: MapFile, name: string, entries: readonly PlacedEntry[], ground: ColumnGround): LookupMap | undefined {
  const { table, report } = ground
  const column = table.columns.get(name)
  const [first] = entries
  if (column === undefined || !isLookup(column) || first === undefined) {
    report(first !== undefined && goesToPortal(first) ? 'DIPV1025' : 'DIPV1022', `${first?.at}.column`, {
      column: name,
      message: `${table.name}.${name} is not a lookup`,
      remedy: 'Name a lookup column before the dot',
    })
    return undefined
  }
  const paths = Map.groupBy(
    entries.flatMap((entry) => pathsOf(column, entry, name)),
    (one) => one.target,
  )
  const ruled = entries.find((one) => one.wins !== undefined)
  return {
    wins: mergeRuleOf(ruled?.wins ?? source.winner, ruled?.at ?? first.at, report),
    hasRule: ruled !== undefined,
    column,
    toPortal: entries.every(goesToPortal),
    toErp: entries.every(goesToErp),
    targets: [...paths].flatMap(([target, steps]) => targetOf(target, steps, ground) ?? []),
  }
}

type Step = { target: string; path: readonly string[]; entry: PlacedEntry }

/** 'accountnumber' → the column's own target; 'account(accountnumber).contact(number)' → each target by name. */
function pathsOf(column: ColumnDefinition, entry: PlacedEntry, name: string): Step[] {
  const rest = (entry.column ?? '').slice(name.length + 1)
  const named = [...rest.matchAll(/([a-z][a-z0-9_]*)\(([a-z][a-z0-9_.]*)\)/g)]
  if (named.length === 0) return [{ target: column.targets[0] ?? '', path: rest.split('.'), entry }]
  return named.map((match) => ({ target: match[1] ?? '', path: (match[2] ?? '').split('.'), entry }))
}

function targetOf(name: string, steps: readonly Step[], ground: ColumnGround): LookupTarget | undefined {
  const table = ground.catalog.tables.get(name)
  const [first] = steps
  if (table === undefined || first === undefined) {
    const message = `there is no table ${name}`
    ground.report('DIPV1020', `${first?.entry.at}.column`, {
      column: first?.entry.column,
      message,
      remedy: 'Name a table that the lookup can point to',
    })
    return undefined
  }
  const parts = steps.filter((step) => step.path.length === 1).flatMap((step) => partOf(table, step, ground) ?? [])
  const hops = Map.groupBy(
    steps.filter((step) => step.path.length > 1),
    (step) => step.path[0] ?? '',
  )
  return {
    table,
    parts,
    hops: [...hops].flatMap(([hop, inner]) => hopOf(table, hop, inner, ground) ?? []),
    inCompany: table.scope === 'company' && !parts.some((part) => part.column.name === COMPANY_COLUMN),
  }
}

function partOf(
  table: TableDefinition,
  { path, entry }: Step,
  { report }: ColumnGround,
): LookupTarget['parts'][number] | undefined {
  const column = table.columns.get(path[0] ?? '')
  if (column === undefined || entry.field === undefined) {
    const code = entry.field === undefined ? 'DIPV1021' : goesToPortal(entry) ? 'DIPV1025' : 'DIPV1022'
    const message =
      entry.field === undefined
        ? `${entry.column}: a lookup needs a field`
        : `${entry.column}: ${table.name} has no column ${path[0]}`
    report(code, `${entry.at}.${entry.field === undefined ? 'field' : 'column'}`, {
      column: entry.column,
      message,
      remedy: 'Correct the path',
    })
    return undefined
  }
  if (
    entry.values !== undefined ||
    entry.constant !== undefined ||
    entry.toPortal !== undefined ||
    entry.toErp !== undefined ||
    entry.default !== undefined
  )
    report('CMP2016', entry.at, {
      column: entry.column,
      message: 'a lookup takes the key as it is: no values, constant, default or expression',
      remedy: 'Remove them, or use the function lookup in an expression',
    })
  return { field: entry.field, column, toErp: goesToErp(entry) }
}

function hopOf(
  table: TableDefinition,
  name: string,
  steps: readonly Step[],
  ground: ColumnGround,
): LookupTarget['hops'][number] | undefined {
  const column = table.columns.get(name)
  const target = column?.targets[0]
  const [first] = steps
  if (column === undefined || target === undefined || !isLookup(column) || steps.some((step) => step.path.length > HOPS_MAX)) {
    const message = `${first?.entry.column}: ${table.name}.${name} is not a lookup, or the path has more than ${HOPS_MAX} steps`
    ground.report('DIPV1025', `${first?.entry.at}.column`, { column: first?.entry.column, message, remedy: 'Correct the path' })
    return undefined
  }
  const inner = steps.map((step) => ({ ...step, target, path: step.path.slice(1) }))
  const found = targetOf(target, inner, ground)
  return found === undefined ? undefined : { column, target: found }
}
