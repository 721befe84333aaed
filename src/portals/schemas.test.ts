import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { siteSchemas } from './schemas.ts'

const FOLDER = join(import.meta.dirname, 'schemas')

test('the JSON Schemas for editors are those the site is checked with (WRITE_SCHEMAS=1 writes them anew)', () => {
  for (const [name, schema] of siteSchemas()) {
    const file = join(FOLDER, `${name}.schema.json`)
    if (process.env.WRITE_SCHEMAS === '1') writeFileSync(file, `${JSON.stringify(schema, null, 2)}\n`)
    assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), JSON.parse(JSON.stringify(schema)), file)
  }
})
