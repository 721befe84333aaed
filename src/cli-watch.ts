import { type Command, Option } from 'commander'
import type { AlertRule } from '#dual-write/facets-watch.ts'
import type { MapCommandParts } from './cli-maps.ts'

const ROWS_MAX = 1_000
const JSON_FLAG = ['--json', 'print JSON'] as const

/** `comptoir parked | alerts | latency | check | environment …`: what waits for a person, and what is watched. */
export function addWatchCommands(program: Command, parts: MapCommandParts): void {
  addParked(program, parts)
  addAlerts(program, parts)
  addFigures(program, parts)
}

function addParked(program: Command, { actor, print, withEngine }: MapCommandParts): void {
  const parked = program.command('parked').description('changes that wait for a person')
  parked
    .command('list')
    .description('newest first')
    .option('--map <map>', 'of one table map')
    .option(...JSON_FLAG)
    .action((options: { map?: string; json?: boolean }) =>
      withEngine(async (engine) => print(await engine.listParked({ map: options.map ?? null, rowsMax: ROWS_MAX }), options.json)),
    )
  parked
    .command('clusters')
    .description('similar failures as one, largest first')
    .option('--map <map>', 'of one table map')
    .option(...JSON_FLAG)
    .action((options: { map?: string; json?: boolean }) =>
      withEngine(async (engine) => print(await engine.clusterParked(options.map ?? null), options.json)),
    )
  parked
    .command('retry [ids...]')
    .description('back into the queue; all of them without ids')
    .option('--map <map>', 'of one table map')
    .option('--cluster <id>', 'all of one cluster')
    .action((ids: string[], options: { map?: string; cluster?: string }) =>
      withEngine(async (engine) => {
        const which = { ids: ids.length === 0 ? ('all' as const) : ids, map: options.map ?? null, cluster: options.cluster }
        say(`${await engine.retryParked(which, actor)} taken up again`)
      }),
    )
  parked
    .command('discard <ids...>')
    .description('give changes up; what they said stays in the activity log')
    .action((ids: string[]) =>
      withEngine(async (engine) => say(`${await engine.discardParked({ ids, map: null }, actor)} given up`)),
    )
}

type RuleOptions = {
  title: string
  map?: string
  kind: AlertRule['kind']
  count: number
  minutes: number
  mail: string[]
  webhook?: string
  pause: boolean
}

function addAlerts(program: Command, { actor, print, withEngine }: MapCommandParts): void {
  const alerts = program.command('alerts').description('rules that tell people when something goes wrong')
  alerts
    .command('list')
    .description('what the rules have told, newest first')
    .option(...JSON_FLAG)
    .action((options: { json?: boolean }) =>
      withEngine(async (engine) => print(await engine.listAlerts({ rowsMax: ROWS_MAX }), options.json)),
    )
  alerts
    .command('rules')
    .option(...JSON_FLAG)
    .action((options: { json?: boolean }) => withEngine(async (engine) => print(await engine.listAlertRules(), options.json)))
  alerts
    .command('add')
    .description('a new rule; it holds at once')
    .requiredOption('--title <text>')
    .option('--map <map>', 'only of one table map')
    .addOption(
      new Option('--kind <kind>', 'what is counted')
        .choices(['parked', 'failed', 'lag', 'difference', 'unreachable'])
        .makeOptionMandatory(),
    )
    .option('--count <number>', 'at least so many (for lag: milliseconds)', Number, 1)
    .option('--minutes <number>', 'within so long', Number, 15)
    .option('--mail <addresses...>', 'tell them', [])
    .option('--webhook <url>', 'post to it')
    .option('--pause', 'pause the map', false)
    .action((options: RuleOptions) =>
      withEngine(async (engine) => {
        const { title, map, kind, count, minutes: windowMinutes, mail, webhook, pause } = options
        const action = { mail, webhook: webhook ?? null, pause }
        const rule = { title, map: map ?? null, kind, count, windowMinutes, action, enabled: true }
        say(`rule ${(await engine.putAlertRule(rule, actor)).id} holds`)
      }),
    )
  alerts.command('remove <id>').action((id: string) => withEngine((engine) => engine.deleteAlertRule(Number(id), actor)))
}

function addFigures(program: Command, { actor, print, withEngine }: MapCommandParts): void {
  program
    .command('latency')
    .description('end-to-end latency per direction')
    .option('--minutes <number>', 'of the last minutes', Number, 60)
    .option(...JSON_FLAG)
    .action((options: { minutes: number; json?: boolean }) =>
      withEngine(async (engine) => {
        const latency = await engine.readLatency(options.minutes)
        print(
          Object.entries(latency).map(([direction, figures]) => ({ direction, ...figures })),
          options.json,
        )
      }),
    )
  program
    .command('check')
    .description('what is well, what is not, and what to do about it; exit code 1 on errors')
    .option(...JSON_FLAG)
    .action((options: { json?: boolean }) =>
      withEngine(async (engine) => {
        const findings = await engine.checkHealth()
        print(findings, options.json)
        if (findings.some((one) => one.severity === 'error')) process.exitCode = 1
      }),
    )
  const environment = program
    .command('environment')
    .description('which installation this is, and whether it may write to the ERP')
  environment
    .command('show')
    .option(...JSON_FLAG)
    .action((options: { json?: boolean }) => withEngine(async (engine) => print([await engine.readEnvironment()], options.json)))
  environment
    .command('arm')
    .description('after a restored backup or a copy: from now on this installation writes')
    .action(() => withEngine(async (engine) => print([await engine.arm(actor)], false)))
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}
