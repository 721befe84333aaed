import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createGround, type Ground } from './ground.ts'
import { prepareGround, runHistory } from './history.ts'

/** Of one test: it has a time limit. */
const EACH_MAX = 25

/** Tests that the histories of these seeds end well. Answers the ground they are on, once the tests run. */
export function expectHistories(first: number, count: number): () => Ground {
  let ground: Ground
  before(async () => {
    ground = await createGround()
    await prepareGround(ground)
  })
  after(() => ground[Symbol.asyncDispose]())

  for (let from = first; from < first + count; from += EACH_MAX)
    expectSome(() => ground, from, Math.min(EACH_MAX, first + count - from))
  return () => ground
}

function expectSome(ground: () => Ground, first: number, count: number): void {
  test(`histories ${first} to ${first + count - 1} of edits, faults, restarts and pauses end with both sides equal and nothing lost, doubled, reordered or echoed`, async () => {
    const failed: string[] = []
    for (let seed = first; seed < first + count; seed++) {
      const { wrong } = await runHistory(ground(), seed)
      if (wrong.length > 0) failed.push(`npm run sim -- --seed ${seed}\n  ${wrong.join('\n  ')}`)
    }
    assert.deepEqual(failed, [])
  })
}
