import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { engineRows } from '../../src/tables/predicate.ts'
import { listRows } from '../../src/tables/rows.queries.ts'
import { plain } from './compare.ts'
import { asForm, deedOf, deedsArbitrary, form, odata, performOnNothing, statement, type WaySurface } from './deeds.ts'
import { createGround, type Ground, type TestVisitor } from './ground.ts'
import { type PlainWorld, TABLES } from './oracle.ts'
import {
  columnsOf,
  FILE_COLUMN,
  ID_COLUMNS,
  programsArbitrary,
  rolesArbitrary,
  rowsArbitrary,
  writingPermissionsArbitrary,
} from './worlds.ts'
import { type Deed, judge } from './write-oracle.ts'

/** `ISOLATION_SEED=…` draws the worlds of an earlier run again; `ISOLATION_RUNS=10` draws ten times as many. */
const SEED = process.env.ISOLATION_SEED === undefined ? Date.now() % 2 ** 31 : Number(process.env.ISOLATION_SEED)
const RUNS = Number(process.env.ISOLATION_RUNS ?? 1)
const WAYS: readonly WaySurface[] = [statement, odata, odata, form]

const worlds = fc.record({
  rows: rowsArbitrary,
  roles: rolesArbitrary,
  permissions: writingPermissionsArbitrary,
  programs: programsArbitrary,
  deeds: deedsArbitrary,
})

test(`what is written, by whom and in which way, is what the oracle allows, and nothing else changes (seed ${SEED})`, async () => {
  await using ground = await createGround()
  const seen = new Map<string, number>()
  const property = fc.asyncProperty(worlds, async ({ rows, roles, permissions, programs, deeds }) => {
    await ground.allow(permissions, { publish: true })
    await ground.load(rows, roles, programs)
    for (const [i, drawn] of deeds.entries()) {
      const deed = deedOf(ground.world, drawn, `0000000a-0000-4000-8000-${String(i).padStart(12, '0')}`)
      const visitor = ground.visitors[drawn.visitor % ground.visitors.length]
      if (deed === undefined || visitor === undefined) continue
      const told = await hold(ground, visitor, deed, WAYS[drawn.way % WAYS.length] ?? statement)
      if (told !== undefined) seen.set(told, (seen.get(told) ?? 0) + 1)
    }
  })
  await fc.assert(property, { seed: SEED, numRuns: 12 * RUNS, endOnFailure: true })
  if (process.env.ISOLATION_RUNS !== undefined) console.log([...seen])
  // A test that only ever saw refusals would say nothing.
  for (const kind of ['create', 'update', 'delete']) assert.ok(seen.has(`${kind} done`), `${kind}: ${JSON.stringify([...seen])}`)
})

/** Does one deed; the answer and all rows afterwards are the oracle's. */
async function hold(ground: Ground, visitor: TestVisitor, drawn: Deed, way: WaySurface): Promise<string | undefined> {
  if (way.only === 'people' && visitor.token !== undefined) return undefined
  const deed = way === form ? asForm(ground.world, visitor, drawn) : drawn
  if (deed === undefined) return undefined
  const verdict = judge(ground.world, visitor.plain, deed)
  const where = `${way.name}: ${visitor.name}: ${JSON.stringify(deed)}`
  const answer = await way.perform(ground, visitor, way === form ? drawn : deed)
  if (answer === undefined) return undefined
  const isAllowed = verdict.refusals.size === 0
  if (isAllowed && verdict.unseen && answer === 'forbidden') {
    // A row that its maker may not see cannot always be checked: it is refused then.
  } else if (isAllowed) assert.equal(answer, 'done', where)
  else if (way === odata && verdict.refusals.has('not_found'))
    assert.equal(answer, await performOnNothing(ground, visitor, deed), `${where}: hidden and absent are told the same`)
  else if (way === form && answer === 'not_found') assert.ok(verdict.refusals.has('not_found'), where)
  else
    assert.ok(
      [...verdict.refusals].some((one) => one === answer),
      `${where}: ${answer}, not ${[...verdict.refusals]}`,
    )
  if (answer === 'done') ground.world = verdict.after
  await assertRows(ground, ground.world, where)
  return `${deed.kind} ${answer}`
}

async function assertRows({ portal }: Ground, world: PlainWorld, where: string): Promise<void> {
  for (const table of TABLES) {
    const columns = [...columnsOf(table), 'statecode'].filter((column) => column !== FILE_COLUMN)
    const rows = await portal.database.read((tx) =>
      listRows(tx, portal.catalog, { table: portal.catalog.get(table), columns, predicate: engineRows, rowsMax: 500 }),
    )
    const textOf = (row: Readonly<Record<string, unknown>>, id: unknown) =>
      `${id}: ${columns.map((column) => `${column}=${plain(row[column])}`).join(' ')}`
    assert.deepEqual(
      rows.map((row) => textOf(row, row[ID_COLUMNS[table]])).sort(),
      world.rows[table].map((row) => textOf({ statecode: 0, ...row }, row.id)).sort(),
      where,
    )
  }
}
