import assert from 'node:assert/strict'
import test from 'node:test'
import { parse } from 'csv-parse/sync'
import { readSheet } from 'read-excel-file/node'
import { HOSTILE } from '../../tests/support/hostile.ts'
import { CSV_START, csvHeader, csvLine, type SheetColumn, xlsxOf } from './spreadsheet.ts'

const COLUMNS: SheetColumn[] = [
  { label: 'Name', kind: 'text' },
  { label: 'Total', kind: 'number' },
  { label: 'Day', kind: 'date' },
  { label: 'At', kind: 'dateTime' },
]
const ROWS = [
  ['Écrou "M8", zinc', '-1234.50', '2026-11-23', '2026-11-23T23:30:00.000Z'],
  ['=1+1', '12345678901234567.89', null, null],
  ['line\nbreak', null, null, null],
]

test('a line of CSV is read again as it was, and no text of it is a formula', () => {
  const text = CSV_START + csvHeader(COLUMNS) + ROWS.map((row) => csvLine(COLUMNS, row)).join('')
  assert.deepEqual(parse(text, { bom: true }), [
    ['Name', 'Total', 'Day', 'At'],
    ['Écrou "M8", zinc', '-1234.50', '2026-11-23', '2026-11-23T23:30:00.000Z'],
    ["'=1+1", '12345678901234567.89', '', ''],
    ['line\nbreak', '', '', ''],
  ])
  const column: SheetColumn[] = [{ label: 'x', kind: 'text' }]
  for (const value of [...HOSTILE, '=cmd|x!A1', ' =1', '\t=1', '@sum(1)', '+1-1', '-1+1', '＝1', '\n=1']) {
    const [[cell = ''] = []] = parse(csvLine(column, [value]), { relax_column_count: true }) as string[][]
    assert.ok(!/^\s*[=+\-@＝＋－＠]/u.test(cell) || /^[+-]?\d+(\.\d+)?$/.test(cell), JSON.stringify(cell))
  }
})

test('a workbook holds numbers, days and the zone’s clock as such, and what a number cannot hold as text', async () => {
  const file = await xlsxOf({ name: 'Invoices: all/any', columns: COLUMNS, timeZone: 'Europe/Paris' }, ROWS)
  const [head, first, second] = await readSheet(file)
  assert.deepEqual(head, ['Name', 'Total', 'Day', 'At'])
  assert.deepEqual(first?.slice(0, 3), ['Écrou "M8", zinc', -1234.5, new Date('2026-11-23T00:00:00Z')])
  // A spreadsheet keeps moments as fractions of a day.
  assert.ok(Math.abs(Number(first?.[3]) - Date.parse('2026-11-24T00:30:00Z')) < 1_000)
  assert.deepEqual(second?.slice(0, 2), ['=1+1', '12345678901234567.89'])
})
