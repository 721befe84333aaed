import { readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Command, Option } from 'commander'
import type { Asked } from '#dual-write/facets.ts'
import type { Direction, Finding, MapScope, Side } from '#dual-write/facets-control.ts'
import { AppError } from '#lib/app-error.ts'

export type MapCommandParts = {
  actor: string
  print(rows: readonly object[], asJson: boolean | undefined): void
  withEngine(work: (engine: Asked) => Promise<void>): Promise<void>
}

const ROWS_MAX = 1_000
const FOLLOW_MS = 1_000
const JSON_FLAG = ['--json', 'print JSON'] as const

/** `comptoir maps …`: what administrators do with table maps, beside a running Comptoir. */
export function addMapCommands(program: Command, parts: MapCommandParts): Command {
  const maps = program.command('maps').description('table maps')
  addStates(maps, parts)
  addEnding(maps, parts)
  addEquality(maps, parts)
  addCopies(maps, parts)
  addDefinitions(maps, parts)
  return maps
}

type ScopeOptions = { company?: string; direction?: Direction }

function addStates(maps: Command, { actor, print, withEngine }: MapCommandParts): void {
  maps
    .command('list')
    .description('state, rows, queues and lag of every table map')
    .option(...JSON_FLAG)
    .action((options) =>
      withEngine(async (engine) => {
        const rows = (await engine.status()).map((map) => ({
          name: map.name,
          state: map.state,
          rows: map.rows,
          queued: map.queued.toErp + map.queued.toPortal,
          parked: map.parked,
          lagMs: Math.max(map.lagMs.toErp, map.lagMs.toPortal),
        }))
        print(rows, options.json)
      }),
    )
  maps
    .command('run <map>')
    .description('initial sync, then live')
    .option('--no-initial-sync', 'straight to live changes')
    .option('--with-prerequisites', 'start what it looks up first, in order')
    .addOption(winnerOption())
    .option('--follow', 'tell the progress until it runs')
    .action((name: string, options: { initialSync: boolean; withPrerequisites?: true; winner?: Side; follow?: true }) =>
      withEngine(async (engine) => {
        const { initialSync, withPrerequisites: prerequisites, winner } = options
        await engine.runMap(name, actor, { initialSync, prerequisites, winner })
        if (options.follow === true) await follow(engine, name)
      }),
    )
  inScope(maps.command('pause <map>').description('changes of both sides queue from now on')).action(
    (name: string, options: ScopeOptions) => withEngine((engine) => engine.pauseMap(name, actor, scopeOf(options))),
  )
  inScope(maps.command('resume <map>').description('changes flow again'))
    .addOption(new Option('--queue <way>', 'what has queued').choices(['first', 'beside', 'discard']).default('first'))
    .option('--confirm-loss <token>', 'for --queue discard: the token of `maps losses`')
    .action((name: string, options: ScopeOptions & { queue: 'first' | 'beside' | 'discard'; confirmLoss?: string }) =>
      withEngine((engine) =>
        engine.resumeMap(name, actor, { scope: scopeOf(options), queue: options.queue, confirmLoss: options.confirmLoss }),
      ),
    )
}

function addEnding(maps: Command, { actor, print, withEngine }: MapCommandParts): void {
  inScope(maps.command('losses <map>').description('what waits, and would be lost by discarding it'))
    .option(...JSON_FLAG)
    .action((name: string, options: ScopeOptions & { json?: boolean }) =>
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
    .action((name: string) => withEngine((engine) => engine.stopMap(name, actor)))
  maps
    .command('refresh <map>')
    .description('read the schema of both sides again, and the other side through for missed changes')
    .action((name: string) =>
      withEngine(async (engine) => {
        const { schema, queued } = await engine.refreshMap(name, actor)
        for (const line of schema) say(line)
        say(`${queued} records are read again`)
      }),
    )
  maps
    .command('activity [map]')
    .description('who did what, newest first')
    .option(...JSON_FLAG)
    .action((map: string | undefined, options: { json?: boolean }) =>
      withEngine(async (engine) => print(await engine.listActivity({ map: map ?? null, rowsMax: ROWS_MAX }), options.json)),
    )
}

function addEquality(maps: Command, { actor, print, withEngine }: MapCommandParts): void {
  maps
    .command('compare [maps...]')
    .description('whether both sides are equal; exit code 1 when they are not')
    .option('--company <codes...>', 'of these legal entities')
    .option(...JSON_FLAG)
    .action((names: string[], options: { company?: string[]; json?: boolean }) =>
      withEngine(async (engine) => {
        const companies = options.company === undefined ? {} : { companies: options.company }
        const comparison = await engine.compareMaps({ ...(names.length === 0 ? {} : { maps: names }), ...companies })
        if (options.json === true) say(JSON.stringify(comparison, null, 2))
        else {
          print(
            comparison.maps.map(({ map, company, rows, differences, explained }) => ({
              map,
              company,
              rows,
              differences,
              'on their way': explained,
            })),
            false,
          )
          say(comparison.equal ? 'Both sides are equal' : 'Both sides differ; see: comptoir maps differences <map>')
        }
        if (!comparison.equal) process.exitCode = 1
      }),
    )
  maps
    .command('differences <map>')
    .description('the rows and columns that differ, from the last comparison')
    .option('--company <code>')
    .option(...JSON_FLAG)
    .action((name: string, options: { company?: string; json?: boolean }) =>
      withEngine(async (engine) =>
        print(await engine.listDifferences({ map: name, company: options.company, rowsMax: ROWS_MAX }), options.json),
      ),
    )
  maps
    .command('repair <map> [keys...]')
    .description('make rows equal; all that differ without keys')
    .addOption(new Option('--to <side>', 'the side that is changed').choices(['erp', 'portal']).makeOptionMandatory())
    .action((name: string, keys: string[], options: { to: Side }) =>
      withEngine(async (engine) => {
        const which = { map: name, keys: keys.length === 0 ? ('all' as const) : keys, to: options.to }
        const { repaired, refused } = await engine.repair(which, actor)
        say(`${repaired} on their way`)
        for (const one of refused) say(`refused ${one.key}: ${one.reason}`)
        if (refused.length > 0) process.exitCode = 1
      }),
    )
  maps
    .command('explain <row>')
    .description('why a row (its id) or a record (its key, with --map) did or did not travel')
    .option('--map <map>')
    .option('--at <time>', 'as it was at this time (ISO 8601)')
    .option(...JSON_FLAG)
    .action((row: string, options: { map?: string; at?: string; json?: boolean }) =>
      withEngine(async (engine) => {
        const isId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(row)
        const { map, at } = options
        const found = await engine.explain({ map, at, ...(isId ? { rowId: row } : { remoteKey: row }) })
        if (options.json === true) return print(found, true)
        for (const one of found) {
          say(`${one.map}: ${one.verdict}`)
          for (const step of one.steps) say(`  ${step.at ?? ''.padEnd(24)}  ${step.step.padEnd(10)}  ${step.text}`)
        }
        if (found.length === 0) say('No map knows this row')
      }),
    )
}

function addCopies(maps: Command, { actor, print, withEngine }: MapCommandParts): void {
  maps
    .command('dry-run <map>')
    .description('what a run would create, change, delete and refuse; nothing is written')
    .option('--company <code>', 'of one legal entity')
    .addOption(winnerOption())
    .option('--samples <number>', 'rows to show', Number, 10)
    .option(...JSON_FLAG)
    .action((name: string, options: { company?: string; winner?: Side; samples: number; json?: boolean }) =>
      withEngine(async (engine) => {
        const { company, winner, samples: samplesMax } = options
        const result = await engine.dryRun(name, { company, winner, samplesMax })
        if (options.json === true) return say(JSON.stringify(result, null, 2))
        print(result.parts, false)
        for (const sample of result.samples) {
          say(`${sample.kind} ${sample.key}${sample.reason === null ? '' : `: ${sample.reason}`}`)
          for (const one of sample.columns)
            say(`  ${one.column}: ${one.before ?? '(nothing)'} → ${one.after ?? '(nothing)'} (${one.decidedBy})`)
        }
      }),
    )
  maps
    .command('progress <map>')
    .description('how far the initial sync is, by legal entity and direction')
    .option(...JSON_FLAG)
    .action((name: string, options: { json?: boolean }) =>
      withEngine(async (engine) => print(await engine.copyProgress(name), options.json)),
    )
  maps
    .command('errors <map>')
    .description('rows that the initial sync could not copy, by cause')
    .option(...JSON_FLAG)
    .action((name: string, options: { json?: boolean }) =>
      withEngine(async (engine) => print(await engine.groupCopyErrors(name), options.json)),
    )
  maps
    .command('retry <map>')
    .description('what failed and what is parked, again')
    .option('--code <code>', 'only this cause')
    .action((name: string, options: { code?: string }) =>
      withEngine(async (engine) => {
        const failed = await engine.retryFailedRows(name, actor, options)
        const clusters = options.code === undefined ? [] : await engine.clusterParked(name)
        let parked = options.code === undefined ? await engine.retryParked({ ids: 'all', map: name }, actor) : 0
        for (const one of clusters.filter((cluster) => cluster.code === options.code))
          parked += await engine.retryParked({ ids: 'all', map: name, cluster: one.id }, actor)
        say(`${failed} failed rows and ${parked} parked changes are tried again`)
      }),
    )
}

function addDefinitions(maps: Command, { actor, print, withEngine }: MapCommandParts): void {
  maps
    .command('versions <map>')
    .description('all versions that were ever active here')
    .option(...JSON_FLAG)
    .action((name: string, options: { json?: boolean }) =>
      withEngine(async (engine) => print(await engine.listVersions(name), options.json)),
    )
  maps
    .command('show <map>')
    .description('the map as text')
    .action((name: string) => withEngine(async (engine) => void process.stdout.write((await engine.readMap(name)).text)))
  maps
    .command('save <file>')
    .description('store a map file as a new version and make it the active one')
    .requiredOption('--message <text>', 'why')
    .action((file: string, options: { message: string }) =>
      withEngine(async (engine) => {
        const saved = await engine.saveMap(readFileSync(file, 'utf8'), actor, options.message)
        for (const one of saved.findings) say(findingText(one))
        say(`${saved.name} ${saved.version} is active`)
      }),
    )
  maps
    .command('activate <map> <version>')
    .description('go to another version')
    .action((name: string, version: string) => withEngine((engine) => engine.activateVersion(name, version, actor)))
  maps
    .command('export [maps...]')
    .description('active maps as one document, for another environment')
    .option('--file <file>', 'instead of standard output')
    .action((names: string[], options: { file?: string }) =>
      withEngine(async (engine) => {
        const bundle = JSON.stringify(await engine.exportMaps(names.length === 0 ? 'all' : names), null, 2)
        if (options.file === undefined) say(bundle)
        else writeFileSync(options.file, `${bundle}\n`)
      }),
    )
  for (const [verb, description] of [
    ['diff', 'what an import of the document would change'],
    ['import', 'take over the maps of the document'],
  ] as const)
    maps
      .command(`${verb} <file>`)
      .description(description)
      .option(...JSON_FLAG)
      .action((file: string, options: { json?: boolean }) =>
        withEngine(async (engine) => {
          const bundle = parseJson(file)
          const differences = await (verb === 'diff' ? engine.planImport(bundle) : engine.importMaps(bundle, actor))
          if (options.json === true) return print(differences, true)
          for (const one of differences.filter((other) => other.kind !== 'same')) {
            say(`${one.map}: ${one.kind} ${one.from ?? ''} → ${one.to ?? ''}`)
            for (const line of [...one.changes, ...one.findings.map(findingText)]) say(`  ${line}`)
          }
          if (differences.every((one) => one.kind === 'same')) say('nothing differs')
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

/** Tells the progress of an initial sync until the map runs. */
async function follow(engine: Asked, name: string): Promise<void> {
  for (;;) {
    const map = (await engine.status()).find((one) => one.name === name)
    const parts = await engine.copyProgress(name)
    const done = parts.reduce((sum, part) => sum + part.rowsDone, 0)
    const total = parts.reduce((sum, part) => sum + (part.rowsTotal ?? 0), 0)
    const rate = parts.reduce((sum, part) => sum + (part.rowsPerSecond ?? 0), 0)
    const left = Math.max(0, ...parts.map((part) => part.msLeft ?? 0))
    process.stderr.write(`${done} of ${total} rows, ${Math.round(rate)} rows/s, ${Math.round(left / 1_000)} s left\n`)
    if (map?.state !== 'initializing') return say(`${name} is ${map?.state.replaceAll('_', ' ') ?? 'gone'}`)
    await sleep(FOLLOW_MS)
  }
}

export function findingText(one: Finding): string {
  return `${one.code} ${one.severity} ${one.at}: ${one.message} ${one.remedy}`
}

function parseJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    throw new AppError('request.invalid', `${file} cannot be read as JSON`, { cause })
  }
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}
