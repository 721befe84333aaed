import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { readStandardTables } from './catalog.ts'
import { isLookup } from './definition.ts'
import { parseDefinition, tableSchema } from './table-file.ts'

const SCHEMA = join(import.meta.dirname, 'schemas/table.schema.json')

test('the JSON Schema for editors is what definitions are checked with (WRITE_SCHEMAS=1 writes it anew)', () => {
  if (process.env.WRITE_SCHEMAS === '1') writeFileSync(SCHEMA, `${JSON.stringify(tableSchema(), null, 2)}\n`)
  assert.deepEqual(JSON.parse(readFileSync(SCHEMA, 'utf8')), JSON.parse(JSON.stringify(tableSchema())))
})

test('every standard table and column has a name for people in English and French', () => {
  for (const table of readStandardTables()) {
    assert.ok(table.labels.en && table.labels.fr, table.name)
    for (const column of table.columns.values())
      if (!column.name.endsWith('type') || isLookup(column))
        assert.ok(column.labels.en && column.labels.fr, `${table.name}.${column.name}`)
  }
})

const table = (columns: object) => ({
  table: 't',
  set: 'ts',
  id: 'tid',
  name: 'n',
  scope: 'global',
  columns: { n: { type: 'string' }, ...columns },
})

test('expressions know their columns, kinds and functions, and say where they go wrong', () => {
  const problemOf = (calculated: string, column: object = { type: 'decimal' }) => {
    try {
      parseDefinition(
        table({
          a: { type: 'integer' },
          d: { type: 'date' },
          c: { ...column, calculated },
          b: { type: 'decimal', calculated: 'a' },
        }),
        't.yaml',
      )
      return ''
    } catch (error) {
      return (error as Error).message.split('columns.c.calculated: ')[1] ?? String(error)
    }
  }
  assert.equal(problemOf('round(a mul 1.5 div a) sub year(d) add length(n)'), '')
  assert.equal(problemOf("trim(concat(tolower(n), ' ', coalesce(a, 0)))", { type: 'string', length: 10 }), '')
  for (const [expression, reason] of [
    ['n', /gives a text/],
    ['a add n', /character 7: needs a number, not a text/],
    ['b', /b is computed itself/],
    ['c', /c is computed itself/],
    ['a/b', /own|itself/],
    ['a eq 1', /value here, not a condition/],
    ['now()', /there is no function now/],
    ['year(a)', /needs a date or datetime/],
    ["a'); drop table x; --", /never closed/],
    ['toString(a)', /there is no function/],
    ['constructor(a)', /there is no function/],
    ['a mul', /needs/],
  ] as const)
    assert.match(problemOf(expression), reason, expression)
})
