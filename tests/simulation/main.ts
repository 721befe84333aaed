/**
 * `npm run sim -- --seeds N [--seed S]`: histories of the whole engine in virtual time, on a real database, in two processes. Closes with
 * `N passed, N failed`. `--seed S` alone runs that one and prints every step; with `--seeds N`, S is where the seeds begin.
 * `--long` makes the histories longer; `--mutations` breaks the engine on purpose, one way after the other, and tells which seed catches it.
 */
import { fork } from 'node:child_process'
import { parseArgs } from 'node:util'
import { startTestServer } from '../support/database.ts'
import { createGround } from './ground.ts'
import { type Outcome, prepareGround, runHistory } from './history.ts'
import { LONG, SHORT } from './length.ts'
import { MUTATIONS } from './mutations.ts'

const SEEDS = 1_000
const WORKERS = 2
const MUTATION_SEEDS_MAX = 120

const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    seed: { type: 'string' },
    /** More happens in each history. */
    long: { type: 'boolean', default: false },
    mutations: { type: 'boolean', default: false },
    /** Of the mutations those whose name holds this. */
    only: { type: 'string', default: '' },
    /** For this program's own workers: every WORKERS-th seed from `seed` on. */
    worker: { type: 'boolean', default: false },
    step: { type: 'string', default: '1' },
    /** Ends at the first seed that fails. */
    bail: { type: 'boolean', default: false },
  },
})

const count = numberOf(values.seeds ?? (values.seed === undefined ? String(SEEDS) : '1'))
const first = numberOf(values.seed ?? '1')
const length = values.long ? LONG : SHORT
if (values.worker) await work()
else process.exitCode = await main()

async function main(): Promise<number> {
  const server = await startTestServer()
  process.env.TEST_DATABASE_URL = server.url
  try {
    if (values.mutations) return await tryMutations()
    const isTraced = values.seed !== undefined && values.seeds === undefined
    const outcomes = isTraced ? [await runTraced()] : await runAll()
    const failed = outcomes.filter((one) => one.wrong.length > 0)
    console.log(`${outcomes.length - failed.length} passed, ${failed.length} failed`)
    return failed.length > 0 || outcomes.length < count ? 1 : 0
  } finally {
    await server.stop()
  }
}

async function runTraced(): Promise<Outcome> {
  await using ground = await createGround()
  await prepareGround(ground)
  const outcome = await runHistory(ground, first, { length, onStep: console.log })
  report(outcome)
  console.log(
    `seed ${first}: ${outcome.steps} steps, ${Math.round(outcome.virtualMs / 1000)} s of virtual time, trace ${outcome.hash}`,
  )
  return outcome
}

async function runAll(): Promise<Outcome[]> {
  const workers = Math.min(WORKERS, count)
  const parts = Array.from({ length: workers }, (_, index) =>
    runWorker(first + index, Math.ceil((count - index) / workers), workers, []),
  )
  return (await Promise.all(parts)).flat()
}

/** Seeds in a process of their own; failures are reported as they come. */
function runWorker(seed: number, seeds: number, step: number, more: readonly string[], mutation?: string): Promise<Outcome[]> {
  const args = [
    '--worker',
    '--seed',
    String(seed),
    '--seeds',
    String(seeds),
    '--step',
    String(step),
    ...(values.long ? ['--long'] : []),
    ...more,
  ]
  const outcomes: Outcome[] = []
  const execArgv = mutation === undefined ? [] : ['--import', new URL('mutate.ts', import.meta.url).href]
  const child = fork(import.meta.filename, args, { execArgv, env: { ...process.env, SIM_MUTATION: mutation ?? '' } })
  child.on('message', (outcome: Outcome) => {
    outcomes.push(outcome)
    if (mutation === undefined) report(outcome)
  })
  return new Promise((done, failed) => child.on('error', failed).on('exit', () => done(outcomes)))
}

async function work(): Promise<void> {
  process.on('disconnect', () => process.exit(1))
  await using ground = await createGround()
  const unprepared = await prepareGround(ground).then(
    () => [],
    (error: Error) => [error.message],
  )
  if (unprepared.length > 0) process.send?.({ seed: 0, wrong: unprepared })
  for (let index = 0; unprepared.length === 0 && index < count; index++) {
    const outcome = await runHistory(ground, first + index * numberOf(values.step), { length })
    process.send?.(outcome)
    if (values.bail && outcome.wrong.length > 0) break
  }
  process.removeAllListeners('disconnect')
  process.disconnect?.()
}

function report({ seed, wrong }: Outcome): void {
  if (wrong.length > 0)
    console.log(
      `seed ${seed} failed (again: npm run sim -- ${values.long ? '--long ' : ''}--seed ${seed})\n  ${wrong.join('\n  ')}`,
    )
}

/** Every way of breaking the engine must be caught by some seed. */
async function tryMutations(): Promise<number> {
  const names = MUTATIONS.map((one) => one.name).filter((name) => name.includes(values.only))
  const waiting = [...names]
  let caught = 0
  const tryEach = async () => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) if (await tryMutation(name)) caught++
  }
  await Promise.all(Array.from({ length: WORKERS }, tryEach))
  console.log(`${caught} caught, ${names.length - caught} not caught`)
  return caught < names.length ? 1 : 0
}

async function tryMutation(name: string): Promise<boolean> {
  const outcomes = await runWorker(first, MUTATION_SEEDS_MAX, 1, ['--bail'], name)
  const last = outcomes.at(-1)
  const isCaught = last !== undefined && last.wrong.length > 0
  if (isCaught) console.log(`caught by seed ${last.seed}: ${name}: ${last.wrong[0]?.split('\n').slice(0, 2).join(' ')}`)
  else console.log(`NOT caught by ${outcomes.length} seeds: ${name}`)
  return isCaught
}

function numberOf(text: string): number {
  const number = Number(text)
  if (!Number.isSafeInteger(number) || number < 0) throw new Error(`Not a whole number: ${text}`)
  return number
}
