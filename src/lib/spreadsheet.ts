import writeXlsxFile, { type Row } from 'write-excel-file/node'
import { localTimeOf } from './local-time.ts'

/**
 * Tables for spreadsheets. Values come as text, as they leave the database; their column says what they are. A text that a spreadsheet
 * would take for a formula stays a text.
 */
export type SheetColumn = { label: string; kind: 'text' | 'number' | 'date' | 'dateTime' }
export type SheetRow = readonly (string | null)[]

/** The mark by which spreadsheets know UTF-8. */
export const CSV_START = '\uFEFF'
export const XLSX_TYPE = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'

/** One line of CSV (RFC 4180), with its end. */
export function csvLine(columns: readonly SheetColumn[], row: SheetRow): string {
  return `${row.map((value, i) => csvCell(columns[i]?.kind === 'text' ? disarmed(value ?? '') : (value ?? ''))).join(',')}\r\n`
}

export function csvHeader(columns: readonly SheetColumn[]): string {
  return `${columns.map((column) => csvCell(disarmed(column.label))).join(',')}\r\n`
}

/** A workbook with one sheet. Numbers, dates and moments are cells of their type; moments show the clock of the zone. */
export function xlsxOf(
  sheet: { name: string; columns: readonly SheetColumn[]; timeZone: string },
  rows: readonly SheetRow[],
): Promise<Buffer> {
  const head: Row = sheet.columns.map(({ label }) => ({ value: label, type: String, fontWeight: 'bold' }))
  const body = rows.map((row): Row => sheet.columns.map((column, i) => xlsxCell(column, row[i] ?? null, sheet.timeZone)))
  return writeXlsxFile([head, ...body], {
    // Excel takes names of 31 characters, without these.
    sheet:
      sheet.name
        .replace(/[\\/?*[\]:']/g, ' ')
        .trim()
        .slice(0, 31) || 'Sheet1',
    columns: sheet.columns.map((column, i) => ({ width: widthOf(column, rows, i) })),
    stickyRowsCount: 1,
    dateFormat: 'yyyy-mm-dd',
  }).toBuffer()
}

const FORMULA = /^'*\s*[=+\-@＝＋－＠\t\r\n]/u
const NUMBER = /^-?\d{1,15}(\.\d+)?$/
// biome-ignore lint/suspicious/noControlCharactersInRegex: XML has no place for these characters.
const FORBIDDEN = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g
const CELL_CHARACTERS_MAX = 32_767

/** Behind an apostrophe nothing is computed. A plain number computes nothing either. */
function disarmed(text: string): string {
  return FORMULA.test(text) && !/^[+-]?\d+(\.\d+)?$/.test(text) ? `'${text}` : text
}

/** A text of a cell as it was before it was disarmed: what we write is read back as it was. */
export function armed(text: string): string {
  return text.startsWith("'") && FORMULA.test(text) ? text.slice(1) : text
}

function csvCell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

function xlsxCell({ kind }: SheetColumn, value: string | null, timeZone: string): Row[number] {
  if (value === null || value === '') return null
  const ms = kind === 'date' || kind === 'dateTime' ? Date.parse(value) : Number.NaN
  if (kind === 'date' && !Number.isNaN(ms))
    return { value: new Date(value.length === 10 ? ms : localTimeOf(ms, timeZone)), type: Date, format: 'yyyy-mm-dd' }
  if (kind === 'dateTime' && !Number.isNaN(ms))
    return { value: new Date(localTimeOf(ms, timeZone)), type: Date, format: 'yyyy-mm-dd hh:mm' }
  // Beyond fifteen digits a spreadsheet's number is no longer the same: such a number stays text.
  if (kind === 'number' && NUMBER.test(value) && value.replace(/[-.]/g, '').length <= 15)
    return { value: Number(value), type: Number }
  return { value: value.replace(FORBIDDEN, '').slice(0, CELL_CHARACTERS_MAX), type: String }
}

const WIDTH_ROWS = 100

function widthOf(column: SheetColumn, rows: readonly SheetRow[], index: number): number {
  const lengths = rows.slice(0, WIDTH_ROWS).map((row) => row[index]?.length ?? 0)
  return Math.min(Math.max(column.label.length, ...lengths, 6) + 2, 60)
}
