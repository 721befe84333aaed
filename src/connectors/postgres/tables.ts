import type { EntityDescription, FieldDescription, FieldType } from '#connector/contract.ts'

/** A table of the other database as a data entity. */
export type PgEntity = Omit<EntityDescription, 'fields'> & {
  schema: string
  table: string
  fields: ReadonlyMap<string, PgColumn>
  /** The column that grows with every change, where the settings name one that this table has. */
  versionColumn: PgColumn | undefined
  modifiedColumn: PgColumn | undefined
}

export type PgColumn = FieldDescription & {
  name: string
  /** Its type without domain, by schema and name: what values are cast to. */
  sqlType: readonly [string, string]
  /** Filled in by the database: never written. */
  generated: boolean
}

export type TableOptions = {
  /** Name of the column that holds the legal entity, in the tables that have one. */
  companyColumn?: string | undefined
  versionColumn?: string | undefined
  modifiedColumn?: string | undefined
  changes: 'trigger' | 'version' | 'none'
}

/** As listColumns answers. */
export type ColumnRow = {
  schema: string
  table: string
  column: string
  typeSchema: string
  type: string
  kind: string
  nullable: string
  hasDefault: string
  generated: string
  members: string | null
  /** Place in the key, from 1. */
  keyAt: string | null
}

/** The tables that have a key and at least one column of a known type; columns of other types are left out. */
export function entitiesOf(rows: readonly ColumnRow[], options: TableOptions): Map<string, PgEntity> {
  const entities = new Map<string, PgEntity>()
  const tables = Map.groupBy(rows, (row) => `${row.schema}.${row.table}`)
  for (const [name, columns] of tables) {
    const fields = new Map(
      columns.flatMap((row) => {
        const column = columnOf(row)
        return column === undefined ? [] : [[row.column, column] as const]
      }),
    )
    const keyFields = columns
      .filter((row) => row.keyAt !== null)
      .sort((a, b) => Number(a.keyAt) - Number(b.keyAt))
      .map((row) => row.column)
    if (keyFields.length === 0 || !keyFields.every((one) => fields.has(one))) continue
    const [{ schema, table } = { schema: '', table: '' }] = columns
    const named = (column: string | undefined) => (column === undefined ? undefined : fields.get(column))
    const versionColumn = named(options.versionColumn)
    entities.set(name, {
      name,
      schema,
      table,
      keyFields,
      fields,
      companyField: named(options.companyColumn)?.name,
      versionColumn,
      modifiedColumn: named(options.modifiedColumn),
      changes: options.changes === 'trigger' ? 'all' : versionColumn !== undefined ? 'no_deletes' : 'none',
    })
  }
  return entities
}

function columnOf(row: ColumnRow): PgColumn | undefined {
  const type = row.kind === 'e' ? 'enum' : TYPES[row.type]
  if (type === undefined) return undefined
  return {
    name: row.column,
    type,
    nullable: row.nullable === 'true',
    hasDefault: row.hasDefault === 'true',
    enumMembers: row.members === null ? [] : (JSON.parse(row.members) as string[]),
    sqlType: [row.typeSchema, row.type],
    generated: row.generated === 'true',
  }
}

const TYPES: Readonly<Record<string, FieldType>> = {
  text: 'string',
  varchar: 'string',
  bpchar: 'string',
  citext: 'string',
  name: 'string',
  int2: 'integer',
  int4: 'integer',
  int8: 'integer',
  numeric: 'decimal',
  float4: 'decimal',
  float8: 'decimal',
  bool: 'boolean',
  date: 'date',
  timestamp: 'datetime',
  timestamptz: 'datetime',
  uuid: 'guid',
}
