import assert from 'node:assert/strict'
import { join } from 'node:path'
import test from 'node:test'
import type { Connector } from '#connector/contract.ts'
import type { Clock } from '#lib/clock.ts'
import { silentLog } from '#log/log.ts'
import { systemClock } from '#log/system-clock.ts'
import { openDatabase } from '#postgres/database.ts'
import { migrate } from '#postgres/migrate.ts'
import { applyDefinitions } from '#tables/schema.ts'
import { createTestDatabase } from '../../../tests/support/database.ts'
import { catalog, createWorldErp, MAPS_FOLDER, until } from '../../../tests/support/dual-write-world.ts'
import { openDualWrite } from '../engine.ts'

const POLL_MS = 1_000
const ENTITY = 'CustomersV3'

test('a side that calls when something has changed is asked at once: nobody waits for the next turn', async () => {
  const calls = { watched: [] as string[], tell: (_: string): void => undefined }
  await using world = await setUp((connector) => ({
    ...connector,
    watchChanges({ entities, onChange }, signal) {
      calls.watched = [...entities]
      calls.tell = onChange
      for (const entity of entities) onChange(entity)
      return new Promise((done) => signal.addEventListener('abort', () => done(), { once: true }))
    },
  }))
  await until('it is watched', () => calls.watched.includes(ENTITY))
  // From now on no turn comes.
  world.stopTurns()
  const key = `dataAreaId=usmf,CustomerAccount=C2`
  for (const name of ['first', 'second']) {
    world.erp.change(ENTITY, key, { OrganizationName: name })
    calls.tell(ENTITY)
    await until(name, async () => (await world.nameOf('C2')) === name)
  }
})

test('a watch that is lost begins again, and what comes meanwhile is asked for at its turn', async () => {
  let watches = 0
  await using world = await setUp((connector) => ({
    ...connector,
    async watchChanges() {
      watches++
      throw new Error('lost')
    },
  }))
  await until('it is watched again', () => watches > 1)
  world.erp.change(ENTITY, `dataAreaId=usmf,CustomerAccount=C2`, { OrganizationName: 'asked for' })
  await until('it arrives', async () => (await world.nameOf('C2')) === 'asked for')
})

test('where nothing happens the cursor is not written again and again', async () => {
  await using world = await setUp((connector) => connector)
  const written = async () =>
    (await world.database.pool.query('select max(at) as at from dual_write.poll_cursor')).rows[0].at as Date
  await until('the first questions are answered', () => world.asked() > 40)
  const before = await written()
  const asked = world.asked()
  await until('it is asked again', () => world.asked() > asked + 40)
  assert.deepEqual(await written(), before)
})

async function setUp(wrap: (connector: Connector) => Connector) {
  const other = await createTestDatabase()
  const database = openDatabase({ url: other.url, log: silentLog, connectionsMax: 20 })
  const folder = (module: string) => join(import.meta.dirname, '../..', module, 'migrations')
  await migrate(
    database,
    ['tables', 'dual-write'].map((module) => ({ module, folder: folder(module) })),
  )
  await applyDefinitions(database, catalog)
  const erp = createWorldErp()
  let asked = 0
  let hasTurns = true
  const clock: Clock = {
    ...systemClock,
    // Only the turns of the questions are that long, or longer.
    sleep: (ms, signal) => systemClock.sleep(hasTurns || ms < POLL_MS / 2 ? Math.min(ms, POLL_MS / 4) : 3_600_000, signal),
  }
  const connector = wrap({
    ...erp.connector,
    capabilities: { ...erp.connector.capabilities, events: false },
    async readChanges(request, signal) {
      asked++
      return (await erp.connector.readChanges?.(request, signal)) ?? assert.fail()
    },
  })
  const engine = await openDualWrite({
    database,
    catalog,
    connector,
    mapFolders: [MAPS_FOLDER],
    clock,
    log: silentLog,
    eventUrl: undefined,
    eventSecret: '',
  })
  await engine.start()
  await engine.whenRunning()
  return {
    erp,
    database,
    asked: () => asked,
    stopTurns() {
      hasTurns = false
    },
    async nameOf(number: string) {
      const { rows } = await database.pool.query('select name from tables.account where accountnumber = $1', [number])
      return rows[0]?.name as string | undefined
    },
    async [Symbol.asyncDispose]() {
      await engine.stop()
      await database.close()
      await other[Symbol.asyncDispose]()
    },
  }
}
