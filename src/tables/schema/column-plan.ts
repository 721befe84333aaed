import { identifier, type Sql, sql, trustedSql } from '#postgres/sql.ts'
import type { ColumnDefinition, ColumnType } from '../definition.ts'
import type { ActualColumn, ActualTable } from '../schema.queries.ts'
import type { Draft, TableChange } from './draft.ts'
import { type ColumnMark, columnDdl, defaultSql, literal, referenceName, type WantedColumn, wantedColumns } from './wanted.ts'

/** Types that a column may become with all its values; where some would not fit, they stand in the way. */
const BECOMES: Readonly<Partial<Record<ColumnType, readonly ColumnType[]>>> = {
  string: ['memo'],
  memo: ['string'],
  integer: ['bigint', 'decimal', 'money', 'choice'],
  bigint: ['integer', 'decimal', 'money'],
  decimal: ['money', 'integer', 'bigint'],
  money: ['decimal', 'integer', 'bigint'],
  choice: ['integer', 'choices'],
  choices: ['choice'],
}

/** Adds, changes and hides columns. Answers those that are made anew, with whatever hangs on them. */
export function planColumns(draft: Draft, change: TableChange): ReadonlySet<string> {
  const { next, actual } = change
  const wanted = wantedColumns(next)
  const remade = columnsToRemake(change, wanted)
  for (const name of remade)
    draft.expand(
      -1,
      `Sets ${next.name}.${name} aside to calculate it anew`,
      [alter(next.name, sql`drop column ${identifier(name)}`)],
      next.name,
    )
  for (const column of wanted) {
    const existing = actual.columns.get(column.definition.name)
    if (existing === undefined || remade.has(column.definition.name)) planAddition(draft, change, column)
    else planChange(draft, change, column, existing)
  }
  for (const [name, column] of actual.columns) if (!next.columns.has(name)) planHiding(draft, change, name, column)
  return remade
}

function planAddition(draft: Draft, { next, actual }: TableChange, column: WantedColumn): void {
  const { definition } = column
  const hasRows = actual.rows > 0
  const isFilled = definition.default !== undefined || definition.calculated !== undefined
  if (column.notNull && hasRows && !isFilled) {
    // A table of the standard may have rows from before; the ERP fills them.
    if (definition.origin === 'custom')
      draft.refuse(
        `${next.name}.${definition.name} is required, and the rows that are there would have nothing in it: give it a default, or let it be empty`,
      )
    column = { ...column, notNull: false }
  }
  const rewrites = definition.calculated !== undefined && hasRows ? ', which writes every row anew' : ''
  draft.expand(1, `Adds ${next.name}.${definition.name}, ${aOrAn(definition.type)}${rewrites}`, [
    alter(next.name, sql`add column ${columnDdl(next, column)}`),
    ...commentOn(next.name, column),
  ])
}

function planChange(draft: Draft, change: TableChange, column: WantedColumn, existing: ActualColumn): void {
  const { next } = change
  const { definition, mark } = column
  const before = readMark(existing.comment)
  const name = `${next.name}.${definition.name}`
  if (existing.isGenerated !== (definition.calculated !== undefined)) {
    draft.refuse(
      `${name} was ${existing.isGenerated ? '' : 'not '}calculated and cannot change that: purge it first, or define a column of another name`,
    )
    return
  }
  if (mark !== undefined && before !== undefined && !mayBecome(before, mark)) {
    draft.refuse(
      `${name} holds values as ${sayMark(before)}, which cannot become ${sayMark(mark)}: purge them first (tables purge ${next.name} ${definition.name}), or define a column of another name`,
    )
    return
  }
  if (existing.type !== column.type) planType(draft, change, column, existing)
  if (definition.calculated === undefined) planDefault(draft, change, column, before)
  planRequired(draft, change, column, existing)
  if (mark !== undefined && existing.comment !== JSON.stringify(mark))
    draft.finish(`Notes what ${name} is`, commentOn(next.name, column))
}

function planType(draft: Draft, { next }: TableChange, { definition, type }: WantedColumn, existing: ActualColumn): void {
  const column = identifier(definition.name)
  const name = `${next.name}.${definition.name}`
  if (definition.calculated !== undefined) return
  const conversion = conversionOf(existing.type, type, column)
  if (conversion === undefined) {
    draft.refuse(`${name} is held as ${existing.type}, which cannot become ${type}: define a column of another name`)
    return
  }
  const { length } = definition
  if (conversion.misfits !== undefined)
    draft.block(
      next.name,
      conversion.misfits,
      (rows) => `${rows} rows of ${next.name} hold a ${definition.name} that is no ${definition.type}; change them first`,
    )
  if (conversion.cuts === true && length !== undefined)
    draft.ask(
      next.name,
      name,
      sql`char_length(${column}) > ${length}`,
      (rows) => `${rows} texts of ${name} have more than ${length} characters and would be cut`,
    )
  draft.expand(
    0,
    `Changes ${name} from ${existing.type} to ${type}`,
    [
      // The default of one choice is none of several.
      ...(type === 'integer[]' ? [alter(next.name, sql`alter column ${column} drop default`)] : []),
      alter(next.name, sql`alter column ${column} type ${trustedSql(type)} using ${conversion.using}`),
    ],
    next.name,
  )
}

/** How values become values of another type; `misfits` are those that cannot. */
type Conversion = { using: Sql; cuts?: boolean; misfits?: Sql }

const RANGES: Readonly<Record<string, string>> = {
  integer: 'between -2147483648 and 2147483647',
  bigint: 'between -9223372036854775808 and 9223372036854775807',
}

function conversionOf(from: string, to: string, column: Sql): Conversion | undefined {
  const isText = (type: string) => type === 'text' || type.startsWith('character varying')
  if (isText(from) && isText(to)) {
    const [before, after] = [from, to].map((type) => Number(/\d+/.exec(type)?.[0] ?? Number.POSITIVE_INFINITY)) as [
      number,
      number,
    ]
    return after >= before ? { using: column } : { using: sql`left(${column}, ${trustedSql(String(after))})`, cuts: true }
  }
  const using = sql`${column}::${trustedSql(to)}`
  const widening: Readonly<Record<string, readonly string[]>> = { integer: ['bigint', 'numeric'], bigint: ['numeric'] }
  if (widening[from]?.includes(to) === true) return { using }
  const range = RANGES[to]
  if (range !== undefined && (from === 'bigint' || from === 'numeric')) {
    const isOutside = sql`${column} not ${trustedSql(range)}`
    // '5.00' would come back as '5'.
    return { using, misfits: from === 'numeric' ? sql`(scale(${column}) > 0 or ${isOutside})` : isOutside }
  }
  if (from === 'integer' && to === 'integer[]') return { using: sql`case when ${column} is not null then array[${column}] end` }
  if (from === 'integer[]' && to === 'integer') return { using: sql`${column}[1]`, misfits: sql`cardinality(${column}) <> 1` }
  return undefined
}

function planDefault(
  draft: Draft,
  { next }: TableChange,
  { definition, mark }: WantedColumn,
  before: ColumnMark | undefined,
): void {
  if (mark === undefined || definition.system) return
  const changesType = before !== undefined && before.type !== mark.type
  if (before?.default === mark.default && !(changesType && mark.default !== undefined)) return
  const value = defaultSql(definition)
  const column = identifier(definition.name)
  draft.finish(`${value === undefined ? 'Takes the default from' : 'Gives a default to'} ${next.name}.${definition.name}`, [
    alter(
      next.name,
      value === undefined ? sql`alter column ${column} drop default` : sql`alter column ${column} set default ${value}`,
    ),
  ])
}

/** `set not null` alone would hold the table while it looks through every row; a valid check spares it that. */
function planRequired(draft: Draft, { next }: TableChange, wanted: WantedColumn, existing: ActualColumn): void {
  const { definition } = wanted
  const column = identifier(definition.name)
  const name = `${next.name}.${definition.name}`
  if (wanted.notNull === existing.notNull) return
  if (!wanted.notNull) {
    draft.finish(`Lets ${name} be empty`, [alter(next.name, sql`alter column ${column} drop not null`)])
    return
  }
  if (definition.origin === 'standard') return
  const value = defaultSql(definition)
  const isEmpty = sql`${column} is null`
  if (value === undefined)
    draft.block(
      next.name,
      isEmpty,
      (rows) =>
        `${rows} rows of ${next.name} have no ${definition.name}, so it cannot be required: fill them first, or give it a default`,
    )
  else
    draft.ask(
      next.name,
      name,
      isEmpty,
      (rows) => `${rows} rows of ${next.name} have no ${definition.name} and would get its default ${String(definition.default)}`,
    )
  draft.finish(`Requires ${name}`, [
    ...(value === undefined ? [] : [sql`update ${identifier('tables', next.name)} set ${column} = ${value} where ${isEmpty}`]),
    alter(next.name, sql`alter column ${column} set not null`),
  ])
}

/** A column that is defined no more stays, hidden, with its values; it asks nothing of new rows and holds no other row back. */
function planHiding(draft: Draft, change: TableChange, name: string, column: ActualColumn): void {
  const { current, next, actual } = change
  const definition = current?.columns.get(name)
  const ddl: Sql[] = []
  if (column.isGenerated) {
    draft.expand(
      -1,
      `Drops ${next.name}.${name}, which was calculated`,
      [alter(next.name, sql`drop column ${identifier(name)}`)],
      next.name,
    )
    return
  }
  if (column.notNull) ddl.push(alter(next.name, sql`alter column ${identifier(name)} drop not null`))
  if (definition !== undefined) ddl.push(...loosen(next.name, definition, actual))
  if (definition?.type === 'customer')
    ddl.push(
      sql`delete from ${identifier('tables', 'customer_column')} where table_name = ${literal(next.name)} and column_name = ${literal(name)}`,
    )
  if (definition !== undefined || ddl.length > 0) draft.finish(`Hides ${next.name}.${name}; its values are kept`, ddl)
}

/** A hidden lookup follows its target's end without a word. */
export function loosen(table: string, column: ColumnDefinition, actual: ActualTable): Sql[] {
  const reference = actual.references.find((one) => one.column === column.name)
  if (reference === undefined || reference.onDelete === 'set null') return []
  return [
    sql`alter table ${identifier('tables', table)} drop constraint ${identifier(reference.name)}`,
    sql`alter table ${identifier('tables', table)} add constraint ${identifier(referenceName(table, column.name))}
      foreign key (${identifier(column.name)}) references ${identifier('tables', column.targets[0] ?? '')} on delete set null not valid`,
  ]
}

/** Calculated columns whose expression changes, or that stand in the way of a change of what they are calculated from. */
function columnsToRemake({ actual }: TableChange, wanted: readonly WantedColumn[]): ReadonlySet<string> {
  const changing = wanted.filter(({ definition, type }) => {
    const existing = actual.columns.get(definition.name)
    return existing !== undefined && definition.calculated === undefined && existing.type !== type
  })
  const remade = wanted.filter(({ definition, mark, type }) => {
    const existing = actual.columns.get(definition.name)
    if (existing?.isGenerated !== true || definition.calculated === undefined) return false
    const before = readMark(existing.comment)
    const isOther = existing.type !== type || (mark !== undefined && before?.calculated !== mark.calculated)
    const speaksOf = (name: string) =>
      [definition.calculated, before?.calculated].some((text) => new RegExp(`\\b${name}\\b`).test(text ?? ''))
    return isOther || changing.some((one) => speaksOf(one.definition.name))
  })
  return new Set(remade.map(({ definition }) => definition.name))
}

function mayBecome(before: ColumnMark, after: ColumnMark): boolean {
  if (before.target !== undefined && after.target !== undefined && before.target !== after.target) return false
  return before.type === after.type || BECOMES[before.type as ColumnType]?.includes(after.type as ColumnType) === true
}

function sayMark(mark: ColumnMark): string {
  return `${aOrAn(mark.type)}${mark.target === undefined ? '' : ` to ${mark.target}`}`
}

/** The comment of a column of ours; anything else an administrator may have written there says nothing to us. */
export function readMark(comment: string | null): ColumnMark | undefined {
  if (comment === null || !comment.startsWith('{"type":')) return undefined
  try {
    return JSON.parse(comment) as ColumnMark
  } catch {
    return undefined
  }
}

function commentOn(table: string, { definition, mark }: WantedColumn): Sql[] {
  if (mark === undefined) return []
  return [sql`comment on column ${identifier('tables', table, definition.name)} is ${literal(JSON.stringify(mark))}`]
}

function alter(table: string, change: Sql): Sql {
  return sql`alter table ${identifier('tables', table)} ${change}`
}

function aOrAn(type: string): string {
  return `${/^[aeiou]/.test(type) && type !== 'uniqueidentifier' ? 'an' : 'a'} ${type}`
}
