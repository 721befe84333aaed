/**
 * `npm run chaos -- --kills N [--seed S]`: the whole program on the demo company, its processes and connections killed at random, a tenth
 * of the times during the first copy. Closes with the figures, or fails with what was lost, doubled, stuck or different.
 */
import { parseArgs } from 'node:util'
import { survive } from './survive.ts'

const { values } = parseArgs({ options: { kills: { type: 'string', default: '200' }, seed: { type: 'string', default: '1' } } })
const kills = Number(values.kills)
if (!Number.isSafeInteger(kills) || kills < 1) throw new Error(`Not a number of kills: ${values.kills}`)
const done = await survive({ kills, copyKills: Math.ceil(kills / 10), seed: Number(values.seed), say: console.log })
console.log(
  `${kills} kills in ${done.seconds} s (${Object.entries(done.kills)
    .map(([victim, count]) => `${victim} ${count}`)
    .join(', ')}): ${done.submitted} orders answered, ${done.edited} edited, ${done.rowsCompared} rows compared, all equal`,
)
