import { Readable } from 'node:stream'
import { behindWall } from '#access/wall.ts'
import { AppError } from '#lib/app-error.ts'
import { dayText, localTimeOf } from '#lib/local-time.ts'
import { CSV_START, csvHeader, csvLine, type SheetColumn, type SheetRow, XLSX_TYPE, xlsxOf } from '#lib/spreadsheet.ts'
import type { QueryRow } from '#tables/row-query.ts'
import type { PageContext } from '../component.ts'
import { contextOf, type Ground, type Visit } from '../render/context.ts'
import { type ListColumn, type ListDefinition, withChosenView } from '../site/list-views.ts'
import { columnLabel, isFile, valueText } from './list-cells.ts'
import { EXPORT_ROWS_MAX } from './list-limits.ts'
import { askedOf, type PageOfRows, readable, readPage } from './list-query.ts'

const PAGE_ROWS = 1_000

export type ExportedFile = { name: string; mediaType: string; content: Readable | Buffer }

/**
 * A list of a page as a file: the rows that its address asks for, in their order, from the first on, under the visitor's predicate; the
 * columns that permissions leave, under the labels of the reader's language. Each page of rows is a transaction of its own, so that a slow
 * reader holds none open. Throws AppError `request.not_found` where the list offers no such file.
 */
export async function exportList(ground: Ground, visit: Visit, asked: { list: string; format: string }): Promise<ExportedFile> {
  const whole = visit.site.lists.get(asked.list)
  const list = whole === undefined ? undefined : withChosenView(whole, visit.query)
  const format = list?.export.find((one) => one === asked.format)
  if (list === undefined || format === undefined) throw new AppError('request.not_found', 'There is no such file')
  const { columns, pages } = await open(ground, visit, list, EXPORT_ROWS_MAX[format])
  const heads = columns.map((one) => one.head)
  const cells = (row: QueryRow): SheetRow => columns.map((one) => one.cell(row))
  const name = `${asked.list}-${dayText(localTimeOf(ground.clock.nowMs(), visit.site.settings.timeZone))}.${format}`
  if (format === 'csv') {
    const lines = async function* () {
      yield CSV_START + csvHeader(heads)
      for await (const rows of pages) yield rows.map((row) => csvLine(heads, cells(row))).join('')
    }
    return { name, mediaType: 'text/csv; charset=utf-8', content: Readable.from(lines(), { objectMode: false }) }
  }
  const rows: SheetRow[] = []
  for await (const page of pages) rows.push(...page.map(cells))
  const sheet = {
    name: visit.site.texts.text(visit.language, list.label),
    columns: heads,
    timeZone: visit.site.settings.timeZone,
  }
  return { name, mediaType: XLSX_TYPE, content: await xlsxOf(sheet, rows) }
}

type ExportedColumn = { head: SheetColumn; cell(row: QueryRow): string | null }

/** The first page is read at once: what refuses the list is told on a page, not in a broken file. */
async function open(
  ground: Ground,
  visit: Visit,
  list: ListDefinition,
  rowsMax: number,
): Promise<{ columns: ExportedColumn[]; pages: AsyncIterable<QueryRow[]> }> {
  const read = (after: PageOfRows['next'], pageRows: number) =>
    behindWall(ground.database, visit.visitor).read(async (tx) => {
      const context = contextOf(ground, visit, tx)
      const columns = readable(context, list).flatMap((one) => columnsOf(context, visit.site.settings.timeZone, list, one))
      return {
        columns,
        page: await readPage(context, { ...list, pageRows }, { ...askedOf(context, list), before: undefined, after }),
      }
    })
  const first = await read(undefined, Math.min(PAGE_ROWS, rowsMax))
  const pages = async function* () {
    let { page } = first
    let count = page.rows.length
    yield page.rows
    while (page.next !== undefined && count < rowsMax) {
      page = (await read(page.next, Math.min(PAGE_ROWS, rowsMax - count))).page
      count += page.rows.length
      yield page.rows
    }
  }
  return { columns: first.columns, pages: pages() }
}

function columnsOf(context: PageContext, timeZone: string, list: ListDefinition, column: ListColumn): ExportedColumn[] {
  // A file has no place in a cell.
  if (isFile(context, list, column)) return []
  const label = columnLabel(context, column)
  const value = (row: QueryRow) => row[column.column] ?? null
  const plain = (row: QueryRow) => (value(row) === null ? null : String(value(row)))
  switch (column.format) {
    case 'text':
      return [
        {
          head: { label, kind: 'text' },
          cell(row) {
            const given = value(row)
            return given === null ? null : valueText(context, list, column, given)
          },
        },
      ]
    case 'date':
    case 'dateTime': {
      const { format } = column
      return [{ head: { label, kind: format }, cell: (row) => localText(plain(row), format, timeZone) }]
    }
    default: {
      const number: ExportedColumn = { head: { label, kind: 'number' }, cell: plain }
      const { currency } = column
      if (currency === undefined) return [number]
      const code: SheetColumn = { label: context.text('list.currency', { column: label }), kind: 'text' }
      return [number, { head: code, cell: (row) => (row[currency] === null ? null : String(row[currency] ?? '')) }]
    }
  }
}

/** A day is that of the site's clock; moments stay moments, which a workbook shows by that clock. */
function localText(value: string | null, format: 'date' | 'dateTime', timeZone: string): string | null {
  if (value === null || value.length === 10 || format === 'dateTime') return value
  return dayText(localTimeOf(Date.parse(value), timeZone))
}
