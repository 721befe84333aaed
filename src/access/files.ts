import type { Database, Tx } from '#postgres/database.ts'
import type { Catalog } from '#tables/catalog.ts'
import { getColumn, type TableDefinition } from '#tables/definition.ts'
import { discardFile, isFileColumn, type OpenFile, openFile, storeFile } from '#tables/files.ts'
import { findRow, type RowId } from '#tables/rows.queries.ts'
import type { Permissions } from './permissions.ts'
import type { Visitor } from './visitor.ts'
import { behindWall } from './wall.ts'
import type { Precondition, Reference, WriteOutcome } from './write-model.ts'
import { changeRow, notFound, refusalToChange } from './writing/change.ts'
import { findTarget, startPlanning } from './writing/plan.ts'
import { isDone, sayWho } from './writing.ts'

/**
 * Files of rows for visitors: one reads a file where he may read its column of its row, and puts one there where he may write it. The file
 * itself is stored with our own rights; what a row has, is read and written behind the wall.
 */
export type FilePlace = { database: Database; catalog: Catalog; permissions: Permissions; visitor: Visitor }
export type FileAddress = { table: TableDefinition; target: Reference; column: string }

/** Undefined when there is no such row, column or file for this visitor. */
export async function openFileOf(place: FilePlace, address: FileAddress): Promise<OpenFile | undefined> {
  const { table, column } = address
  if (!hasFiles(table, column)) return undefined
  const fileId = await behindWall(place.database, place.visitor).read(async (tx) => {
    const id = await findTarget({ place: { ...place, tx }, results: new Map() }, table, address.target)
    if (id === undefined) return undefined
    const predicate = place.permissions.predicate(place.visitor, table.name, 'read')
    return (await findRow(tx, place.catalog, { table, columns: [column], predicate }, id))?.[column]
  })
  return typeof fileId === 'string' ? openFile(place.database, fileId) : undefined
}

/**
 * Stores a file in a column of an existing row, in place of the one before. Rights are asked before the content is read, and again with
 * the write.
 */
export async function putFile(
  place: FilePlace,
  address: FileAddress,
  file: {
    name: string
    mediaType: string | undefined
    content: AsyncIterable<Uint8Array>
    precondition?: Precondition | undefined
  },
): Promise<WriteOutcome> {
  const { table, column } = address
  if (!hasFiles(table, column)) return notFound(table)
  const checked = await inTransaction(place, async (tx): Promise<WriteOutcome | RowId> => {
    const planning = startPlanning({ ...place, tx }, new Map())
    const id = await findTarget(planning, table, address.target)
    if (id === undefined) return notFound(table)
    return (await refusalToChange(planning, table, id, { columns: [column], precondition: file.precondition })) ?? id
  })
  if (typeof checked !== 'string') return checked
  const stored = await storeFile(place.database, { ...file, table, column: getColumn(table, column) })
  if (stored.kind === 'refused') return { kind: 'invalid', table: table.name, problems: [{ ...stored.problem, at: '' }] }
  const { fileId } = stored.file
  return inTransaction(place, async (tx) => {
    await sayWho({ ...place, tx })
    const planning = startPlanning({ ...place, tx }, new Map())
    return changeRow(planning, table, checked, {
      values: {},
      file: { column, fileId },
      ...(file.precondition === undefined ? {} : { precondition: file.precondition }),
    })
  }).then(
    async (outcome) => {
      if (!isDone(outcome)) await discardFile(place.database, fileId)
      return outcome
    },
    async (error: unknown) => {
      await discardFile(place.database, fileId).catch(() => undefined)
      throw error
    },
  )
}

/** Carries a refusal out of a transaction that must not be kept. */
const REFUSED = Symbol('refused')

async function inTransaction<T extends WriteOutcome | RowId>(place: FilePlace, work: (tx: Tx) => Promise<T>): Promise<T> {
  let answer: T | undefined
  try {
    return await behindWall(place.database, place.visitor).transaction(async (tx) => {
      answer = await work(tx)
      if (typeof answer !== 'string' && !isDone(answer)) throw REFUSED
      return answer
    })
  } catch (error) {
    if (error === REFUSED && answer !== undefined) return answer
    throw error
  }
}

function hasFiles(table: TableDefinition, column: string): boolean {
  const found = table.columns.get(column)
  return found !== undefined && isFileColumn(found)
}
