import { setTimeout as sleep } from 'node:timers/promises'
import { type Command, Option } from 'commander'
import type { Asked } from '#dual-write/facets.ts'
import type { CopyOutcomeKind, Direction, DryRunProgress, MapScope, Side } from '#dual-write/facets-control.ts'
import { addDefinitionCommands } from './cli-definitions.ts'
import { addEqualityCommands } from './cli-equality.ts'
import { addIdentityCommands } from './cli-identity.ts'
import { answer, answerState, JSON_FLAG, lineOf, type MapCommandParts, ROWS_MAX, wholeNumber, withProgress } from './cli-input.ts'

const FOLLOW_MS = 1_000

/** `comptoir maps …`: what administrators do with table maps, beside a running Comptoir. */
export function addMapCommands(program: Command, parts: MapCommandParts): Command {
  const maps = program.command('maps').description('table maps')
  addStates(maps, parts)
  addEnding(maps, parts)
  addEqualityCommands(maps, parts)
  addIdentityCommands(maps, parts)
  addCopies(maps, parts)
  addDefinitionCommands(maps, parts)
  return maps
}

type ScopeOptions = { company?: string; direction?: Direction }
type Json = { json?: boolean }

function addStates(maps: Command, parts: MapCommandParts): void {
  const { print, withEngine } = parts
  maps
    .command('list')
    .description('state, rows, queues and lag of every table map')
    .option(...JSON_FLAG)
    .action((options) =>
      withEngine(async (engine) => {
        print((await engine.status()).map(lineOf), options.json)
      }),
    )
  maps
    .command('prerequisites <map>')
    .description('maps that should run before this one, in order')
    .option(...JSON_FLAG)
    .action((name: string, options: Json) =>
      withEngine(async (engine) => print(await engine.prerequisitesOf(name), options.json)),
    )
  addRunning(maps, parts)
}

type RunOptions = Json & { initialSync: boolean; withPrerequisites?: true; winner?: Side; follow?: true }

function addRunning(maps: Command, parts: MapCommandParts): void {
  const { actor, tell, withEngine } = parts
  maps
    .command('run <map>')
    .description('initial sync, then live')
    .option('--no-initial-sync', 'straight to live changes')
    .option('--with-prerequisites', 'start what it looks up first, in order')
    .addOption(winnerOption())
    .option('--follow', 'tell the progress until it runs')
    .option(...JSON_FLAG)
    .addHelpText(
      'after',
      `
Examples:
  comptoir maps dry-run customers                 first: what it would do
  comptoir maps run customers --with-prerequisites --follow
  comptoir maps run customers --no-initial-sync`,
    )
    .action((name: string, options: RunOptions) =>
      withEngine(async (engine) => {
        const { initialSync, withPrerequisites: prerequisites, winner } = options
        await engine.runMap(name, actor, { initialSync, prerequisites, winner })
        const words =
          options.follow === true ? await follow(engine, name, tell) : `${name} starts; see: comptoir maps progress ${name}`
        await answerState(engine, name, parts, options, words)
      }),
    )
  inScope(maps.command('pause <map>').description('changes of both sides queue from now on'))
    .option(...JSON_FLAG)
    .action((name: string, options: ScopeOptions & Json) =>
      withEngine(async (engine) => {
        await engine.pauseMap(name, actor, scopeOf(options))
        await answerState(engine, name, parts, options, `${name} is paused${partText(options)}: changes queue`)
      }),
    )
  inScope(maps.command('resume <map>').description('changes flow again'))
    .addOption(new Option('--queue <way>', 'what has queued').choices(['first', 'beside', 'discard']).default('first'))
    .option('--confirm-loss <token>', 'for --queue discard: the token of `maps losses`')
    .option(...JSON_FLAG)
    .addHelpText(
      'after',
      `
first: new changes wait until the queue is empty. beside: live at once, the queue is caught up beside it. discard: what has queued is
given up, after a look at what that is:
  comptoir maps losses customers
  comptoir maps resume customers --queue discard --confirm-loss <token>`,
    )
    .action((name: string, options: ScopeOptions & Json & { queue: 'first' | 'beside' | 'discard'; confirmLoss?: string }) =>
      withEngine(async (engine) => {
        const { queue, confirmLoss } = options
        await engine.resumeMap(name, actor, { scope: scopeOf(options), queue, confirmLoss })
        await answerState(engine, name, parts, options, `${name} is resumed${partText(options)}`)
      }),
    )
}

function addEnding(maps: Command, parts: MapCommandParts): void {
  const { actor, print, say, withEngine } = parts
  inScope(maps.command('losses <map>').description('what waits, and would be lost by discarding it'))
    .option(...JSON_FLAG)
    .action((name: string, options: ScopeOptions & Json) =>
      withEngine(async (engine) => {
        const losses = await engine.lossesOf(name, scopeOf(options))
        if (options.json === true) say(JSON.stringify(losses, null, 2))
        else {
          say(`${losses.toErp} changes to the ERP, ${losses.toPortal} to the portal. Token: ${losses.token}`)
          if (losses.samples.length > 0) print(losses.samples, false)
        }
      }),
    )
  maps
    .command('stop <map>')
    .description('end the map; what waits for it is given up')
    .option(...JSON_FLAG)
    .action((name: string, options: Json) =>
      withEngine(async (engine) => {
        await engine.stopMap(name, actor)
        await answerState(engine, name, parts, options, `${name} is stopped`)
      }),
    )
  maps
    .command('refresh <map>')
    .description('read the schema of both sides again, and the other side through for missed changes')
    .option(...JSON_FLAG)
    .action((name: string, options: Json) =>
      withEngine(async (engine) => {
        const result = await withProgress(parts, 'reading the ERP', () => engine.refreshMap(name, actor))
        answer(parts, options.json, result, ...result.schema, `${result.queued} records are read again`)
      }),
    )
  maps
    .command('activity [map]')
    .description('who did what, newest first')
    .option('--before <id>', 'those before this one: the next page', wholeNumber(1))
    .option(...JSON_FLAG)
    .action((map: string | undefined, options: { before?: number; json?: boolean }) =>
      withEngine(async (engine) =>
        print(await engine.listActivity({ map: map ?? null, before: options.before, rowsMax: ROWS_MAX }), options.json),
      ),
    )
}

const OUTCOMES: readonly CopyOutcomeKind[] = ['created', 'updated', 'unchanged', 'excluded', 'ignored', 'failed']
type OutcomeOptions = { kind?: CopyOutcomeKind; code?: string; after?: string; json?: boolean }

function addCopies(maps: Command, parts: MapCommandParts): void {
  const { actor, print, say, withEngine } = parts
  addDryRun(maps, parts)
  maps
    .command('progress <map>')
    .description('how far the initial sync is, by legal entity and direction')
    .option(...JSON_FLAG)
    .action((name: string, options: Json) => withEngine(async (engine) => print(await engine.copyProgress(name), options.json)))
  maps
    .command('errors <map>')
    .description('rows that the initial sync could not copy, by cause')
    .option(...JSON_FLAG)
    .action((name: string, options: Json) =>
      withEngine(async (engine) => print(await engine.groupCopyErrors(name), options.json)),
    )
  maps
    .command('outcomes <map>')
    .description('what became of every row of the initial sync')
    .addOption(new Option('--kind <kind>', 'only these').choices(OUTCOMES))
    .option('--code <code>', 'only this cause')
    .option('--after <place>', 'go on after a page: its last line says where')
    .option(...JSON_FLAG)
    .action((name: string, options: OutcomeOptions) =>
      withEngine(async (engine) => {
        const { kind, code, after } = options
        const { rows, next } = await engine.listCopyOutcomes({ map: name, kind, code, after, rowsMax: ROWS_MAX })
        if (options.json === true) return say(JSON.stringify({ rows, next }, null, 2))
        print(rows, false)
        if (next !== null) say(`There is more: --after ${next}`)
      }),
    )
  maps
    .command('retry <map>')
    .description('what failed and what is parked, again')
    .option('--code <code>', 'only this cause')
    .option(...JSON_FLAG)
    .action((name: string, options: { code?: string; json?: boolean }) =>
      withEngine(async (engine) => {
        const failed = await engine.retryFailedRows(name, actor, { code: options.code })
        const clusters = options.code === undefined ? [] : await engine.clusterParked(name)
        let parked = options.code === undefined ? await engine.retryParked({ ids: 'all', map: name }, actor) : 0
        for (const one of clusters.filter((cluster) => cluster.code === options.code))
          parked += await engine.retryParked({ ids: 'all', map: name, cluster: one.id }, actor)
        const words = `${failed} failed rows and ${parked} parked changes are tried again`
        answer(parts, options.json, { failedRows: failed, parkedChanges: parked }, words)
      }),
    )
}

function addDryRun(maps: Command, parts: MapCommandParts): void {
  const { print, say, withEngine } = parts
  maps
    .command('dry-run <map>')
    .description('what a run would create, change, delete and refuse; nothing is written')
    .option('--company <code>', 'of one legal entity')
    .addOption(winnerOption())
    .option('--samples <number>', 'rows to show', wholeNumber(0), 10)
    .option(...JSON_FLAG)
    .action((name: string, options: { company?: string; winner?: Side; samples: number; json?: boolean }) =>
      withEngine(async (engine) => {
        const { company, winner, samples: samplesMax } = options
        let far = ''
        const progress = ({ part, parts: count, rowsDone, rowsTotal }: DryRunProgress) => {
          far = `part ${part} of ${count}, ${rowsDone}${rowsTotal === null ? '' : ` of ${rowsTotal}`} rows`
        }
        const run = () => engine.dryRun(name, { company, winner, samplesMax }, { progress })
        const result = await withProgress(parts, 'reading both sides', run, async () => far)
        if (options.json === true) return say(JSON.stringify(result, null, 2))
        print(result.parts, false)
        for (const sample of result.samples) {
          say(`${sample.kind} ${sample.key}${sample.reason === null ? '' : `: ${sample.reason}`}`)
          for (const one of sample.columns)
            say(`  ${one.column}: ${one.before ?? '(nothing)'} → ${one.after ?? '(nothing)'} (${one.decidedBy})`)
        }
      }),
    )
}

function inScope(command: Command): Command {
  return command
    .option('--company <code>', 'only of one legal entity')
    .addOption(new Option('--direction <way>', 'only one direction').choices(['toErp', 'toPortal']))
}

function winnerOption(): Option {
  return new Option('--winner <side>', 'whose values stay where both sides have the row').choices(['erp', 'portal'])
}

function scopeOf({ company, direction }: ScopeOptions): MapScope {
  return { company, direction }
}

function partText({ company, direction }: ScopeOptions): string {
  const way = direction === undefined ? [] : [direction === 'toErp' ? 'to the ERP' : 'to the portal']
  return [...(company === undefined ? [] : [company]), ...way].map((one) => `, ${one}`).join('')
}

/** Tells the progress of an initial sync until it has ended; answers what the map does then. */
async function follow(engine: Asked, name: string, tell: MapCommandParts['tell']): Promise<string> {
  for (;;) {
    const map = (await engine.status()).find((one) => one.name === name)
    const parts = await engine.copyProgress(name)
    const done = parts.reduce((sum, part) => sum + part.rowsDone, 0)
    const total = parts.reduce((sum, part) => sum + (part.rowsTotal ?? 0), 0)
    const rate = parts.reduce((sum, part) => sum + (part.rowsPerSecond ?? 0), 0)
    const left = Math.max(0, ...parts.map((part) => part.msLeft ?? 0))
    tell(`${done} of ${total} rows, ${Math.round(rate)} rows/s, ${Math.round(left / 1_000)} s left`)
    if (map?.state !== 'initializing') {
      tell(undefined)
      return `${name} is ${map?.state.replaceAll('_', ' ') ?? 'gone'}: ${done} rows`
    }
    await sleep(FOLLOW_MS)
  }
}
