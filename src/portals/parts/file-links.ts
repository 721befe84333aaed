import { type Html, html } from '#lib/html.ts'
import { isPicture } from '#lib/media-type.ts'
import type { TableDefinition } from '#tables/definition.ts'
import type { FileFacts } from '#tables/files.queries.ts'
import { describeFiles } from '#tables/files.ts'
import type { QueryRow } from '#tables/row-query.ts'
import type { RowId } from '#tables/rows.queries.ts'
import type { PageContext } from '../component.ts'

/** How pages speak of files: by name, with a link that asks for the rights again. */

export type FileCell = { table: TableDefinition; row: QueryRow; column: string }
export type Files = ReadonlyMap<RowId, FileFacts>

/** What is known of the files in these columns of rows that the visitor has read. */
export function filesOfRows(context: PageContext, columns: readonly string[], rows: readonly QueryRow[]): Promise<Files> {
  const ids = rows.flatMap((row) => columns.map((column) => row[column])).filter((id) => typeof id === 'string')
  return describeFiles(context.database, ids)
}

export function fileOf({ row, column }: FileCell, files: Files): FileFacts | undefined {
  return files.get(String(row[column] ?? ''))
}

export function fileLink(cell: FileCell, file: FileFacts): Html {
  return html`<a href="${filePath(cell)}"${isPicture(file.mediaType) ? '' : html` download`}>${file.name}</a>`
}

/** Where the file is no picture that browsers show, its link. */
export function filePicture(cell: FileCell, file: FileFacts): Html {
  if (!isPicture(file.mediaType)) return fileLink(cell, file)
  return html`<a href="${filePath(cell)}"><img class="picture" src="${filePath(cell)}" alt="${file.name}" loading="lazy"></a>`
}

/** The name as a link, and the size; a picture above. */
export function fileFact(context: PageContext, cell: FileCell, files: Files): Html {
  const file = fileOf(cell, files)
  if (file === undefined) return html`–`
  const picture = isPicture(file.mediaType) ? html`<img class="picture" src="${filePath(cell)}" alt="" loading="lazy">` : ''
  return html`${picture}${fileLink(cell, file)} <span class="field-hint">${sizeText(context, file.bytes)}</span>`
}

export function sizeText(context: PageContext, bytes: number): string {
  if (bytes < 1024 * 1024) return context.text('file.kilobytes', { size: context.format.number(Math.ceil(bytes / 1024)) })
  return context.text('file.megabytes', { size: context.format.quantity((bytes / 1024 / 1024).toFixed(1)) })
}

function filePath({ table, row, column }: FileCell): string {
  return `/files/${table.name}/${String(row[table.idColumn])}/${column}`
}
