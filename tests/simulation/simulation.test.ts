import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { createGround, type Ground } from './ground.ts'
import { prepareGround, runHistory } from './history.ts'
import { MUTATIONS } from './mutations.ts'

/** More: npm run sim -- --seeds 5000 */
const SEEDS = 200

let ground: Ground
before(async () => {
  ground = await createGround()
  await prepareGround(ground)
})
after(() => ground[Symbol.asyncDispose]())

test(`${SEEDS} histories of edits, faults, restarts and pauses end with both sides equal and nothing lost, doubled, reordered or echoed`, async () => {
  const failed: string[] = []
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { wrong } = await runHistory(ground, seed)
    if (wrong.length > 0) failed.push(`npm run sim -- --seed ${seed}\n  ${wrong.join('\n  ')}`)
  }
  assert.deepEqual(failed, [])
})

test('the same seed is the same history, step by step', async () => {
  const once = await runHistory(ground, 7)
  await runHistory(ground, 8)
  const again = await runHistory(ground, 7)
  assert.equal(again.hash, once.hash)
  assert.notEqual((await runHistory(ground, 9)).hash, once.hash)
})

test('every mutation breaks something that is there', () => {
  for (const { name, file, find } of MUTATIONS)
    assert.ok(readFileSync(join(import.meta.dirname, '../../src', file), 'utf8').includes(find), `${file}: ${name}`)
})
