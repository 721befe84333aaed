import assert from 'node:assert/strict'
import test from 'node:test'
import { silentLog } from '#log/log.ts'
import { catalog, quiet, setUp, until, type World } from '../../../tests/support/dual-write-world.ts'
import { beginPass, listComparisons } from '../comparison.queries.ts'
import { type Core, getMap } from '../core.ts'
import { createLookupIndex } from '../mapping/lookup-index.ts'
import { compareAllTheTime } from './all-the-time.ts'
import { runPass } from './pass.ts'

const GROUPS = 2_500
const MAP = 'price-groups'

test('the comparison that goes on all the time takes up an interrupted pass where it stood, and finds what no notice told', async () => {
  await using world = await setUp({
    before: (erp) => {
      for (let i = 0; i < GROUPS; i++)
        erp.put('PriceCustomerGroups', { dataAreaId: 'usmf', GroupCode: `G${i}`, GroupName: `Group ${i}` })
    },
  })
  await world.engine.whenRunning()
  await quiet(world)
  world.erp.deliverTo(async () => undefined)
  // One that stands on a page before the interruption, and one that is gone.
  world.erp.change('PriceCustomerGroups', 'dataAreaId=usmf,GroupCode=G0', { GroupName: 'Renamed' })
  world.erp.remove('PriceCustomerGroups', 'dataAreaId=usmf,GroupCode=G999')
  await until('the notices are lost', () => world.erp.undelivered() === 0)

  const stopping = new AbortController()
  const pages: string[] = []
  const core = coreOf(world, (page) => {
    pages.push(page)
    if (pages.length === 2) stopping.abort()
  })
  const begun = await world.database.statement(beginPass)
  const pass = { map: getMap(core, MAP), company: 'usmf', ...begun, isExact: true, memory: undefined }
  const pace = { rest: async () => undefined, isCheckpoint: () => true }
  assert.equal(await runPass(core, pass, stopping.signal, { pace }), false)
  assert.equal((await comparisonOf(world))?.comparedAt, null)
  assert.notEqual((await comparisonOf(world))?.cursor, null)

  const going = new AbortController()
  const loop = compareAllTheTime(core, going.signal)
  const parts = (await world.engine.status()).length
  await until('every map is compared', async () => (await world.engine.lastComparison()).maps.length === parts)
  going.abort()
  await loop
  assert.equal(pages.filter((page) => page === pages[0]).length, 1, 'the first page was read once')
  const found = await comparisonOf(world)
  assert.equal(found?.rows, GROUPS + 1, 'RETAIL is one more; G999 should be on both sides')
  assert.deepEqual([found?.differences, found?.rangesRead, found?.cursor], [2, 3, null])
  assert.deepEqual(
    (await world.engine.listDifferences({ map: MAP, rowsMax: 10 })).map((one) => one.key),
    ['dataAreaId=usmf,GroupCode=G0', 'dataAreaId=usmf,GroupCode=G999'],
  )
  const comparison = await world.engine.lastComparison()
  assert.equal(comparison.equal, false)
  assert.deepEqual(
    comparison.maps.filter((one) => one.map !== MAP && one.differences > 0),
    [],
  )
})

async function comparisonOf(world: World) {
  return (await world.database.read(listComparisons)).find((one) => one.map === MAP && one.company === 'usmf')
}

/** Parts of the engine over the world's database, with a clock on which waiting takes no time. */
function coreOf(world: World, onPage: (page: string) => void): Core {
  let nowMs = Date.now()
  const { connector } = world.erp
  const core = {
    database: world.database,
    catalog,
    maps: world.engine.maps(),
    index: createLookupIndex(),
    log: silentLog,
    connector: {
      ...connector,
      readPage(request: Parameters<typeof connector.readPage>[0], signal: AbortSignal) {
        if (request.entity === 'PriceCustomerGroups') onPage(`${request.range?.from} ${request.after}`)
        return connector.readPage(request, signal)
      },
    },
    clock: {
      nowMs: () => nowMs,
      async sleep(ms: number) {
        nowMs += ms
        await new Promise((done) => setImmediate(done))
      },
      random: () => 0.5,
    },
  }
  return core as unknown as Core
}
