import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import type { Connector } from '#connector/contract.ts'
import { silentLog } from '#log/log.ts'
import { systemClock } from '#log/system-clock.ts'
import { type Database, openDatabase } from '#postgres/database.ts'
import { migrate } from '#postgres/migrate.ts'
import { engineRows } from '#tables/predicate.ts'
import { listRows, updateRow } from '#tables/rows.queries.ts'
import { applyDefinitions } from '#tables/schema.ts'
import { createTestDatabase } from '../../tests/support/database.ts'
import { catalog, MAPS_FOLDER, quiet, setUp, until } from '../../tests/support/dual-write-world.ts'
import { openDualWrite } from './engine.ts'
import { createEnvironmentGuard } from './environment.ts'

const C1 = 'dataAreaId=usmf,CustomerAccount=C1'

test('an installation that was never started says so, and what else can be said of its health', async () => {
  await using world = await setUp()
  await using fresh = await createTestDatabase()
  await migrate(
    fresh.database,
    ['tables', 'dual-write'].map((module) => ({ module, folder: join(import.meta.dirname, '..', module, 'migrations') })),
  )
  await applyDefinitions(fresh.database, catalog)
  const engine = await openDualWrite({
    database: fresh.database,
    catalog,
    connector: world.erp.connector,
    mapFolders: [MAPS_FOLDER],
    clock: systemClock,
    log: silentLog,
    eventUrl: undefined,
    eventSecret: 's',
  })
  const { fingerprint, armed, reason } = await engine.readEnvironment()
  assert.deepEqual([fingerprint, armed], ['', false])
  assert.match(reason ?? '', /never been started/)
  const findings = await engine.checkHealth()
  assert.ok(findings.some((one) => one.code === 'not_started' && one.severity === 'warning'))
  assert.ok(!findings.some((one) => one.code === 'disarmed'))
  await assert.rejects(engine.arm('kim'), { code: 'dual_write.conflict' })
})

test('a copied database starts disarmed: it writes nothing and loses nothing, until a person arms it', async () => {
  await using world = await setUp()
  await world.engine.whenRunning()
  await quiet(world)
  const original = await world.engine.readEnvironment()
  assert.equal(original.armed, true)
  await world.engine.stop()
  await using copy = await copyOf(world.database)

  const written: (string | undefined)[] = []
  const connector: Connector = {
    ...world.erp.connector,
    async writeGroup(group, signal) {
      written.push(group.environment)
      return world.erp.connector.writeGroup(group, signal)
    },
  }
  const engine = await openDualWrite({
    database: copy.database,
    catalog,
    connector,
    mapFolders: [MAPS_FOLDER],
    clock: systemClock,
    log: silentLog,
    eventUrl: undefined,
    eventSecret: 's',
  })
  await engine.start()
  try {
    const disarmed = await engine.readEnvironment()
    assert.equal(disarmed.armed, false)
    assert.match(disarmed.reason ?? '', /copy/)
    await editPhone(copy.database, '+1 000')
    // What comes from the ERP is read and shown all the same.
    world.erp.change('CustomersV3', C1, { OrganizationName: 'Fabrikam Inc' })
    await engine.refreshMap('customers', 'kim')
    await until('the ERP’s change is here', async () => (await account(copy.database)).name === 'Fabrikam Inc')
    assert.deepEqual(written, [])
    assert.deepEqual((await engine.status()).find((map) => map.name === 'customers')?.queued.toErp, 1)

    const armed = await engine.arm('kim')
    assert.deepEqual([armed.armed, armed.armedBy, armed.reason], [true, 'kim', null])
    assert.notEqual(armed.fingerprint, original.fingerprint, 'what it writes is told from what the original writes')
    await until('what queued goes out', () => world.erp.get('CustomersV3', C1)?.PrimaryContactPhone === '+1 000')
    assert.deepEqual([...new Set(written)], [armed.fingerprint])
    await assert.rejects(engine.arm('kim'), /armed already/)
  } finally {
    await engine.stop()
  }
})

test('an ordinary restart, a deleted folder, a second process and a new database are no copies', async () => {
  await using place = await newPlace()
  const first = place.guard()
  assert.equal(first.isArmed(), false, 'not before it has looked')
  await first.open()
  await first.beat()
  assert.equal(first.isArmed(), true)
  await place.guard().open()
  rmSync(place.folder, { recursive: true })
  const second = place.guard()
  await second.open()
  assert.equal(second.isArmed(), true)
  assert.equal(second.fingerprint(), first.fingerprint())
  await using fresh = await newPlace()
  const reused = fresh.guard({ folder: place.folder })
  await reused.open()
  assert.equal(reused.isArmed(), true, 'a new database in a folder that served another')
  assert.notEqual(reused.fingerprint(), first.fingerprint())
})

test('a database that was set back is found by the folder, and by a process that has gone on running', async () => {
  await using place = await newPlace()
  const before = place.guard()
  await before.open()
  const backup = await place.epoch()
  for (let i = 0; i < 3; i++) await before.beat()
  await place.setEpoch(backup)
  const restarted = place.guard()
  await restarted.open()
  assert.equal(restarted.isArmed(), false)
  assert.match((await restarted.readEnvironment()).reason ?? '', /set back/)
  await restarted.arm('kim')
  const again = place.guard()
  await again.open()
  assert.equal(again.isArmed(), true, 'the folder knows the new name')

  for (let i = 0; i < 3; i++) await again.beat()
  await place.setEpoch(backup)
  await again.reload()
  await again.beat()
  assert.equal(again.isArmed(), false, 'the process had seen more than the database now knows')
})

test('a folder of another process knows an earlier name; one of another installation does not count as ours', async () => {
  await using place = await newPlace()
  await using other = await newPlace()
  await other.guard().open()
  const guard = place.guard()
  await guard.open()
  const elsewhere = place.guard({ folder: other.folder })
  await elsewhere.open()
  assert.equal(elsewhere.isArmed(), false)
  await elsewhere.arm('kim')
  const earlier = place.guard()
  await earlier.open()
  assert.equal(earlier.isArmed(), true)
})

test('another ERP than the one it was armed for gets nothing before a person has said so', async () => {
  await using place = await newPlace()
  await place.guard().open()
  const moved = place.guard({ erp: 'https://production.example' })
  await moved.open()
  assert.equal(moved.isArmed(), false)
  assert.match((await moved.readEnvironment()).reason ?? '', /armed for the ERP https:\/\/sandbox\.example/)
  assert.equal((await moved.arm('kim')).erp, 'https://production.example')
})

async function account(database: Database) {
  const table = catalog.get('account')
  const rows = await database.read((tx) =>
    listRows(tx, catalog, { table, columns: ['accountid', 'accountnumber', 'name'], predicate: engineRows, rowsMax: 10 }),
  )
  const found = rows.find((row) => row.accountnumber === 'C1')
  assert.ok(found)
  return found
}

async function editPhone(database: Database, telephone1: string): Promise<void> {
  const { accountid } = await account(database)
  await database.transaction(async (tx) => {
    await updateRow(tx, catalog.get('account'), String(accountid), { telephone1 }, { predicate: engineRows })
  })
}

/** As `pg_restore` into another database makes it: the same content under another identity. */
async function copyOf(database: Database): Promise<AsyncDisposable & { database: Database }> {
  const url = new URL(database.url)
  const source = url.pathname.slice(1)
  const name = `${source}_copy`
  url.pathname = '/postgres'
  const admin = openDatabase({ url: url.href, log: silentLog, connectionsMax: 1 })
  await admin.pool.query(`select pg_terminate_backend(pid) from pg_stat_activity where datname = '${source}'`)
  await admin.pool.query(`create database "${name}" template "${source}"`)
  url.pathname = `/${name}`
  const copy = openDatabase({ url: url.href, log: silentLog })
  return {
    database: copy,
    async [Symbol.asyncDispose]() {
      await copy.close()
      await admin.pool.query(`drop database "${name}" with (force)`)
      await admin.close()
    },
  }
}

async function newPlace() {
  const { database, ...rest } = await createTestDatabase()
  await migrate(
    database,
    ['tables', 'dual-write'].map((module) => ({ module, folder: join(import.meta.dirname, '..', module, 'migrations') })),
  )
  const folder = mkdtempSync(join(tmpdir(), 'comptoir-environment-'))
  return {
    folder,
    guard: (other: { folder?: string; erp?: string } = {}) =>
      createEnvironmentGuard({ database, log: silentLog, environment: { folder, erp: 'https://sandbox.example', ...other } }),
    async epoch() {
      const { rows } = await database.pool.query<{ epoch: number }>('select epoch from dual_write.environment')
      return rows[0]?.epoch ?? 0
    },
    async setEpoch(epoch: number) {
      await database.pool.query('update dual_write.environment set epoch = $1', [epoch])
    },
    async [Symbol.asyncDispose]() {
      rmSync(folder, { recursive: true, force: true })
      await rest[Symbol.asyncDispose]()
    },
  }
}
