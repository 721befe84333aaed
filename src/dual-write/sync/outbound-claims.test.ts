import assert from 'node:assert/strict'
import test from 'node:test'
import { silentLog } from '#log/log.ts'
import { systemClock } from '#log/system-clock.ts'
import type { Tx } from '#postgres/database.ts'
import type { Sql } from '#postgres/sql.ts'
import { sql } from '#postgres/sql.ts'
import { catalog, MAPS_FOLDER, placeOrder, quiet, setUp, type World } from '../../../tests/support/dual-write-world.ts'
import { openCore } from '../open-core.ts'
import { claimGroups } from './outbound-claims.ts'

test('a claim takes as many statements for twelve orders as for two, and each order comes with its lines', async () => {
  await using world = await setUp()
  await world.engine.whenRunning()
  await quiet(world)
  await world.engine.stop()
  for (const number of ['A', 'B']) await placeOrder(world, number)
  const few = await claim(world)
  assert.deepEqual(few.sizes, [3, 3])
  for (let n = 0; n < 10; n++) await placeOrder(world, `C${n}`)
  const many = await claim(world)
  assert.deepEqual(many.sizes, Array(12).fill(3))
  assert.equal(many.statements, few.statements)
})

/** Claims, and gives it back. */
async function claim(world: World): Promise<{ sizes: number[]; statements: number }> {
  const core = await openCore({
    database: world.database,
    catalog,
    connector: world.erp.connector,
    mapFolders: [MAPS_FOLDER],
    clock: systemClock,
    log: silentLog,
  })
  const live = core.maps.map((map) => map.name)
  const found = { sizes: [] as number[], statements: 0 }
  const undone = new Error('undone')
  const claiming = world.database.transaction(async (tx) => {
    const counted = (query: Sql) => {
      found.statements++
      return tx.run(query)
    }
    const counting = Object.assign(
      (strings: TemplateStringsArray, ...parts: readonly unknown[]) => counted(sql(strings, ...parts)),
      { run: counted },
    ) as Tx
    const groups = await claimGroups(core, counting, { live, groupsMax: 64, leaseMs: 60_000 })
    found.sizes = groups.map((group) => group.length)
    throw undone
  })
  await assert.rejects(claiming, undone)
  return found
}
