import { createHash } from 'node:crypto'
import { cleanFileName } from '#lib/file-name.ts'
import { isAccepted, isPicture, mediaTypeOf, SNIFF_BYTES } from '#lib/media-type.ts'
import type { Database } from '#postgres/database.ts'
import type { Catalog } from './catalog.ts'
import type { ColumnDefinition, TableDefinition } from './definition.ts'
import {
  deleteFile,
  deleteUnusedFiles,
  type FileFacts,
  findFile,
  finishFile,
  insertChunk,
  insertFile,
  listFiles,
  readChunk,
} from './files.queries.ts'
import { newRowId, type RowId } from './rows.queries.ts'
import { problemOf, type ValueProblem } from './validate.ts'

/**
 * Files of file and image columns, in PostgreSQL in pieces: streamed in and out, so that a large one takes no more memory than a small
 * one. Nobody but access/ hands them out, through the row that has them.
 */
export type OpenFile = FileFacts & { content: AsyncIterable<Buffer> }

const PIECE_BYTES = 256 * 1024
/** Of columns that do not say. */
const BYTES_MAX = 32 * 1024 * 1024
const IDLE_MINUTES = 60
const SWEEP_FILES_MAX = 1_000

export function isFileColumn(column: ColumnDefinition): boolean {
  return column.type === 'file' || column.type === 'image'
}

export function bytesMaxOf(column: ColumnDefinition): number {
  return column.bytesMax ?? BYTES_MAX
}

/**
 * Stores a file for a column, whose size and types it must keep to; it belongs to no row yet, and is swept after an hour if it stays so.
 * What `content` throws ends it, and nothing remains. Each piece is a statement of its own: a slow sender holds no connection.
 */
export async function storeFile(
  database: Database,
  file: {
    table: TableDefinition
    column: ColumnDefinition
    name: string
    /** As its sender says. */
    mediaType: string | undefined
    content: AsyncIterable<Uint8Array>
  },
): Promise<{ kind: 'stored'; file: FileFacts } | { kind: 'refused'; problem: ValueProblem }> {
  const { column } = file
  const bytesMax = bytesMaxOf(column)
  const facts = { fileId: newRowId(), name: cleanFileName(file.name), mediaType: '' }
  const hash = createHash('sha256')
  let [bytes, position] = [0, 0]
  const discard = async () => {
    if (position > 0) await database.statement((tx) => deleteFile(tx, facts.fileId))
  }
  try {
    for await (const piece of pieces(file.content)) {
      bytes += piece.length
      if (bytes > bytesMax) {
        await discard()
        return { kind: 'refused', problem: problemOf(column, 'file_size', { max: Math.floor(bytesMax / 1024) }) }
      }
      if (position === 0) {
        const mediaType = mediaTypeOf(piece.subarray(0, SNIFF_BYTES), file.mediaType)
        if (mediaType === undefined || !fits(column, mediaType))
          return { kind: 'refused', problem: problemOf(column, 'file_type') }
        facts.mediaType = mediaType
        await database.statement((tx) => insertFile(tx, { ...facts, table: file.table.name, column: column.name }))
      }
      hash.update(piece)
      await database.statement((tx) => insertChunk(tx, facts.fileId, position, piece))
      position++
    }
    if (bytes === 0) return { kind: 'refused', problem: problemOf(column, 'file_empty') }
    const sha256 = hash.digest('hex')
    await database.statement((tx) => finishFile(tx, facts.fileId, { bytes, sha256 }))
    return { kind: 'stored', file: { ...facts, bytes, sha256 } }
  } catch (error) {
    await discard().catch(() => undefined)
    throw error
  }
}

/** For whoever has found the id in a row under its reader's predicate. Undefined when the file is gone. */
export async function openFile(database: Database, fileId: RowId): Promise<OpenFile | undefined> {
  const facts = await database.statement((tx) => findFile(tx, fileId))
  return facts === undefined ? undefined : { ...facts, content: readPieces(database, fileId) }
}

/** Names and sizes, for whoever has found the ids in rows under their reader's predicate. What is gone is left out. */
export async function describeFiles(database: Database, fileIds: readonly RowId[]): Promise<Map<RowId, FileFacts>> {
  if (fileIds.length === 0) return new Map()
  const files = await database.statement((tx) => listFiles(tx, fileIds))
  return new Map(files.map((file) => [file.fileId, file]))
}

/** Takes back a file that no row has got. */
export function discardFile(database: Database, fileId: RowId): Promise<void> {
  return database.statement((tx) => deleteFile(tx, fileId))
}

/** Removes files that were replaced or emptied, or whose rows are gone. Answers how many. */
export async function sweepFiles(
  database: Database,
  catalog: Catalog,
  { idleMinutes }: { idleMinutes: number } = { idleMinutes: IDLE_MINUTES },
): Promise<number> {
  let swept = 0
  for (const table of catalog.tables.values())
    for (const column of table.columns.values())
      if (isFileColumn(column))
        swept += await database.statement((tx) =>
          deleteUnusedFiles(tx, table, column.name, { idleMinutes, filesMax: SWEEP_FILES_MAX }),
        )
  return swept
}

function fits(column: ColumnDefinition, mediaType: string): boolean {
  if (column.type === 'image' && !isPicture(mediaType) && !column.accept.includes(mediaType)) return false
  return column.accept.length === 0 || isAccepted(mediaType, column.accept)
}

/** The same bytes in pieces of one size, whatever sizes they come in. */
async function* pieces(content: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let waiting: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of content) {
    waiting.push(chunk)
    bytes += chunk.length
    if (bytes < PIECE_BYTES) continue
    const whole = Buffer.concat(waiting)
    let at = 0
    for (; at + PIECE_BYTES <= whole.length; at += PIECE_BYTES) yield whole.subarray(at, at + PIECE_BYTES)
    waiting = at === whole.length ? [] : [whole.subarray(at)]
    bytes = whole.length - at
  }
  if (bytes > 0) yield Buffer.concat(waiting)
}

async function* readPieces(database: Database, fileId: RowId): AsyncGenerator<Buffer> {
  for (let position = 0; ; position++) {
    const piece = await database.statement((tx) => readChunk(tx, fileId, position))
    if (piece === undefined) return
    yield piece
  }
}
