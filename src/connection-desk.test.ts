import assert from 'node:assert/strict'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { readConfig } from '#config/config.ts'
import { silentLog } from '#log/log.ts'
import { migrate } from '#postgres/migrate.ts'
import { createTestDatabase } from '../tests/support/database.ts'
import { until } from '../tests/support/dual-write-world.ts'
import { startTestErp } from '../tests/support/scm.ts'
import { secretsOf } from './connection.ts'
import { openConnection } from './connection-desk.ts'
import { createLiveConnector } from './live-connector.ts'

async function setUp(env: Record<string, string> = {}) {
  const clients = [{ id: 'test', secret: 'test-secret', company: 'usmf' }]
  const erp = await startTestErp({ clients })
  const { database, ...rest } = await createTestDatabase()
  await migrate(
    database,
    ['tables', 'dual-write'].map((module) => ({ module, folder: join(import.meta.dirname, module, 'migrations') })),
  )
  const COMPTOIR_DATA = mkdtempSync(join(tmpdir(), 'comptoir-connection-'))
  const reached = { ERP_URL: erp.url, ERP_TOKEN_URL: `${erp.url}/oauth2/token`, ERP_CLIENT_ID: 'test' }
  const config = readConfig({ ...reached, COMPTOIR_DATA, ...env }, '/')
  const parts = { database, config, log: silentLog }
  return {
    ...parts,
    secrets: secretsOf(database, config),
    /** The ERP's administrator gives the application another secret. */
    rotate: (secret: string) => clients.splice(0, 1, { id: 'test', secret, company: 'usmf' }),
    open: () => openConnection(parts),
    async [Symbol.asyncDispose]() {
      await erp[Symbol.asyncDispose]()
      await rest[Symbol.asyncDispose]()
    },
  }
}

const signal = () => AbortSignal.timeout(10_000)

test('a secret that is saved is tried first, holds at once for those who work, and is told to nobody', async () => {
  await using world = await setUp()
  await assert.rejects(world.open(), /none is kept/)
  await world.secrets.set('dynamics365', 'test-secret', 'kim')
  const { connector, desk, close } = await world.open()
  await connector.ping(signal())
  assert.deepEqual(
    (await desk.test(undefined)).map((one) => one.call),
    ['describe', 'ping'],
  )

  world.rotate('another-secret')
  await assert.rejects(desk.keep('wrong', 'dana'), (error: Error) => !error.message.includes('wrong'))
  assert.deepEqual([(await desk.describe()).keptBy, await world.secrets.find('dynamics365')], ['kim', 'test-secret'])
  await assert.rejects(desk.test(undefined), 'the ERP knows another one now')
  await desk.keep('another-secret', 'dana')
  await connector.ping(signal())
  const told = await desk.describe()
  assert.deepEqual([told.secret, told.keptBy, told.capabilities.events], ['kept', 'dana', true])
  assert.doesNotMatch(JSON.stringify(told), /another-secret/)

  // By another process, as the command line does.
  world.rotate('a third one')
  await world.secrets.set('dynamics365', 'a third one', 'tools')
  await until('it is followed', () =>
    connector.ping(signal()).then(
      () => true,
      () => false,
    ),
  )
  await close()
})

test('what could not count is not kept: in the demo, beside a secret of the settings, for the database of another ERP', async () => {
  await using demo = await setUp({ ERP_URL: '', ERP_TOKEN_URL: '', ERP_CLIENT_ID: '' })
  const first = await demo.open()
  await assert.rejects(first.desk.keep('x', 'dana'), /The demo has its own ERP/)
  assert.equal((await first.desk.describe()).secret, 'demo')
  await first.close()

  await using set = await setUp({ ERP_CLIENT_SECRET: 'test-secret' })
  const second = await set.open()
  await assert.rejects(second.desk.keep('x', 'dana'), /settings of the installation bring the secret/)
  assert.equal((await second.desk.describe()).secret, 'environment')
  await second.close()

  const tables = { ERP_URL: '', COMPTOIR_ERP: 'postgres', COMPTOIR_MAPS: 'maps/postgres-example' }
  await using other = await setUp(tables)
  await other.secrets.set('postgres', other.database.url, 'kim')
  const third = await other.open()
  await assert.rejects(third.desk.keep('no address', 'dana'), /The secret of the connector postgres is an address/)
  await assert.rejects(third.desk.keep('postgresql://a:b@elsewhere.example/erp', 'dana'), /another database than/)
  await third.close()
})

test('a connection that is replaced answers what it was asked, and is closed after that', async () => {
  const log: string[] = []
  const parts = { name: 'test', capabilities: {} } as unknown as Parameters<typeof createLiveConnector>[0]
  let answer: (() => void) | undefined
  const slow = { ...parts, ping: () => new Promise<void>((done) => (answer = done)), close: async () => void log.push('closed') }
  const live = createLiveConnector({
    ...slow,
    watchChanges: (_: unknown, during: AbortSignal) =>
      new Promise((_done, fail) => during.addEventListener('abort', () => fail(during.reason), { once: true })),
  })
  const asked = live.connector.ping(signal()).then(() => log.push('answered'))
  const watched = assert.rejects(
    Promise.resolve(live.connector.watchChanges?.({ entities: [], onChange: () => undefined }, signal())),
  )
  live.replace({ ...parts, ping: async () => void log.push('the next one'), watchChanges: async () => undefined })
  await watched
  await live.connector.ping(signal())
  assert.deepEqual(log, ['the next one'])
  answer?.()
  await asked
  assert.deepEqual(log.sort(), ['answered', 'closed', 'the next one'])
})
