import { Readable } from 'node:stream'
import { z } from 'zod'
import type { HttpServer } from '#http/server.ts'
import { AppError } from '#lib/app-error.ts'
import { dayText, localTimeOf } from '#lib/local-time.ts'
import { CSV_START, csvHeader, csvLine, type SheetColumn, type SheetRow, XLSX_TYPE, xlsxOf } from '#lib/spreadsheet.ts'
import { type ColumnDefinition, getColumn, labelOf, type TableDefinition } from '#tables/definition.ts'
import { isFileColumn } from '#tables/files.ts'
import { cursorOf } from '#tables/query.ts'
import type { QueryRow } from '#tables/row-query.ts'
import { countRows, listRows } from '#tables/rows.queries.ts'
import { parseBody } from '../parked.ts'
import type { StudioServices } from '../services.ts'
import { asOfGrid } from './place.ts'
import { namesBehind, namesOfRow } from './row-detail.ts'
import { besideCustomers, type GridQuery, parseGridQuery } from './rows.ts'

const PAGE_ROWS = 1_000
/** A workbook is made in memory; lines are streamed. */
const ROWS_MAX = { csv: 1_000_000, xlsx: 50_000 } as const

const askedShape = z.object({
  format: z.enum(['csv', 'xlsx']).default('csv'),
  /** As the grid shows them; or as they are stored under logical names, which an import takes back. */
  values: z.enum(['shown', 'stored']).default('shown'),
  language: z.enum(['en', 'fr']).default('en'),
  zone: z.string().refine(isZone, 'no time zone').default('UTC'),
})
type Asked = z.infer<typeof askedShape>
type Column = { head: SheetColumn; cell: (row: QueryRow, names: Readonly<Record<string, string>>) => string | null }

/**
 * /tables/:name/export: exactly the rows and columns that the grid asks for, in its order, as a file. Each page of rows is a transaction
 * of its own, so that a slow reader holds none open. Throws AppError `studio.invalid` where there are more rows than such a file has.
 */
export function registerExport(scope: HttpServer, services: StudioServices): void {
  const { database, catalog, clock } = services
  scope.get<{ Params: { name: string }; Querystring: GridQuery }>('/tables/:name/export', async (request, reply) => {
    const table = catalog.get(request.params.name)
    const asked = parseBody(askedShape, request.query)
    const grid = parseGridQuery(table, request.query, asOfGrid(services, request))
    const columns = exportedColumns(table, grid.columns, asked)
    const rowsMax = ROWS_MAX[asked.format]
    const { columns: _c, orderBy: _o, after: _a, ...counted } = grid.query
    if ((await database.read((tx) => countRows(tx, catalog, { ...counted, rowsMax: rowsMax + 1 }))) > rowsMax)
      throw new AppError('studio.invalid', `Such a file has at most ${rowsMax} rows; filter the grid first`)
    const day = dayText(localTimeOf(clock.nowMs(), asked.zone))
    reply
      .header('content-disposition', `attachment; filename="${table.name}-${day}.${asked.format}"`)
      .header('cache-control', 'private, no-store')
    const shown = columns.map((name) => columnOf(table, name, asked))
    const heads = shown.map((one) => one.head)
    const pages = readPages(services, { ...grid.query, columns: [...columns, ...besideCustomers(table, columns)] }, rowsMax)
    const cells = (page: Page): SheetRow[] =>
      page.rows.map((row) => {
        const names = namesOfRow(table, row, page.names)
        return shown.map((one) => one.cell(row, names))
      })
    if (asked.format === 'csv') {
      const lines = async function* () {
        yield CSV_START + csvHeader(heads)
        for await (const page of pages)
          yield cells(page)
            .map((row) => csvLine(heads, row))
            .join('')
      }
      return reply.type('text/csv; charset=utf-8').send(Readable.from(lines(), { objectMode: false }))
    }
    const rows: SheetRow[] = []
    for await (const page of pages) rows.push(...cells(page))
    return reply.type(XLSX_TYPE).send(await xlsxOf({ name: table.name, columns: heads, timeZone: asked.zone }, rows))
  })
}

type Page = { rows: QueryRow[]; names: Map<string, Map<string, string>> }

async function* readPages(
  services: StudioServices,
  asked: ReturnType<typeof parseGridQuery>['query'],
  rowsMax: number,
): AsyncGenerator<Page> {
  let query = asked
  for (let read = 0; read < rowsMax; read += PAGE_ROWS) {
    const page = await services.database.read(async (tx): Promise<Page> => {
      const rows = await listRows(tx, services.catalog, { ...query, rowsMax: PAGE_ROWS })
      return { rows, names: await namesBehind(tx, services, query.table, rows) }
    })
    yield page
    const last = page.rows.at(-1)
    if (last === undefined || page.rows.length < PAGE_ROWS) return
    query = { ...query, after: cursorOf(query, last) }
  }
}

/** Stored values can be written again only with their row's id, and a customer only with its table. */
function exportedColumns(table: TableDefinition, chosen: readonly string[], { values }: Asked): string[] {
  if (values === 'shown') return [...chosen]
  const all = [table.idColumn, ...chosen, ...besideCustomers(table, chosen)]
  return [...new Set(all)].filter((name) => !isFileColumn(getColumn(table, name)))
}

const NUMBERS: readonly ColumnDefinition['type'][] = ['integer', 'bigint', 'decimal', 'money']

function columnOf(table: TableDefinition, name: string, asked: Asked): Column {
  const column = getColumn(table, name)
  const isStored = asked.values === 'stored'
  const kind = NUMBERS.includes(column.type)
    ? 'number'
    : column.type === 'date'
      ? 'date'
      : column.type === 'datetime' && !isStored
        ? 'dateTime'
        : 'text'
  const stored = (row: QueryRow) => textOrNull(row[name])
  return {
    head: { label: isStored ? name : headOf(table, column, asked.language), kind },
    cell: isStored ? stored : (row, names) => names[name] ?? shownText(column, row[name] ?? null, asked),
  }
}

/** Two columns of one label are told apart by their names. */
function headOf(table: TableDefinition, column: ColumnDefinition, language: string): string {
  const label = labelOf(column, language)
  const twins = [...table.columns.values()].filter((one) => labelOf(one, language) === label)
  return twins.length > 1 ? `${label} (${column.name})` : label
}

const YES_NO: Readonly<Record<Asked['language'], readonly [yes: string, no: string]>> = { en: ['Yes', 'No'], fr: ['Oui', 'Non'] }

function shownText(column: ColumnDefinition, value: QueryRow[string], asked: Asked): string | null {
  if (value === null) return null
  const { language, zone, format } = asked
  const option = (one: string | number) => column.optionLabels.get(Number(one))?.[language] ?? optionName(column, Number(one))
  switch (column.type) {
    case 'boolean':
      return YES_NO[language][value === true ? 0 : 1]
    case 'choice':
      return option(Number(value))
    case 'choices':
      return String(value).split(',').map(option).join('; ')
    case 'datetime': {
      // A workbook keeps moments as such and turns them by itself.
      if (format === 'xlsx') return String(value)
      const ms = Date.parse(String(value))
      const local = column.behaviour === 'time_zone_independent' ? ms : localTimeOf(ms, zone)
      return new Date(local).toISOString().slice(0, 19).replace('T', ' ')
    }
    default:
      return String(value)
  }
}

function optionName(column: ColumnDefinition, value: number): string {
  const labels = column.optionLabels.get(value)
  return labels?.en ?? [...column.options].find(([, one]) => one === value)?.[0] ?? String(value)
}

function textOrNull(value: QueryRow[string] | undefined): string | null {
  return value === null || value === undefined ? null : String(value)
}

export function isZone(text: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: text })
    return true
  } catch {
    return false
  }
}
