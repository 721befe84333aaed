import assert from 'node:assert/strict'
import { join } from 'node:path'
import test from 'node:test'
import { systemClock } from '../src/log/system-clock.ts'
import { parseSite } from '../src/portals/site.ts'
import { readSiteFolder } from '../src/portals/site-folder.ts'
import { readCatalog } from '../src/tables/catalog.ts'

const FOLDER = join(import.meta.dirname, '../src/customer-portal/site')

test('the shipped site can be published, and every text is there in every language', () => {
  const site = parseSite(readSiteFolder(FOLDER), readCatalog(), systemClock)
  assert.deepEqual(site.warnings, [])
  assert.deepEqual(
    site.settings.languages.map((language) => language.code),
    ['en', 'fr'],
  )
})

test('French texts keep the space before double signs together with them', () => {
  const french = readSiteFolder(FOLDER).get('snippets/fr.yaml')?.toString('utf8') ?? ''
  const texts = french.split('\n').filter((line) => !line.trimStart().startsWith('#'))
  assert.deepEqual(
    texts.filter((line) => / [;!?»]|« /.test(line)),
    [],
  )
})
