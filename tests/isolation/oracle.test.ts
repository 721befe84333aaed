import test from 'node:test'
import fc from 'fast-check'
import { compare, compareFiles, compareLink, compareSearch, probe, probeLink } from './compare.ts'
import { createGround, type Ground, serviceVisitor, type TestVisitor } from './ground.ts'
import type { LinkSurface } from './link-surfaces.ts'
import * as links from './link-surfaces.ts'
import { TABLES, type TableName } from './oracle.ts'
import type { Prober } from './probes.ts'
import * as probes from './probes.ts'
import * as queries from './query-surfaces.ts'
import type { Surface } from './surfaces.ts'
import * as surfaces from './surfaces.ts'
import { LINKS, PROBED, permissionsArbitrary, programsArbitrary, rolesArbitrary, rowsArbitrary } from './worlds.ts'

/** Held against the oracle on every draw; the others need a published release, which takes its time. A new surface is a line here. */
const QUICK: readonly Surface[] = [surfaces.statement]
const PUBLISHED: readonly Surface[] = [
  surfaces.wall,
  surfaces.page,
  surfaces.exported,
  surfaces.liquid,
  surfaces.live,
  surfaces.explanation,
  surfaces.whoMay,
  queries.odata,
  queries.counted,
  queries.oneByOne,
  queries.fetchXml,
  queries.fetchXmlByHttp,
  queries.view,
  queries.viewByHttp,
]
const LINKED: readonly LinkSurface[] = [
  links.path,
  links.expandedLookup,
  links.expandedCollection,
  links.below,
  links.fetchInner,
  links.fetchOuter,
  links.fetchByHttp,
]
const PROBERS: readonly Prober[] = [probes.statement, probes.odata, probes.fetchXml, probes.list]

/** `ISOLATION_SEED=…` draws the worlds of an earlier run again; `ISOLATION_RUNS=10` draws ten times as many. */
const SEED = process.env.ISOLATION_SEED === undefined ? Date.now() % 2 ** 31 : Number(process.env.ISOLATION_SEED)
const RUNS = Number(process.env.ISOLATION_RUNS ?? 1)

const worlds = fc.record({
  rows: rowsArbitrary,
  roles: rolesArbitrary,
  permissions: permissionsArbitrary,
  programs: programsArbitrary,
  /** Which of the columns is asked for where all would take too long. */
  turn: fc.nat(100),
})
type World = typeof worlds extends fc.Arbitrary<infer T> ? T : never
const scopes = fc.record({
  privileges: fc.subarray(['read', 'write', 'create', 'delete'], { minLength: 1 }),
  tables: fc.option(fc.subarray([...TABLES])),
  withAccount: fc.boolean(),
})

test(`whatever the roles, hierarchies, conditions and rows: a statement sees what the oracle sees (seed ${SEED})`, async () => {
  await using ground = await createGround()
  await fc.assert(
    fc.asyncProperty(worlds, scopes, async ({ rows, roles, permissions }, scope) => {
      await ground.allow(permissions)
      await ground.load(rows, roles)
      const program = serviceVisitor(rows, scope)
      for (const visitor of [...ground.visitors, program])
        for (const table of TABLES) for (const surface of QUICK) await compare(ground, surface, visitor, table)
    }),
    { seed: SEED, numRuns: 100 * RUNS },
  )
})

test(`every surface shows what the oracle sees, and nothing else (seed ${SEED})`, async () => {
  await holdEqual(8, async (ground) => {
    for (const visitor of ground.visitors) {
      for (const surface of PUBLISHED.filter((one) => isFor(one, visitor)))
        for (const table of TABLES) await compare(ground, surface, visitor, table)
      await compareFiles(ground, visitor)
    }
  })
})

test(`through a lookup and back one sees the rows that one may see, and their columns (seed ${SEED})`, async () => {
  await holdEqual(6, async (ground) => {
    for (const visitor of ground.visitors)
      for (const surface of LINKED)
        for (const link of LINKS)
          if (link.collection !== null || !links.NEED_COLLECTION.has(surface)) await compareLink(ground, surface, visitor, link)
  })
})

test(`what is hidden in a column cannot be learned by filtering, sorting, grouping or searching (seed ${SEED})`, async () => {
  await holdEqual(6, async (ground, { turn }) => {
    for (const visitor of ground.visitors)
      for (const prober of PROBERS.filter((one) => isFor(one, visitor))) {
        for (const table of TABLES) {
          await probe(ground, prober, visitor, table, columnOf(table, turn))
          await compareSearch(ground, prober, visitor, table, ['1', 'x', 'person0', 'Account 1'][turn % 4] ?? 'x')
        }
        for (const link of LINKS)
          await probeLink(ground, prober, visitor, link, [columnOf(link.parent, turn), columnOf(link.table, turn)])
      }
  })
})

function columnOf(table: TableName, turn: number): string {
  return PROBED[table][turn % PROBED[table].length] ?? ''
}

function isFor({ only }: { only?: 'people' | 'programs' }, visitor: TestVisitor): boolean {
  return only === undefined || (only === 'programs') === (visitor.token !== undefined)
}

async function holdEqual(numRuns: number, check: (ground: Ground, world: World) => Promise<void>): Promise<void> {
  await using ground = await createGround()
  const property = fc.asyncProperty(worlds, async (world) => {
    await ground.allow(world.permissions, { publish: true })
    await ground.load(world.rows, world.roles, world.programs)
    await check(ground, world)
  })
  await fc.assert(property, { seed: SEED, numRuns: numRuns * RUNS, endOnFailure: true })
}
