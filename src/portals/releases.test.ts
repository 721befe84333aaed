import assert from 'node:assert/strict'
import { join } from 'node:path'
import test from 'node:test'
import { isAppError } from '#lib/app-error.ts'
import { silentLog } from '#log/log.ts'
import { systemClock } from '#log/system-clock.ts'
import { migrate } from '#postgres/migrate.ts'
import { type Catalog, readCatalog } from '#tables/catalog.ts'
import { applyDefinitions } from '#tables/schema.ts'
import { createTestDatabase, type TestDatabase } from '../../tests/support/database.ts'
import { openReleases, type Releases } from './releases.ts'
import { parseSite } from './site.ts'
import type { SiteFiles } from './site-folder.ts'
import { smallSite } from './testing/small-site.ts'

const BY = { author: 'test', message: 'A change' }

async function setUp(): Promise<TestDatabase & { open(files?: SiteFiles): Promise<Releases>; catalog: Catalog }> {
  const t = await createTestDatabase()
  const modules = ['tables', 'access', 'portals'].map((module) => ({
    module,
    folder: join(import.meta.dirname, '..', module, 'migrations'),
  }))
  await migrate(t.database, modules)
  const catalog = readCatalog()
  await applyDefinitions(t.database, catalog)
  const open = (files?: SiteFiles) =>
    openReleases({ database: t.database, catalog, clock: systemClock, log: silentLog, ...(files === undefined ? {} : { files }) })
  return Object.assign(t, { open, catalog })
}

function withHome(text: string): SiteFiles {
  return new Map(smallSite()).set('pages/index.liquid', Buffer.from(`---\ntitle: title.home\n---\n${text}`))
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 200 && !condition(); i++) await new Promise((done) => setTimeout(done, 25))
  assert.ok(condition(), 'it came about in time')
}

test('a release is immutable, the same files make none, and an earlier one can be shown again', async () => {
  await using t = await setUp()
  const releases = await t.open(smallSite())
  const first = releases.current().info
  assert.equal((await releases.publish(smallSite(), BY)).id, first.id)
  const second = await releases.publish(withHome('Second'), BY)
  assert.equal(second.parentId, first.id)
  assert.equal(releases.current().info.id, second.id)
  for (const table of ['file', 'release', 'release_file'])
    for (const change of [`delete from portals.${table}`, `update portals.${table} set sha256 = sha256`])
      await assert.rejects(t.database.pool.query(change), /immutable/, change)
  await releases.switchTo(first.id, BY)
  assert.equal(releases.current().info.id, first.id)
  assert.deepEqual(
    (await releases.list(10)).map((one) => one.id),
    [second.id, first.id],
  )
  await releases.close()
})

test('every process shows a publish at once, and starts with what is shown', async () => {
  await using t = await setUp()
  const here = await t.open(smallSite())
  const there = await t.open()
  assert.equal(there.current().info.id, here.current().info.id)
  const second = await here.publish(withHome('Second'), BY)
  await until(() => there.current().info.id === second.id)
  await here.close()
  await there.close()
})

test('a site that is not right is refused whole, with every problem and its file', async () => {
  await using t = await setUp()
  const releases = await t.open(smallSite())
  const before = releases.current().info.id
  const broken = new Map([
    ...smallSite(),
    ['pages/index.liquid', Buffer.from('---\ntitle: no.such.text\n---\n{% snippet "nowhere" %}{% list "none" %}{% if %}')],
    [
      'lists/accounts.yaml',
      Buffer.from('table: account\nlabel: empty\nempty: empty\ncolumns: [{ column: salary, label: name }]'),
    ],
    [
      'menus/main.yaml',
      Buffer.from('label: empty\nlinks: [{ text: empty, page: nowhere }, { text: empty, url: "javascript:alert(1)" }]'),
    ],
    ['snippets/fr.yaml', Buffer.from('hello: Bonjour {name')],
    ['pages/a/b.liquid', Buffer.from('---\ntitle: empty\n---\n')],
    [
      'permissions/account.yaml',
      Buffer.from('table: account\npermissions: [{ name: x, accessType: global, privileges: [read], roles: [Nobody] }]'),
    ],
  ])
  await assert.rejects(releases.publish(broken, BY), (error) => {
    assert.ok(isAppError(error, 'site.invalid'))
    for (const part of [
      'no.such.text',
      'nowhere',
      'none',
      'salary',
      'menus/main.yaml',
      'snippets/fr.yaml: hello',
      'Nobody',
      'pages/a/b.liquid',
    ])
      assert.ok(error.message.includes(part), `${part} in ${error.message}`)
    return true
  })
  assert.equal(releases.current().info.id, before)
  await releases.close()
})

test('a text that a language lacks is told, and shown in the default language', () => {
  const files = new Map(smallSite()).set('snippets/fr.yaml', Buffer.from('hello: Bonjour {name}'))
  const site = parseSite(files, readCatalog(), systemClock)
  assert.ok(site.warnings.includes('fr lacks save'))
  assert.equal(site.texts.text('fr', 'save'), 'Save')
  assert.equal(site.texts.text('fr', 'hello', { name: 'Anne' }), 'Bonjour Anne')
})

test('a folder that has not changed since it was published leaves what was published since; one that has is shown', async () => {
  await using t = await setUp()
  const releases = await t.open(smallSite())
  const edited = await releases.publish(withHome('Edited in Studio'), BY)
  assert.equal(await releases.compareFolder(smallSite()), 'kept')
  assert.equal(await releases.compareFolder(withHome('Edited in Studio')), 'same')
  assert.equal(await releases.compareFolder(withHome('Edited in the folder')), 'changed')
  await releases.close()

  const restarted = await t.open(smallSite())
  assert.equal(restarted.current().info.id, edited.id)
  await restarted.close()
  const changed = await t.open(withHome('Edited in the folder'))
  assert.notEqual(changed.current().info.id, edited.id)
  await changed.close()
})

test('a release made on another one than is shown is refused, with the one that is', async () => {
  await using t = await setUp()
  const releases = await t.open(smallSite())
  const first = releases.current().info.id
  const second = await releases.publish(withHome('Second'), { ...BY, base: first })
  await assert.rejects(
    releases.publish(withHome('Third'), { ...BY, base: first }),
    (error) => isAppError(error, 'site.outdated') && error.details.current === second.id,
  )
  await releases.close()
})
