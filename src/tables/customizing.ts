import { isDeepStrictEqual } from 'node:util'
import { AppError } from '#lib/app-error.ts'
import type { Clock } from '#lib/clock.ts'
import { type Database, sqlStateOf, type Tx } from '#postgres/database.ts'
import { identifier, sql } from '#postgres/sql.ts'
import type { Catalog } from './catalog.ts'
import { applyChange, type ChangePlan, planChange } from './change-plan.ts'
import { assembleCatalog, type CustomDocument, tableOfDocument } from './custom-documents.ts'
import { getColumn } from './definition.ts'
import {
  countKept,
  type DefinitionSource,
  type DefinitionVersion,
  forgetColumns,
  insertVersion,
  lastVersion,
  listNewestVersions,
  listVersions,
} from './definition-versions.queries.ts'
import { compileCalculated } from './file/calculated.ts'
import type { LiveCatalog } from './live-catalog.ts'
import { sampleExpression } from './samples.queries.ts'
import { readMark } from './schema/column-plan.ts'
import { sequenceOf } from './schema/wanted.ts'
import { readActualTables } from './schema.queries.ts'
import { dropRuleView, refreshRuleViews } from './visitor-rights.queries.ts'

/** Where definitions are changed: the database, and the catalog that the program holds. */
export type TablesGround = { database: Database; catalog: LiveCatalog; clock: Pick<Clock, 'sleep'> }
/** Who changes something and why; `confirm` names the losses that a person agrees to, as `account.contoso_code`. */
export type ChangeBy = { by: string; message: string; confirm?: readonly string[] }

/** A change of one table's document; null defines it no more. */
type DocumentChange = { table: string; source: DefinitionSource; content: unknown; place: string }

/** What holds of this installation's own definitions, one a table. */
export async function listCustomizations(database: Database): Promise<DefinitionVersion[]> {
  const newest = await database.read((tx) => listNewestVersions(tx))
  return newest.filter((one) => one.document !== null)
}

/** Every version there was, newest first. */
export function listDefinitionHistory(
  database: Database,
  page: { table?: string; before?: number; rowsMax: number },
): Promise<DefinitionVersion[]> {
  return database.read((tx) =>
    listVersions(tx, { table: page.table ?? null, before: page.before ?? null, rowsMax: page.rowsMax }),
  )
}

/**
 * What it would take to apply a document (the content of a definition file, as data). Changes nothing.
 * Throws AppError `tables.invalid` with every problem of the document, `tables.in_use` where a site or a map needs what would go.
 */
export function previewCustomization(ground: TablesGround, document: unknown): Promise<ChangePlan> {
  return preview(ground, [storedChange(document)])
}

/**
 * Applies a document, made in Studio or by the API: usable everywhere when this returns. Throws as `previewCustomization` does, and AppError
 * `tables.cannot_change`, `tables.would_lose_data` (details: losses), `tables.from_file`.
 */
export function applyCustomization(ground: TablesGround, document: unknown, by: ChangeBy): Promise<ChangePlan> {
  return applyDocuments(ground, [storedChange(document)], by)
}

/**
 * What a calculated column of a document would give for some of the rows that are there; nothing where it speaks of columns that are not
 * there yet. Throws AppError `tables.invalid` with what is wrong with the expression.
 */
export async function sampleCalculated(
  ground: TablesGround,
  document: unknown,
  column: string,
): Promise<{ name: string | null; value: string | null }[]> {
  const change = storedChange(document)
  const table = (await nextCatalog(ground.database, [change])).get(change.table)
  const definition = getColumn(table, column)
  if (definition.calculated === undefined) return []
  const expression = compileCalculated(table, definition)
  try {
    return await ground.database.read((tx) => sampleExpression(tx, table, expression, SAMPLE_ROWS))
  } catch (error) {
    if (NOT_THERE_YET.includes(sqlStateOf(error) ?? '')) return []
    throw error
  }
}

const SAMPLE_ROWS = 5
/** undefined_column, undefined_table */
const NOT_THERE_YET: readonly string[] = ['42703', '42P01']

/** Defines a table, or what was added to one, no more. Its rows and values stay, hidden, and come back with the definition. */
export async function withdrawCustomization(ground: TablesGround, table: string, by: ChangeBy): Promise<ChangePlan> {
  const newest = (await listCustomizations(ground.database)).find((one) => one.table === table)
  if (newest === undefined)
    throw new AppError('tables.unknown_table', `There is no definition of your own for the table ${table}`)
  return applyDocuments(ground, [{ table, source: 'stored', content: null, place: table }], by)
}

/** Everything that is not from files as it was after an earlier version (0: before the first). */
export async function revertTo(ground: TablesGround, version: number, by: ChangeBy): Promise<ChangePlan> {
  return applyDocuments(ground, await changesBackTo(ground.database, version), by)
}

export async function previewRevert(ground: TablesGround, version: number): Promise<ChangePlan> {
  return preview(ground, await changesBackTo(ground.database, version))
}

/** What the files of a folder would change: those that differ from what holds, and those that are gone. */
export async function previewFiles(ground: TablesGround, documents: readonly CustomDocument[]): Promise<ChangePlan> {
  return preview(ground, await changesOfFiles(ground.database, documents))
}

export async function applyFiles(ground: TablesGround, documents: readonly CustomDocument[], by: ChangeBy): Promise<ChangePlan> {
  return applyDocuments(ground, await changesOfFiles(ground.database, documents), by)
}

/** A column or table that is defined no more and keeps its values. `column` null: a whole table. */
export type HiddenData = { table: string; column: string | null; type: string; values: number }

export async function listHidden(ground: Pick<TablesGround, 'database' | 'catalog'>): Promise<HiddenData[]> {
  return ground.database.read(async (tx) => {
    const hidden: HiddenData[] = []
    for (const [name, actual] of await readActualTables(tx)) {
      const table = ground.catalog.tables.get(name)
      if (table === undefined) hidden.push({ table: name, column: null, type: 'table', values: await countKept(tx, name, null) })
      else
        for (const [column, { comment, type }] of actual.columns)
          if (!table.columns.has(column))
            hidden.push({ table: name, column, type: readMark(comment)?.type ?? type, values: await countKept(tx, name, column) })
    }
    return hidden
  })
}

/**
 * Drops a hidden column, or with `column` null a hidden table, with all it holds. Throws AppError `tables.would_lose_data` unless `confirm`
 * names it, `tables.in_use` while it is defined, `tables.unknown_column` where there is none. Answers how many values are gone.
 */
export async function purgeColumn(ground: TablesGround, table: string, column: string | null, by: ChangeBy): Promise<number> {
  const { catalog, database } = ground
  const name = column === null ? table : `${table}.${column}`
  const gone = await database.transaction(async (tx) => {
    const actual = (await readActualTables(tx)).get(table)
    if (actual === undefined || (column !== null && !actual.columns.has(column)))
      throw new AppError('tables.unknown_column', `There is no ${name} that is kept hidden`)
    const definition = catalog.tables.get(table)
    if (column === null ? definition !== undefined : definition?.columns.has(column))
      throw new AppError('tables.in_use', `${name} is in use: take it out of its definition first`)
    const values = await countKept(tx, table, column)
    requireConfirmed(name, values, column === null ? 'rows' : 'values', by.confirm ?? [])
    await forgetColumns(tx, table, column)
    await dropRuleView(tx, table)
    const drop =
      column === null
        ? sql`drop table ${identifier('tables', table)} cascade`
        : sql`alter table ${identifier('tables', table)} drop column ${identifier(column)}`
    await tx.run(drop)
    for (const one of column === null ? actual.columns.keys() : [column])
      await tx.run(sql`drop sequence if exists ${identifier('tables', sequenceOf(table, one))}`)
    if (column !== null) await refreshRuleViews(tx, [table])
    const last = (await listNewestVersions(tx)).find((one) => one.table === table)
    if (last !== undefined)
      await insertVersion(tx, {
        ...last,
        author: by.by,
        message: `${by.message} (${name} purged with ${values} ${column === null ? 'rows' : 'values'})`,
      })
    return values
  })
  await catalog.follow()
  return gone
}

function requireConfirmed(name: string, values: number, what: string, confirm: readonly string[]): void {
  if (confirm.includes(name)) return
  const says = `${values} ${what} of ${name} would be gone for good`
  throw new AppError('tables.would_lose_data', `This would lose data:\n  ${says}\nTo agree, confirm ${name}`, {
    details: { losses: [{ confirm: name, says, rows: values }] },
  })
}

function storedChange(content: unknown): DocumentChange {
  const place = 'the definition'
  return { table: tableOfDocument({ place, content }), source: 'stored', content, place }
}

async function changesBackTo(database: Database, version: number): Promise<DocumentChange[]> {
  const { earlier, now } = await database.read(async (tx) => {
    if (version < 0 || version > (await lastVersion(tx)))
      throw new AppError('tables.unknown_version', `There is no version ${version} of the definitions`)
    return { earlier: await listNewestVersions(tx, version), now: await listNewestVersions(tx) }
  })
  const before = new Map(earlier.map((one) => [one.table, one]))
  return now.flatMap((one) => {
    const content = before.get(one.table)?.source === 'file' ? null : (before.get(one.table)?.document ?? null)
    if (one.source === 'file' && one.document !== null) return []
    return isDeepStrictEqual(content, one.document)
      ? []
      : [{ table: one.table, source: 'stored' as const, content, place: `${one.table} (version ${version})` }]
  })
}

async function changesOfFiles(database: Database, documents: readonly CustomDocument[]): Promise<DocumentChange[]> {
  // All problems of all files at once, whatever is stored beside them.
  assembleCatalog(documents)
  const now = await database.read((tx) => listNewestVersions(tx))
  const files = new Map(documents.map((document) => [tableOfDocument(document), document]))
  const gone = now.filter((one) => one.source === 'file' && one.document !== null && !files.has(one.table))
  const changed = [...files].filter(([table, { content }]) => {
    const held = now.find((one) => one.table === table)
    return held?.document == null || held.source !== 'file' || !isDeepStrictEqual(held.document, toJson(content))
  })
  return [
    ...gone.map(({ table }) => ({ table, source: 'file' as const, content: null, place: table })),
    ...changed.map(([table, { place, content }]) => ({ table, source: 'file' as const, content: toJson(content), place })),
  ]
}

/** As the database gives it back. */
function toJson(content: unknown): unknown {
  return JSON.parse(JSON.stringify(content))
}

async function preview(ground: TablesGround, changes: readonly DocumentChange[]): Promise<ChangePlan> {
  const next = await nextCatalog(ground.database, changes)
  await requireUnused(ground.catalog, next)
  return ground.database.read((tx) => planChange(tx, ground.catalog, next, tablesOf(changes)))
}

async function applyDocuments(ground: TablesGround, changes: readonly DocumentChange[], by: ChangeBy): Promise<ChangePlan> {
  const { database, catalog, clock } = ground
  if (changes.length === 0) return { steps: [], losses: [], refusals: [] }
  const base = await database.read(lastVersion)
  const next = await nextCatalog(database, changes)
  await requireUnused(catalog, next)
  const current: Catalog = { ...catalog, tables: catalog.tables }
  const plan = await applyChange(database, {
    plan: async (tx) => {
      await requireBase(tx, base)
      return planChange(tx, current, next, tablesOf(changes))
    },
    confirm: by.confirm ?? [],
    clock,
    restore: async (tx) => {
      for (const dependent of catalog.dependents) await dependent.settle?.(tx, next)
    },
    settle: async (tx) => {
      await requireBase(tx, base)
      for (const { table, source, content } of changes)
        await insertVersion(tx, { table, source, document: content, author: by.by, message: by.message })
    },
  })
  await catalog.follow()
  return plan
}

/** Two who change definitions at once: the second looks again. */
async function requireBase(tx: Tx, base: number): Promise<void> {
  if ((await lastVersion(tx)) !== base)
    throw new AppError('tables.changed_meanwhile', 'Somebody else has changed the definitions meanwhile; look at them again')
}

async function nextCatalog(database: Database, changes: readonly DocumentChange[]): Promise<Catalog> {
  const now = await database.read((tx) => listNewestVersions(tx))
  for (const change of changes) requireOneSource(change, now)
  const changed = new Set(tablesOf(changes))
  return assembleCatalog([
    ...now.flatMap((one) =>
      one.document === null || changed.has(one.table) ? [] : [{ place: one.table, content: one.document }],
    ),
    ...changes.filter((change) => change.content !== null),
  ])
}

/** A table that stands in a file is changed there, and one from Studio in Studio: nobody's work is overwritten by the other. */
function requireOneSource(change: DocumentChange, now: readonly DefinitionVersion[]): void {
  const held = now.find((one) => one.table === change.table && one.document !== null)
  if (held === undefined || held.source === change.source) return
  throw new AppError(
    'tables.from_file',
    held.source === 'file'
      ? `${change.table} is defined in a file of the site's folder tables/; change it there`
      : `${change.place}: ${change.table} is defined in Studio already; withdraw it there first, its rows stay`,
    { details: { table: change.table, source: held.source } },
  )
}

async function requireUnused(catalog: LiveCatalog, next: Catalog): Promise<void> {
  const problems: string[] = []
  for (const dependent of catalog.dependents) problems.push(...((await dependent.problemsWith?.(next)) ?? []))
  if (problems.length > 0)
    throw new AppError('tables.in_use', `What would go is in use:\n  ${problems.join('\n  ')}`, { details: { problems } })
}

function tablesOf(changes: readonly DocumentChange[]): string[] {
  return changes.map((change) => change.table)
}
