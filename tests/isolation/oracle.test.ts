import test from 'node:test'
import fc from 'fast-check'
import { compare } from './compare.ts'
import { createGround, type Ground, serviceVisitor } from './ground.ts'
import { TABLES } from './oracle.ts'
import type { Surface } from './surfaces.ts'
import * as surfaces from './surfaces.ts'
import { permissionsArbitrary, rolesArbitrary, rowsArbitrary } from './worlds.ts'

/** Held against the oracle on every draw; the others need a published release, which takes its time. A new surface is a line here. */
const QUICK: readonly Surface[] = [surfaces.statement]
const PUBLISHED: readonly Surface[] = [
  surfaces.page,
  surfaces.portalApi,
  surfaces.live,
  surfaces.wall,
  surfaces.explanation,
  surfaces.whoMay,
]

/** `ISOLATION_SEED=…` draws the worlds of an earlier run again. */
const SEED = process.env.ISOLATION_SEED === undefined ? Date.now() % 2 ** 31 : Number(process.env.ISOLATION_SEED)

const worlds = fc.record({ rows: rowsArbitrary, roles: rolesArbitrary, permissions: permissionsArbitrary })
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
    { seed: SEED, numRuns: 150 },
  )
})

test(`every surface shows what the oracle sees, and nothing else (seed ${SEED})`, async () => {
  await using ground = await createGround()
  await holdEqual(ground, worlds, 15)
})

function holdEqual(ground: Ground, drawn: typeof worlds, numRuns: number): Promise<void> {
  const property = fc.asyncProperty(drawn, async ({ rows, roles, permissions }) => {
    await ground.allow(permissions, { publish: true })
    await ground.load(rows, roles)
    for (const visitor of ground.visitors)
      for (const table of TABLES) for (const surface of PUBLISHED) await compare(ground, surface, visitor, table)
  })
  return fc.assert(property, { seed: SEED, numRuns, endOnFailure: true })
}
