import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { compileExpression } from '#lib/expression/check.ts'
import { FUNCTIONS } from '#lib/expression/functions.ts'
import { FINDING_CODES } from './mapping/findings.ts'
import { mapFile } from './mapping/map-file.ts'

const PAGE = join(import.meta.dirname, '../../docs/maps.md')

const functions = [
  '| function | gives | example |',
  '| --- | --- | --- |',
  ...Object.values(FUNCTIONS).map((one) => `| \`${one.signature}\` | ${one.about} | \`${one.example}\` |`),
].join('\n')

const codes = [
  '| code | | finding |',
  '| --- | --- | --- |',
  ...Object.entries(FINDING_CODES).map(([code, { severity, title }]) => `| ${code} | ${severity} | ${title} |`),
].join('\n')

test('docs/maps.md lists every function, code and property (WRITE_DOCS=1 writes the tables anew)', () => {
  let page = readFileSync(PAGE, 'utf8')
  for (const [name, table] of Object.entries({ functions, codes })) {
    const part = new RegExp(`(<!-- ${name}: [^\n]*-->\n)[^]*?(<!-- end of ${name} -->)`)
    assert.match(page, part)
    const wanted = page.replace(part, (_, start, end) => `${start}\n${table}\n\n${end}`)
    if (process.env.WRITE_DOCS === '1') page = wanted
    assert.equal(page, wanted, `the table of ${name} is not up to date`)
  }
  if (process.env.WRITE_DOCS === '1') writeFileSync(PAGE, page)
  const properties = Object.keys(mapFile.shape)
  assert.deepEqual(
    properties.filter((one) => !page.includes(`\`${one}\``)),
    [],
  )
})

test('the example of each function is an expression', () => {
  for (const { example } of Object.values(FUNCTIONS)) compileExpression(example, () => 'unknown')
})
