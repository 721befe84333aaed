import type { Tx } from '#postgres/database.ts'
import { identifier, sql } from '#postgres/sql.ts'
import type { TableDefinition } from './definition.ts'
import type { RowId } from './rows.queries.ts'

export type FileFacts = { fileId: RowId; name: string; mediaType: string; bytes: number; sha256: string }

export async function insertFile(
  tx: Tx,
  file: { fileId: RowId; table: string; column: string; name: string; mediaType: string },
): Promise<void> {
  await tx`
    insert into tables.stored_file (file_id, table_name, column_name, name, media_type)
    values (${file.fileId}::uuid, ${file.table}, ${file.column}, ${file.name}, ${file.mediaType})`
}

export async function insertChunk(tx: Tx, fileId: RowId, position: number, content: Buffer): Promise<void> {
  await tx`insert into tables.stored_file_chunk (file_id, position, content) values (${fileId}::uuid, ${position}, ${content})`
}

export async function finishFile(tx: Tx, fileId: RowId, whole: { bytes: number; sha256: string }): Promise<void> {
  await tx`
    update tables.stored_file set is_whole = true, bytes = ${whole.bytes}, sha256 = ${whole.sha256}, stored_at = clock_timestamp()
     where file_id = ${fileId}::uuid`
}

export async function findFile(tx: Tx, fileId: RowId): Promise<FileFacts | undefined> {
  const [file] = await tx<FileFacts>`
    select file_id as "fileId", name, media_type as "mediaType", bytes, sha256
      from tables.stored_file
     where file_id = ${fileId}::uuid and is_whole`
  return file
}

export function listFiles(tx: Tx, fileIds: readonly RowId[]): Promise<FileFacts[]> {
  return tx<FileFacts>`
    select file_id as "fileId", name, media_type as "mediaType", bytes, sha256
      from tables.stored_file
     where file_id = any(${fileIds}::uuid[]) and is_whole`
}

export async function readChunk(tx: Tx, fileId: RowId, position: number): Promise<Buffer | undefined> {
  const [chunk] = await tx<{ content: Buffer }>`
    select content from tables.stored_file_chunk where file_id = ${fileId}::uuid and position = ${position}`
  return chunk?.content
}

export async function deleteFile(tx: Tx, fileId: RowId): Promise<void> {
  await tx`delete from tables.stored_file where file_id = ${fileId}::uuid`
}

/** Deletes at most `filesMax` files of a column that no row has, and that were stored long enough ago for nobody to be about to take them. */
export async function deleteUnusedFiles(
  tx: Tx,
  table: TableDefinition,
  column: string,
  sweep: { idleMinutes: number; filesMax: number },
): Promise<number> {
  const rows = await tx.run(sql`
    delete from tables.stored_file
     where file_id in (
       select f.file_id
         from tables.stored_file as f
        where f.table_name = ${table.name} and f.column_name = ${column}
          and f.stored_at < (select clock_timestamp() - make_interval(mins => ${sweep.idleMinutes}::int))
          and not exists (select 1 from ${identifier('tables', table.name)} as t where t.${identifier(column)} = f.file_id)
        limit ${sweep.filesMax})
    returning 1 as one`)
  return rows.length
}
