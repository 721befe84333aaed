import assert from 'node:assert/strict'
import { join } from 'node:path'
import test from 'node:test'
import { isAppError } from '#lib/app-error.ts'
import { silentLog } from '#log/log.ts'
import { systemClock } from '#log/system-clock.ts'
import { migrate } from '#postgres/migrate.ts'
import { readCatalog } from '#tables/catalog.ts'
import { applyDefinitions } from '#tables/schema.ts'
import { createTestDatabase } from '../../../tests/support/database.ts'
import { openReleases } from '../releases.ts'
import type { SiteFiles } from '../site-folder.ts'
import { smallSite } from '../testing/small-site.ts'

const product = (permission: string): SiteFiles =>
  new Map(smallSite()).set('permissions/product.yaml', Buffer.from(`table: product\npermissions:\n  - ${permission}\n`))
const forAll = (columns: string) =>
  product(`{ name: For all, accessType: global, privileges: [read], roles: [Anonymous Users]${columns} }`)
const BY = { author: 'kim', message: 'Open the catalogue' }

test('a release that gives anonymous visitors more is refused until they are named, and keeps who named them', async () => {
  await using portal = await createPortal()
  const { releases } = portal
  const before = releases.current().info.id
  const refused = (error: unknown) =>
    isAppError(error, 'access.needs_confirmation') && assert.deepEqual(error.details.confirm, ['anonymous:product']) === undefined
  await assert.rejects(releases.publish(forAll(', columns: [name]'), BY), refused)
  await assert.rejects(releases.publish(forAll(', columns: [name]'), { ...BY, confirm: ['anonymous:invoice'] }), refused)
  assert.equal(releases.current().info.id, before)

  const open = await releases.publish(forAll(', columns: [name]'), { ...BY, confirm: ['anonymous:product'] })
  assert.deepEqual([open.confirmed, open.author], [['anonymous:product'], 'kim'])
  // What is confirmed need not be confirmed again; one column more must.
  const same = new Map(forAll(', columns: [name]')).set('theme/main.css', Buffer.from('body { color: red }'))
  assert.deepEqual((await releases.publish(same, BY)).confirmed, [])
  await assert.rejects(releases.publish(forAll(', columns: [name, price]'), BY), refused)

  // Going back to less needs nobody; going forward again is a gain like any other.
  await releases.switchTo(before, BY)
  await assert.rejects(releases.switchTo(open.id, BY), refused)
  await releases.switchTo(open.id, { ...BY, confirm: ['anonymous:product'] })
  assert.equal(releases.current().info.id, open.id)
})

test('what anybody may read names its columns', async () => {
  await using portal = await createPortal()
  await assert.rejects(
    portal.releases.publish(forAll(''), { ...BY, confirm: ['anonymous:product'] }),
    (error) => isAppError(error, 'access.unnamed_columns') && error.message.includes('permissions/product.yaml: For all'),
  )
})

test('at the start, too: the release before stays, and the reason is told', async () => {
  await using portal = await createPortal()
  const { database, catalog } = portal
  const told: string[] = []
  const restarted = await openReleases({
    database,
    catalog,
    clock: systemClock,
    log: silentLog,
    files: forAll(', columns: [name]'),
    onWithheld: (reason) => told.push(reason.message),
  })
  assert.equal(restarted.current().info.id, portal.releases.current().info.id)
  assert.match(told.join(), /--confirm anonymous:product/)
  await restarted.close()
})

/** Releases on a database of their own, with the small site shown. */
async function createPortal() {
  const { database, ...rest } = await createTestDatabase()
  const modules = ['tables', 'access', 'portals'].map((module) => ({
    module,
    folder: join(import.meta.dirname, '../..', module, 'migrations'),
  }))
  await migrate(database, modules)
  const catalog = readCatalog()
  await applyDefinitions(database, catalog)
  const releases = await openReleases({ database, catalog, clock: systemClock, log: silentLog, files: smallSite() })
  return {
    database,
    catalog,
    releases,
    async [Symbol.asyncDispose]() {
      await releases.close()
      await rest[Symbol.asyncDispose]()
    },
  }
}
