import { identifier, join, type Sql, sql, trustedSql } from '#postgres/sql.ts'
import type { Catalog } from '../catalog.ts'
import type { TableDefinition } from '../definition.ts'
import { type ActualTable, ROWS_COUNTED_MAX } from '../schema.queries.ts'
import { loosen, planColumns } from './column-plan.ts'
import type { Draft, TableChange } from './draft.ts'
import {
  CHANGING_TRIGGER,
  columnDdl,
  fitting,
  literal,
  RULE_PREFIX,
  referenceDdl,
  referenceName,
  type WantedIndex,
  wantedColumns,
  wantedIndexes,
  wantedRules,
  wantedTriggers,
} from './wanted.ts'

export function planNewTable(draft: Draft, catalog: Catalog, table: TableDefinition): void {
  const name = identifier('tables', table.name)
  const columns = wantedColumns(table)
  draft.expand(0, `Makes the table ${table.name}`, [
    sql`create table ${name} (${join(columns.map((column) => columnDdl(table, column)))}, primary key (${identifier(table.idColumn)}))`,
    sql`create trigger touch before insert or update on ${name} for each row execute function tables.touch_row()`,
    sql`create trigger capture after insert or update or delete on ${name}
      for each row execute function tables.capture_change(${literal(table.idColumn)})`,
    ...columns.flatMap(({ definition, mark }) =>
      mark === undefined
        ? []
        : [sql`comment on column ${identifier('tables', table.name, definition.name)} is ${literal(JSON.stringify(mark))}`],
    ),
    ...wantedRules(table).map((rule) => sql`alter table ${name} add constraint ${identifier(rule.name)} check ${rule.condition}`),
    ...wantedTriggers(table).flatMap((trigger) => trigger.ddl),
  ])
  for (const column of table.columns.values())
    if (column.type === 'lookup')
      draft.expand(2, `Ties ${table.name}.${column.name} to ${column.targets[0]}`, [
        referenceDdl(catalog, table.name, column, { validated: true }),
      ])
  for (const index of wantedIndexes(table)) draft.expand(3, sayIndex(table, index), [indexDdl(table, index, index.name)])
}

export function planTable(draft: Draft, change: TableChange): void {
  const remade = planColumns(draft, change)
  planRules(draft, change)
  planTriggers(draft, change)
  planReferences(draft, change)
  planIndexes(draft, change, remade)
}

/** What a table is not asked for any more stays as it is, but holds nobody else's rows back. */
export function planHiddenTable(draft: Draft, table: TableDefinition, actual: ActualTable): void {
  const references = [...table.columns.values()].filter((column) => column.type === 'lookup' && column.onDelete !== 'set null')
  draft.finish(`Hides the table ${table.name}; ${actual.rows >= ROWS_COUNTED_MAX ? 'its' : actual.rows} rows are kept`, [
    ...references.flatMap((column) => [
      sql`alter table ${identifier('tables', table.name)} alter column ${identifier(column.name)} drop not null`,
      ...loosen(table.name, column, actual),
    ]),
    sql`delete from ${identifier('tables', 'customer_column')} where table_name = ${literal(table.name)}`,
  ])
}

function planRules(draft: Draft, { next, actual }: TableChange): void {
  const name = identifier('tables', next.name)
  const wanted = wantedRules(next)
  for (const rule of wanted) {
    if (actual.checks.some((check) => check.name === rule.name && check.isValid)) continue
    const says = `Sees to it that ${next.name}.${rule.column} ${rule.says}`
    const column = actual.columns.get(rule.column)
    if (column !== undefined && rule.holds.includes(column.type))
      draft.block(
        next.name,
        sql`not ${rule.condition}`,
        (rows) =>
          `${rows} rows of ${next.name} hold a ${rule.column} of which it is not true that it ${rule.says}; change them first`,
      )
    if (!actual.checks.some((check) => check.name === rule.name))
      draft.expand(2, says, [sql`alter table ${name} add constraint ${identifier(rule.name)} check ${rule.condition} not valid`])
    draft.build(
      `${says}: looks through the rows`,
      [sql`alter table ${name} validate constraint ${identifier(rule.name)}`],
      isLarge(actual),
    )
  }
  for (const check of actual.checks)
    if (check.name.startsWith(RULE_PREFIX) && !wanted.some((rule) => rule.name === check.name))
      draft.expand(-1, `Takes a rule from ${next.name}`, [sql`alter table ${name} drop constraint ${identifier(check.name)}`])
}

function planTriggers(draft: Draft, { next, actual }: TableChange): void {
  const wanted = wantedTriggers(next)
  for (const trigger of wanted) if (!actual.triggers.has(trigger.name)) draft.finish(trigger.says, trigger.ddl)
  for (const name of actual.triggers)
    if (CHANGING_TRIGGER.test(name) && !wanted.some((trigger) => trigger.name === name))
      draft.finish(`Takes a trigger from ${next.name}`, [
        sql`drop trigger ${identifier(name)} on ${identifier('tables', next.name)}`,
      ])
}

function planReferences(draft: Draft, { catalog, next, actual }: TableChange): void {
  const table = identifier('tables', next.name)
  for (const column of next.columns.values()) {
    if (column.type !== 'lookup') continue
    const existing = actual.references.find((one) => one.column === column.name)
    const isSame = existing?.onDelete === column.onDelete
    if (isSame && existing.isValid) continue
    const name = isSame ? existing.name : referenceName(next.name, column.name)
    const says = `Ties ${next.name}.${column.name} to ${column.targets[0]}`
    if (!isSame)
      draft.expand(2, says, [
        ...(existing === undefined ? [] : [sql`alter table ${table} drop constraint ${identifier(existing.name)}`]),
        referenceDdl(catalog, next.name, column, { validated: false }),
      ])
    draft.build(
      `${says}: looks through the rows`,
      [sql`alter table ${table} validate constraint ${identifier(name)}`],
      isLarge(actual),
    )
  }
}

function planIndexes(draft: Draft, { current, next, actual }: TableChange, remade: ReadonlySet<string>): void {
  const wanted = wantedIndexes(next)
  const standing = actual.indexes.filter((index) => index.isValid && !index.columns.some((column) => remade.has(column)))
  const taken = new Set(standing.map((index) => index.name))
  for (const index of wanted) {
    if (standing.some((one) => isSameIndex(one, index))) continue
    if (index.unique) askForDuplicates(draft, next, actual, index.columns, remade)
    const name = taken.has(index.name) ? fitting(`${index.name}_${index.columns.join('_')}_`) : index.name
    const broken = actual.indexes.find((one) => one.name === name && !one.isValid)
    if (broken !== undefined)
      draft.expand(0, `Clears what is left of the index ${name}`, [sql`drop index if exists ${identifier('tables', name)}`])
    draft.build(sayIndex(next, index), [indexDdl(next, index, name, isLarge(actual))], isLarge(actual))
  }
  const before = current === undefined ? [] : wantedIndexes(current)
  for (const index of before) {
    if (wanted.some((one) => isSameIndex(one, index))) continue
    const found = standing.find((one) => isSameIndex(one, index))
    // An index of a hidden lookup goes on serving the deletion of its targets, and may stay.
    if (found !== undefined && index.columns.every((column) => next.columns.has(column)))
      draft.finish(`Drops the index ${found.name}`, [sql`drop index if exists ${identifier('tables', found.name)}`])
    else if (found?.unique === true)
      draft.finish(`Drops the key ${found.name}`, [sql`drop index if exists ${identifier('tables', found.name)}`])
  }
}

/** What a column is going to hold counts too: nothing makes no duplicate, a default is the same in every row. */
function askForDuplicates(
  draft: Draft,
  table: TableDefinition,
  actual: ActualTable,
  columns: readonly string[],
  remade: ReadonlySet<string>,
): void {
  const isHeld = (name: string) => actual.columns.has(name) && !remade.has(name)
  const coming = columns.flatMap((name) => (isHeld(name) ? [] : (table.columns.get(name) ?? [])))
  // What a calculation will give is known when it is made; PostgreSQL refuses the key then.
  if (coming.some((column) => column.default === undefined)) return
  const held = columns.filter(isHeld)
  if (held.length > 0) draft.blockDuplicates(table.name, held)
  else if (actual.rows > 1)
    draft.refuse(`All rows of ${table.name} would have the same ${columns.join(', ')}, so it cannot be a key`)
}

function isSameIndex(a: Pick<WantedIndex, 'columns' | 'unique'>, b: Pick<WantedIndex, 'columns' | 'unique'>): boolean {
  return a.unique === b.unique && a.columns.length === b.columns.length && a.columns.every((column, i) => column === b.columns[i])
}

function indexDdl(table: TableDefinition, index: WantedIndex, name: string, concurrently = false): Sql {
  const list = join(index.columns.map((column) => identifier(column)))
  const head = trustedSql(`create ${index.unique ? 'unique ' : ''}index ${concurrently ? 'concurrently if not exists ' : ''}`)
  const beside = join(index.include.map((column) => identifier(column)))
  const include = index.include.length === 0 ? sql`` : sql` include (${beside})`
  return sql`${head}${identifier(name)} on ${identifier('tables', table.name)} (${list})${include}`
}

function sayIndex(table: TableDefinition, index: WantedIndex): string {
  return `${index.unique ? 'Makes a key' : 'Makes an index'} of ${index.columns.join(', ')} of ${table.name}`
}

function isLarge(actual: ActualTable): boolean {
  return actual.rows >= ROWS_COUNTED_MAX
}
