import type { Database, Tx } from '#postgres/database.ts'
import { lockMigrations } from '#postgres/migrate.ts'
import { identifier, join, quoteLiteral, type Sql, sql, trustedSql } from '#postgres/sql.ts'
import type { Catalog } from './catalog.ts'
import type { ColumnDefinition, TableDefinition } from './definition.ts'
import { compileCalculated } from './file/calculated.ts'
import { listExistingColumns, listExistingIndexes } from './schema.queries.ts'
import { listClosedTables, openToVisitors, secureTriggers } from './visitor-rights.queries.ts'

/**
 * Makes PostgreSQL hold what the definitions say: missing tables, columns, keys, indexes and triggers are added, under the
 * migrations' lock. Nothing is ever dropped or narrowed here. Answers what was added.
 */
export function applyDefinitions(database: Database, catalog: Catalog): Promise<string[]> {
  return database.transaction(async (tx) => {
    await lockMigrations(tx)
    const before = await listExistingColumns(tx)
    const indexes = new Set(await listExistingIndexes(tx))
    const done: string[] = []
    const apply = async (what: string, ddl: Sql) => {
      await tx.run(ddl)
      done.push(what)
    }
    for (const table of catalog.tables.values()) {
      const existing = before.get(table.name)
      if (existing === undefined) await apply(table.name, createTable(table))
      else await addColumns(tx, table, existing, done)
    }
    // References come after all tables: definitions may point at each other in circles.
    for (const table of catalog.tables.values()) {
      const existing = before.get(table.name)
      for (const column of table.columns.values()) {
        if (column.type === 'lookup' && !existing?.has(column.name))
          await apply(`${table.name}.${column.name} reference`, addReference(catalog, table, column))
      }
      for (const index of indexesOf(table)) if (!indexes.has(index.name)) await apply(index.name, index.ddl)
    }
    await openToVisitors(tx, await listClosedTables(tx, [...catalog.tables.keys()]))
    await secureTriggers(tx)
    return done
  })
}

function createTable(table: TableDefinition): Sql {
  const columns = [...table.columns.values()].map((column) => columnDdl(table, column))
  const name = identifier('tables', table.name)
  return sql`
    create table ${name} (${join(columns)}, primary key (${identifier(table.idColumn)}));
    create trigger touch before insert or update on ${name} for each row execute function tables.touch_row();
    create trigger capture after insert or update or delete on ${name} for each row execute function tables.capture_change(${trustedSql(quoteLiteral(table.idColumn))})`
}

async function addColumns(tx: Tx, table: TableDefinition, existing: ReadonlySet<string>, done: string[]): Promise<void> {
  for (const column of table.columns.values()) {
    if (existing.has(column.name)) continue
    await tx.run(
      sql`alter table ${identifier('tables', table.name)} add column ${columnDdl(table, { ...column, required: false })}`,
    )
    done.push(`${table.name}.${column.name}`)
  }
}

function columnDdl(table: TableDefinition, column: ColumnDefinition): Sql {
  const type = trustedSql(postgresType(column))
  if (column.calculated !== undefined)
    return sql`${identifier(column.name)} ${type} generated always as (${compileCalculated(table, column)}) stored`
  const notNull = trustedSql(column.required || column.system ? ' not null' : '')
  return sql`${identifier(column.name)} ${type}${notNull}${trustedSql(column.name === 'statecode' ? ' default 0' : '')}`
}

function postgresType(column: ColumnDefinition): string {
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
      return column.length === undefined ? 'text' : `varchar(${column.length})`
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
      return 'timestamptz(3)'
    default:
      return column.type satisfies never
  }
}

function addReference(catalog: Catalog, table: TableDefinition, column: ColumnDefinition): Sql {
  const target = catalog.get(column.targets[0] ?? '')
  return sql`alter table ${identifier('tables', table.name)} add foreign key (${identifier(column.name)})
    references ${identifier('tables', target.name)} (${identifier(target.idColumn)}) on delete ${trustedSql(column.onDelete)}`
}

/** Keys, declared indexes, and one index per lookup: deletes of the target and lists of children need it. */
function indexesOf(table: TableDefinition): { name: string; ddl: Sql }[] {
  const make = (kind: string, columns: readonly string[], unique: boolean) => {
    const name = `${table.name}_${kind}`.slice(0, 63)
    const list = join(columns.map((column) => identifier(column)))
    return {
      name,
      ddl: sql`create ${trustedSql(unique ? 'unique ' : '')}index ${identifier(name)} on ${identifier('tables', table.name)} (${list})`,
    }
  }
  const leading = new Set([...table.keys.values(), ...table.indexes].map((columns) => columns[0]))
  const lookups = [...table.columns.values()].filter((column) => column.targets.length > 0 && !leading.has(column.name))
  return [
    ...[...table.keys].map(([key, columns]) => make(`key_${key}`, columns, true)),
    ...table.indexes.map((columns) => make(`by_${columns.join('_')}`, columns, false)),
    ...lookups.map((column) => make(`by_${column.name}`, [column.name], false)),
  ]
}
