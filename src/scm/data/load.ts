import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { AppError, messageOf } from '#lib/app-error.ts'
import { required } from '#lib/assert.ts'
import type { Database, Tx } from '#postgres/database.ts'
import { analyzeTable, insertRows, quietEvents } from '../domain/rows.queries.ts'
import type { FieldValue } from '../domain/rows.ts'
import { type Catalog, type Entity, type Field, loadCatalog } from '../entities/catalog.ts'
import { listColumns } from '../entities/columns.queries.ts'
import { changeRow, listKeys, savepoint } from './load/any-table.queries.ts'
import { completeLines, keepHeaderTax, nameProducts, placeCustomers, totalOrders } from './load/load.queries.ts'
import { type FileRow, rowsOfFile } from './load/rows-of-file.ts'
import { type LoadReference, type LoadRule, loadRules } from './load/sets.ts'

export type LoadProblem = { file: string; line: number; reason: string }

/** Rows loaded by file, and why others were not. */
export type LoadResult = { loaded: Readonly<Record<string, number>>; problems: readonly LoadProblem[] }

const BATCH_ROWS_MAX = 1_000
/** Beyond these the folder is not what it is taken for; the rest is counted but not told. */
const PROBLEMS_MAX = 10_000

/**
 * Loads a folder of CSV files named and columned as data entities, any subset of them, in the order in which they refer to each other.
 * Good rows are loaded; each bad one is reported by file, line and reason. Orders keep the status and amounts they come with. Writes no data events.
 */
export async function loadFolder(
  database: Database,
  folder: string,
  report: (sentence: string) => void = () => undefined,
): Promise<LoadResult> {
  const catalog = loadCatalog(await database.read((tx) => listColumns(tx)))
  const names = csvFiles(folder)
  const problems: LoadProblem[] = []
  const loaded: Record<string, number> = {}
  const tell = (file: string, line: number, reason: string) => {
    if (problems.length < PROBLEMS_MAX) problems.push({ file, line, reason })
  }
  for (const file of names) {
    if (!loadRules.some((rule) => `${rule.set}.csv` === file)) tell(file, 1, 'no data entity of this name is loaded from files')
  }
  const keys = new Map<string, Set<string>>()
  for (const rule of loadRules) {
    const file = `${rule.set}.csv`
    if (!names.includes(file)) continue
    loaded[file] = await loadFile(database, join(folder, file), {
      rule,
      catalog,
      keys,
      tell: (line, reason) => tell(file, line, reason),
    })
    report(`${file}: ${loaded[file]} rows`)
  }
  await database.transaction(async (tx) => {
    await quietEvents(tx)
    await nameProducts(tx)
    await placeCustomers(tx)
    await completeLines(tx)
    await totalOrders(tx)
    await keepHeaderTax(tx)
    for (const { table } of catalog.entities) await analyzeTable(tx, table)
  })
  return { loaded, problems }
}

type FileLoad = {
  rule: LoadRule
  catalog: Catalog
  /** Keys by table and columns, read once and kept while files add to them. */
  keys: Map<string, Set<string>>
  tell(line: number, reason: string): void
}

async function loadFile(database: Database, file: string, load: FileLoad): Promise<number> {
  const entity = required(load.catalog.bySet.get(load.rule.set), `entity ${load.rule.set}`)
  await readKeys(database, entity, load)
  const keyColumns = entity.keys.map((key) => key.column ?? key.name)
  const checks = {
    rule: load.rule,
    entity,
    fields: fieldsOfTable(load.catalog, entity),
    taken: required(load.keys.get(keyName(entity.table, keyColumns)), 'the keys of the table'),
    refers: (reference: LoadReference, key: string) =>
      load.keys.get(keyName(reference.table, reference.columns))?.has(key) ?? false,
  }
  let count = 0
  let batch: FileRow[] = []
  for await (const item of rowsOfFile(file, checks)) {
    if ('problem' in item) load.tell(item.line, item.problem)
    else batch.push(item)
    if (batch.length >= BATCH_ROWS_MAX) {
      count += await storeBatch(database, entity, batch, load)
      batch = []
    }
  }
  count += await storeBatch(database, entity, batch, load)
  // What others refer to by other columns than the key is read anew when it is needed.
  for (const name of [...load.keys.keys()]) if (name.startsWith(`${entity.table} `)) load.keys.delete(name)
  return count
}

async function readKeys(database: Database, entity: Entity, load: FileLoad): Promise<void> {
  const wanted = [
    { table: entity.table, columns: entity.keys.map((key) => key.column ?? key.name) },
    ...(load.rule.references ?? []),
  ]
  await database.read(async (tx) => {
    for (const { table, columns } of wanted) {
      const name = keyName(table, columns)
      if (!load.keys.has(name)) load.keys.set(name, await listKeys(tx, table, columns))
    }
  })
}

/** All rows at once; when the database refuses that, one by one, so that only the bad ones are left out. */
async function storeBatch(database: Database, entity: Entity, batch: readonly FileRow[], load: FileLoad): Promise<number> {
  if (batch.length === 0) return 0
  try {
    await database.transaction(async (tx) => {
      await quietEvents(tx)
      if (load.rule.changes === true) for (const item of batch) await change(tx, entity, item)
      else for (const rows of byShape(batch)) await insertRows(tx, entity.table, rows)
    })
    return batch.length
  } catch (error) {
    if (!(error instanceof Error) || error instanceof AppError) throw error
    return database.transaction((tx) => storeOneByOne(tx, entity, batch, load))
  }
}

async function storeOneByOne(tx: Tx, entity: Entity, batch: readonly FileRow[], load: FileLoad): Promise<number> {
  await quietEvents(tx)
  let count = 0
  for (const item of batch) {
    await savepoint(tx, 'savepoint')
    try {
      if (load.rule.changes === true) await change(tx, entity, item)
      else for (const rows of byShape([item])) await insertRows(tx, entity.table, rows)
      count += 1
    } catch (error) {
      await savepoint(tx, 'rollback to savepoint')
      load.tell(item.line, messageOf(error))
    }
  }
  return count
}

function change(tx: Tx, entity: Entity, item: FileRow): Promise<void> {
  const columns = entity.keys.map((key) => key.column ?? key.name)
  const key = Object.fromEntries(columns.map((column) => [column, item.row[column]]))
  const fields = Object.fromEntries(
    Object.entries(item.row).filter(([column, value]) => !columns.includes(column) && value !== ''),
  )
  return changeRow(tx, entity.table, { key, fields })
}

/** Rows that bring the same columns, together. */
function byShape(batch: readonly FileRow[]): Record<string, FieldValue>[][] {
  const shapes = new Map<string, Record<string, FieldValue>[]>()
  for (const { row, extra } of batch) {
    const full = Object.keys(extra).length === 0 ? row : { ...row, extra: extra as unknown as FieldValue }
    const shape = Object.keys(full).join()
    const rows = shapes.get(shape)
    const ordered = full as Record<string, FieldValue>
    if (rows === undefined) shapes.set(shape, [ordered])
    else rows.push(ordered)
  }
  return [...shapes.values()]
}

/** The entity's own fields first, then those of the other views of its table. */
function fieldsOfTable(catalog: Catalog, entity: Entity): ReadonlyMap<string, Field> {
  const others = catalog.entities.filter((other) => other.table === entity.table && other !== entity)
  return new Map([...others.flatMap((other) => [...other.fields]), ...entity.fields])
}

function keyName(table: string, columns: readonly string[]): string {
  return `${table} ${columns.join()}`
}

function csvFiles(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.toLowerCase().endsWith('.csv'))
  } catch (cause) {
    throw new AppError('scm.data_folder', `The data folder ${folder} cannot be read`, { cause })
  }
}
