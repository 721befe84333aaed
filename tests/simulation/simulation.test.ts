import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { expectHistories } from './expect-histories.ts'
import { runHistory } from './history.ts'
import { MUTATIONS } from './mutations.ts'

// More: npm run sim -- --seeds 5000
const ground = expectHistories(1, 100)

test('the same seed is the same history, step by step', async () => {
  const once = await runHistory(ground(), 7)
  await runHistory(ground(), 8)
  const again = await runHistory(ground(), 7)
  assert.equal(again.hash, once.hash)
  assert.notEqual((await runHistory(ground(), 9)).hash, once.hash)
})

test('every mutation breaks something that is there', () => {
  for (const { name, file, find } of MUTATIONS)
    assert.ok(readFileSync(join(import.meta.dirname, '../../src', file), 'utf8').includes(find), `${file}: ${name}`)
})
