import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { migrate } from '#postgres/migrate.ts'
import { createTestDatabase } from '../../tests/support/database.ts'
import { openConnectionSecrets } from './connection-secret.ts'

const SECRET = 'postgresql://us:pässword@db.example/erp'

test('the secret of a connection is kept encrypted, and is read only with the key of the folder', async () => {
  await using world = await setUp()
  const { secrets, file, stored } = world
  assert.equal(await secrets.find('postgres'), undefined)
  await secrets.set('postgres', SECRET, 'kim')
  await secrets.set('dynamics365', 'another', 'kim')
  assert.equal(await secrets.find('postgres'), SECRET)
  assert.equal((await secrets.describe('postgres'))?.setBy, 'kim')
  assert.equal(statSync(file).mode & 0o777, 0o600)
  const all = JSON.stringify(await stored())
  for (const part of ['pässword', Buffer.from(SECRET).toString('base64').slice(0, 20)]) assert.equal(all.includes(part), false)
  // Moved to another connector it is worth nothing.
  await world.run(`update dual_write.connection_secret set sealed = (select sealed from dual_write.connection_secret where connector = 'postgres')
                    where connector = 'dynamics365'`)
  await assert.rejects(secrets.find('dynamics365'), { code: 'connection.unreadable' })
  writeFileSync(file, '')
  await assert.rejects(secrets.find('postgres'), { code: 'connection.unreadable' })
})

test('a new key replaces the old one everywhere; a rotation that failed leaves everything readable', async () => {
  await using world = await setUp()
  const { secrets, file } = world
  await secrets.set('postgres', SECRET, 'kim')
  const before = readFileSync(file, 'utf8')
  await world.run('alter table dual_write.activity rename to away')
  await assert.rejects(secrets.rotateKey('kim'))
  await world.run('alter table dual_write.away rename to activity')
  assert.equal(await secrets.find('postgres'), SECRET)
  assert.equal(await secrets.rotateKey('kim'), 1)
  assert.equal(await secrets.find('postgres'), SECRET)
  assert.equal(readFileSync(file, 'utf8').includes(before.trim()), false)
  assert.equal(readFileSync(file, 'utf8').trim().split('\n').length, 1)
})

async function setUp() {
  const { database, ...rest } = await createTestDatabase()
  await migrate(
    database,
    ['tables', 'dual-write'].map((module) => ({ module, folder: join(import.meta.dirname, '..', module, 'migrations') })),
  )
  const folder = mkdtempSync(join(tmpdir(), 'comptoir-keys-'))
  const run = async (text: string) => (await database.pool.query<Record<string, unknown>>(text)).rows
  return {
    secrets: openConnectionSecrets(database, folder),
    file: join(folder, 'connection-keys'),
    run,
    stored: () => run('select s.*, a.details from dual_write.connection_secret s, dual_write.activity a'),
    async [Symbol.asyncDispose]() {
      rmSync(folder, { recursive: true })
      await rest[Symbol.asyncDispose]()
    },
  }
}
