import assert from 'node:assert/strict'
import { test } from 'node:test'
import { survive } from './survive.ts'

/** More, and others: npm run chaos -- --kills 300 --seed S. */
const KILLS = 6
const SEED = 1

test('orders and the seller’s edits survive kill -9 of portal, ERP, database and connections, in the first copy and under load: nothing lost, doubled or stuck', async () => {
  const { kills, submitted, rowsCompared } = await survive({ kills: KILLS, copyKills: 2, seed: SEED })
  assert.equal(
    Object.values(kills).reduce((sum, one) => sum + one, 0),
    KILLS,
  )
  assert.ok(submitted > 0)
  assert.ok(rowsCompared > 0)
})
