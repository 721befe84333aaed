import { type ColumnDefinition, isComputed } from '#tables/definition.ts'
import type { ColumnMap, LookupMap, ValueMap } from '../table-map.ts'
import { type ColumnGround, goesToErp, goesToPortal, mergeRuleOf, type PlacedEntry } from './entries.ts'
import { buildExpressions } from './expressions.ts'
import type { Report } from './findings.ts'
import { buildLookups } from './lookups.ts'
import type { ColumnFile, MapFile } from './map-file.ts'

/** Column maps and lookups of a map file. */
export function buildColumns(source: MapFile, ground: ColumnGround): { columns: ColumnMap[]; lookups: LookupMap[] } {
  const placed = source.columns.map((one, index) => ({ ...one, at: `columns[${index}]` }))
  const isPath = (one: PlacedEntry) => one.column?.includes('.') ?? false
  const columns = placed.filter((one) => !isPath(one)).map((one) => buildColumn(one, source, ground))
  return { columns, lookups: buildLookups(source, placed.filter(isPath), ground) }
}

function buildColumn(one: PlacedEntry, source: MapFile, ground: ColumnGround): ColumnMap {
  const { report, table } = ground
  const column = one.column === undefined ? undefined : table.columns.get(one.column)
  checkEnds(one, column, table.name, report)
  const expressions = buildExpressions(one, column, one.at, ground, report)
  const [derived] = expressions.erpExpressions
  const isPlain = expressions.portalExpression === undefined && expressions.erpExpressions.length === 0
  if (!isPlain && (one.values !== undefined || one.constant !== undefined || one.else !== undefined || one.case !== undefined))
    report('CMP2016', one.at, {
      column: one.column,
      message: 'an entry with an expression takes no values, constant, else or case',
      remedy: 'Write them into the expression',
    })
  return {
    field: one.field ?? (expressions.erpExpressions.length === 1 ? derived?.field : undefined),
    column,
    toPortal: goesToPortal(one) && column !== undefined,
    toErp: goesToErp(one) && (one.field !== undefined || derived !== undefined),
    values: valueMapOf(one, column, ground),
    constant: one.constant,
    default: defaultsOf(one),
    ...expressions,
    lowerCase: one.case === 'lower',
    elseColumn: one.else,
    wins: mergeRuleOf(one.wins ?? source.winner, one.at, report),
    hasRule: one.wins !== undefined,
  }
}

/** Both ends are named, and the column can be written. */
function checkEnds(one: PlacedEntry, column: ColumnDefinition | undefined, table: string, report: Report): void {
  const say = (code: Parameters<Report>[0], place: string, message: string, remedy: string) =>
    report(code, `${one.at}.${place}`, { column: one.column, message, remedy })
  if (one.column === undefined && goesToPortal(one))
    say('DIPV1024', 'column', 'the entry goes to the portal and names no column', 'Name the column')
  if (one.column === undefined && !goesToPortal(one) && one.constant === undefined && one.toErp === undefined)
    say('DIPV1021', 'column', `${one.field ?? 'the entry'} gets its value from nothing`, 'Name a column, a constant or toErp')
  if (one.field === undefined && one.constant === undefined && one.toPortal === undefined && typeof one.toErp !== 'object') {
    const code = goesToPortal(one) ? 'DIPV1021' : 'DIPV1024'
    say(
      code,
      'field',
      `${one.column ?? 'the entry'}: a column without a field needs a constant or an expression`,
      'Name the field',
    )
  }
  if (one.column !== undefined && column === undefined)
    say(
      goesToPortal(one) ? 'DIPV1025' : 'DIPV1022',
      'column',
      `${table} has no column ${one.column}`,
      'Correct the name, or add the column to the table',
    )
  if (column !== undefined && isComputed(column) && goesToPortal(one))
    say(
      'DIPV1011',
      'column',
      `${table} has no column ${one.column} that can be written: it is worked out`,
      'Remove the entry, or let it go to the ERP only',
    )
}

/** A default without a direction is the portal's where the entry goes there. */
function defaultsOf(one: ColumnFile): ColumnMap['default'] {
  if (typeof one.default === 'object') return { toPortal: one.default.toPortal, toErp: one.default.toErp }
  return goesToPortal(one) ? { toPortal: one.default, toErp: undefined } : { toPortal: undefined, toErp: one.default }
}

function valueMapOf(
  one: PlacedEntry,
  column: ColumnDefinition | undefined,
  { lists, report }: ColumnGround,
): ValueMap | undefined {
  if (one.values === undefined) return undefined
  const say = (code: Parameters<Report>[0], message: string, remedy: string) =>
    report(code, `${one.at}.values`, { column: one.column, message, remedy })
  const list = typeof one.values === 'string' ? lists[one.values] : one.values
  if (list === undefined) {
    say(
      'CMP2015',
      `${one.field}: there is no list of values ${String(one.values)}`,
      'Add the list to values.yaml, or write it here',
    )
    return undefined
  }
  const toPortal = new Map<string, string | number | boolean | null>()
  const toErp = new Map<string, string>()
  for (const [theirs, ours] of Object.entries(list)) {
    if (toPortal.has(theirs.toLowerCase()))
      say(
        'DIPV1029',
        `the ERP’s value ${theirs} stands in the list twice`,
        'Keep one of the two; upper and lower case are the same',
      )
    toPortal.set(theirs.toLowerCase(), ours)
    if (!toErp.has(String(ours ?? ''))) toErp.set(String(ours ?? ''), theirs)
    if (column !== undefined && !fitsColumn(column, ours))
      say(
        'DIPV1030',
        `${theirs} becomes ${String(ours)}, which does not fit ${column.name}, a ${column.type}`,
        'Correct the value',
      )
  }
  if (one.unmapped === undefined && goesToErp(one) && goesToPortal(one))
    say(
      'CMP2007',
      'nothing is said of values outside the list; they leave the other side empty',
      'Write unmapped: pass, default, hold or empty',
    )
  if (one.unmapped === 'default' && Object.values(defaultsOf(one)).every((value) => value === undefined))
    say('CMP2016', 'unmapped: default needs a default', 'Give the entry a default')
  return { toPortal, toErp, unmapped: one.unmapped ?? 'empty' }
}

/** Whether a written value is one of the column's. */
function fitsColumn(column: ColumnDefinition, value: string | number | boolean | null): boolean {
  if (value === null) return true
  switch (column.type) {
    case 'boolean':
      return typeof value === 'boolean'
    case 'choice':
      return column.options.size === 0 ? Number.isInteger(value) : [...column.options.values()].includes(Number(value))
    case 'integer':
    case 'bigint':
      return /^-?\d+$/.test(String(value))
    case 'decimal':
    case 'money':
      return /^-?\d+(\.\d+)?$/.test(String(value))
    case 'date':
    case 'datetime':
      return !Number.isNaN(Date.parse(String(value)))
    default:
      return typeof value === 'string'
  }
}
