import { createHash } from 'node:crypto'
import { identifier, join, quoteLiteral, type Sql, sql, trustedSql } from '#postgres/sql.ts'
import type { Catalog } from '../catalog.ts'
import type { ColumnDefinition, TableDefinition } from '../definition.ts'
import { type NumberPart, parseAutonumber } from '../file/autonumber.ts'
import { compileCalculated } from '../file/calculated.ts'

/** What PostgreSQL should hold for a definition, by names that follow from it: what is there already needs no step. */
export type WantedColumn = {
  definition: ColumnDefinition
  type: string
  notNull: boolean
  /** What the column was made as, kept as its comment: PostgreSQL's type alone does not tell a lookup from a file. */
  mark: ColumnMark | undefined
}
export type ColumnMark = { type: string; target?: string; default?: string | number | boolean; calculated?: string }
/** `holds`: types of which the condition can be asked, before a column becomes another. */
export type WantedRule = { name: string; column: string; says: string; condition: Sql; holds: readonly string[] }
export type WantedTrigger = { name: string; says: string; ddl: readonly Sql[] }
/** `include`: what stands beside the key, so that questions which need no more are answered without the rows. */
export type WantedIndex = { name: string; columns: readonly string[]; unique: boolean; include: readonly string[] }

export function wantedColumns(table: TableDefinition): WantedColumn[] {
  return [...table.columns.values()].map((definition) => ({
    definition,
    type: postgresType(definition),
    notNull: definition.required || definition.system || definition.name === table.idColumn,
    mark: definition.origin === 'custom' && definition.name !== table.idColumn ? markOf(definition) : undefined,
  }))
}

function markOf(column: ColumnDefinition): ColumnMark {
  const [target] = column.type === 'lookup' ? column.targets : []
  return {
    type: column.type,
    ...(target === undefined ? {} : { target }),
    ...(column.default === undefined ? {} : { default: column.default }),
    ...(column.calculated === undefined ? {} : { calculated: column.calculated }),
  }
}

/** The types as PostgreSQL itself prints them. */
export function postgresType(column: ColumnDefinition): string {
  switch (column.type) {
    case 'uniqueidentifier':
    case 'lookup':
    case 'customer':
    case 'file':
    case 'image':
      return 'uuid'
    case 'choices':
      return 'integer[]'
    case 'string':
      return column.length === undefined ? 'text' : `character varying(${column.length})`
    case 'memo':
      return 'text'
    case 'integer':
    case 'choice':
      return 'integer'
    case 'bigint':
      return 'bigint'
    // Without a declared scale PostgreSQL keeps exactly the decimals that were written.
    case 'decimal':
    case 'money':
      return 'numeric'
    case 'boolean':
      return 'boolean'
    case 'date':
      return 'date'
    // To the millisecond, as values leave the driver: a page that starts after a row's time must find that very time.
    case 'datetime':
      return 'timestamp(3) with time zone'
    default:
      return column.type satisfies never
  }
}

export function columnDdl(table: TableDefinition, wanted: WantedColumn): Sql {
  const { definition: column } = wanted
  const head = sql`${identifier(column.name)} ${trustedSql(wanted.type)}`
  if (column.calculated !== undefined) return sql`${head} generated always as (${compileCalculated(table, column)}) stored`
  const value = column.name === 'statecode' ? trustedSql('0') : defaultSql(column)
  return sql`${head}${value === undefined ? trustedSql('') : sql` default ${value}`}${trustedSql(wanted.notNull ? ' not null' : '')}`
}

export function defaultSql(column: ColumnDefinition): Sql | undefined {
  if (column.default === undefined) return undefined
  return sql`${trustedSql(quoteLiteral(String(column.default)))}::${trustedSql(postgresType(column))}`
}

/**
 * What a value must hold whoever writes it, beside type, length and foreign keys: the bounds of numbers, and the form of several choices.
 * Scale, pattern and the members of a choice are checked where people write; the ERP may know more (docs/decisions/0013).
 */
export function wantedRules(table: TableDefinition): WantedRule[] {
  return [...table.columns.values()].flatMap((column): WantedRule[] => {
    if (column.calculated !== undefined) return []
    const name = identifier(column.name)
    if (column.type === 'choices')
      return [
        rule(column.name, 'is a list of options', sql`(array_ndims(${name}) = 1 and array_position(${name}, null) is null)`, [
          'integer[]',
        ]),
      ]
    const { min, max } = column
    if (min === undefined && max === undefined) return []
    const says = min === undefined ? `is at most ${max}` : max === undefined ? `is at least ${min}` : `is from ${min} to ${max}`
    const conditions = [
      ...(min === undefined ? [] : [sql`${name} >= ${trustedSql(`(${min})`)}`]),
      ...(max === undefined ? [] : [sql`${name} <= ${trustedSql(`(${max})`)}`]),
    ]
    return [rule(column.name, says, sql`(${join(conditions, ' and ')})`, ['integer', 'bigint', 'numeric'])]
  })
}

export const RULE_PREFIX = 'rule_'

function rule(column: string, says: string, condition: Sql, holds: readonly string[]): WantedRule {
  return { name: `${RULE_PREFIX}${column.slice(0, 40)}_${hashOf(says)}`, column, says, condition, holds }
}

/** Triggers that come and go with what is defined. */
export const CHANGING_TRIGGER = /^((autonumber|customer)_[0-9a-f]{8}|history_of_\w+)$/

export function wantedTriggers(table: TableDefinition): WantedTrigger[] {
  const on = identifier('tables', table.name)
  const triggers = [...historyTriggers(table), ...[...table.columns.values()].flatMap((column) => columnTriggers(table, column))]
  if (table.origin === 'custom' || (table.name !== 'account' && table.name !== 'contact')) return triggers
  return [
    {
      name: 'release_customer',
      says: `Lets ${table.name} release what points to it`,
      ddl: [
        sql`create trigger release_customer after delete on ${on} for each row execute function tables.release_customer(${literal(table.idColumn)})`,
      ],
    },
    ...triggers,
  ]
}

/**
 * Deletions are remembered for every table, with the lookups that one has emptied, so that they can be taken back. Quiet bulk writes are
 * left out before anything is computed: a first copy pays for no history.
 */
function historyTriggers(table: TableDefinition): WantedTrigger[] {
  const make = (name: string, events: string, when: string, says: string): WantedTrigger => ({
    name,
    says,
    ddl: [
      sql`create trigger ${identifier(name)} after ${trustedSql(events)} on ${identifier('tables', table.name)}
        for each row when (${trustedSql(when)}) execute function tables.record_history(${literal(table.idColumn)})`,
    ],
  })
  const isLoud = `current_setting('comptoir.quiet', true) is distinct from 'on'`
  return [
    make('history_of_deletions', 'delete', isLoud, `Remembers deletions of ${table.name}`),
    table.history
      ? make('history_of_changes', 'insert or update', isLoud, `Remembers every change of ${table.name}`)
      : // Nested: by the deletion of a row that it pointed to.
        make(
          'history_of_effects',
          'update',
          `pg_trigger_depth() > 0 and ${isLoud}`,
          `Remembers what deletions elsewhere change in ${table.name}`,
        ),
  ]
}

function columnTriggers(table: TableDefinition, column: ColumnDefinition): WantedTrigger[] {
  if (column.autonumber !== undefined) return [numberTrigger(table, column, parseAutonumber(column.autonumber))]
  if (column.type !== 'customer' || column.origin !== 'custom') return []
  const name = `customer_${hashOf(`${column.name} ${column.onDelete}`)}`
  return [
    {
      name,
      says: keptByDatabase(table, column),
      ddl: [
        sql`create trigger ${identifier(name)} after insert or update of ${identifier(column.name)}, ${identifier(`${column.name}type`)} on ${identifier('tables', table.name)}
          for each row execute function tables.check_customer(${literal(column.name)})`,
        registerCustomer(table.name, column.name, column.onDelete),
      ],
    },
  ]
}

function keptByDatabase(table: TableDefinition, column: ColumnDefinition): string {
  return `Lets ${table.name}.${column.name} be kept by the database`
}

/** The register of what points to customers: who deletes one, or hides such a column, looks there. */
function registerCustomer(table: string, column: string, onDelete: ColumnDefinition['onDelete']): Sql {
  return sql`insert into ${identifier('tables', 'customer_column')} (table_name, column_name, on_delete)
    values (${literal(table)}, ${literal(column)}, ${literal(onDelete)})
    on conflict (table_name, column_name) do update set on_delete = excluded.on_delete`
}

function numberTrigger(table: TableDefinition, column: ColumnDefinition, parts: readonly NumberPart[]): WantedTrigger {
  const name = `autonumber_${hashOf(`${column.name} ${column.autonumber}`)}`
  const sequence = sequenceOf(table.name, column.name)
  const list = [column.name, `tables.${sequence}`, ...parts.map(partArgument)].map(literal)
  return {
    name,
    says: keptByDatabase(table, column),
    ddl: [
      sql`create sequence if not exists ${identifier('tables', sequence)}`,
      sql`create trigger ${identifier(name)} before insert on ${identifier('tables', table.name)}
        for each row execute function tables.give_autonumber(${join(list)})`,
    ],
  }
}

/** A number goes on where it was when its column comes back: the sequence stays while the column is hidden. */
export function sequenceOf(table: string, column: string): string {
  return `number_${hashOf(`${table} ${column}`)}`
}

function partArgument(part: NumberPart): string {
  switch (part.kind) {
    case 'text':
      return `T${part.text}`
    case 'number':
      return `N${part.digits}`
    case 'random':
      return `R${part.characters}`
    case 'moment':
      return `M${part.format}`
    default:
      return part satisfies never
  }
}

/**
 * Keys, declared indexes, and one index per lookup: deletes of the target and lists of children need it. Beside a customer's id stands which
 * table it is of, which every question about it asks as well, and the row's state, which rules ask for most: a count is then answered by the
 * index alone. Indexes that are there without them stay as they are.
 */
export function wantedIndexes(table: TableDefinition): WantedIndex[] {
  const make = (kind: string, columns: readonly string[], unique: boolean): WantedIndex => ({
    name: fitting(`${table.name}_${kind}`),
    columns,
    unique,
    include: unique ? [] : besideCustomers(table, columns),
  })
  const leading = new Set([...table.keys.values(), ...table.indexes].map((columns) => columns[0]))
  const lookups = [...table.columns.values()].filter((column) => column.targets.length > 0 && !leading.has(column.name))
  return [
    ...[...table.keys].map(([key, columns]) => make(`key_${key}`, columns, true)),
    ...table.indexes.map((columns) => make(`by_${columns.join('_')}`, columns, false)),
    ...lookups.map((column) => make(`by_${column.name}`, [column.name], false)),
  ]
}

function besideCustomers(table: TableDefinition, columns: readonly string[]): string[] {
  const types = columns.flatMap((name) => (table.columns.get(name)?.type === 'customer' ? [`${name}type`] : []))
  return types.length === 0 ? [] : [...types, 'statecode'].filter((name) => !columns.includes(name))
}

export function referenceDdl(catalog: Catalog, table: string, column: ColumnDefinition, options: { validated: boolean }): Sql {
  const target = catalog.get(column.targets[0] ?? '')
  return sql`alter table ${identifier('tables', table)} add constraint ${identifier(referenceName(table, column.name))}
    foreign key (${identifier(column.name)}) references ${identifier('tables', target.name)} (${identifier(target.idColumn)})
    on delete ${trustedSql(column.onDelete)}${trustedSql(options.validated ? '' : ' not valid')}`
}

export function referenceName(table: string, column: string): string {
  return fitting(`${table}_${column}_fkey`)
}

/** At most the 63 characters of a PostgreSQL name, and still one for each. */
export function fitting(name: string): string {
  return name.length <= 63 ? name : `${name.slice(0, 54)}_${hashOf(name)}`
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8)
}

export function literal(text: string): Sql {
  return trustedSql(quoteLiteral(text))
}
