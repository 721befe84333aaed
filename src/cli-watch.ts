import { type Command, InvalidArgumentError, Option } from 'commander'
import type { AlertRule } from '#dual-write/facets-watch.ts'
import { AppError } from '#lib/app-error.ts'
import { answer, JSON_FLAG, type MapCommandParts, ROWS_MAX, wholeNumber } from './cli-input.ts'

/** `comptoir alerts | latency | rates | check | environment …`: what is watched. */
export function addWatchCommands(program: Command, parts: MapCommandParts): void {
  addAlerts(program, parts)
  addFigures(program, parts)
  addEnvironment(program, parts)
}

type RuleOptions = {
  title?: string
  map?: string
  allMaps?: true
  kind?: AlertRule['kind']
  count?: number
  minutes?: number
  mail?: string[]
  webhook?: string
  pause?: boolean
  enabled?: boolean
  json?: boolean
}

function addAlerts(program: Command, parts: MapCommandParts): void {
  const { actor, print, withEngine } = parts
  const alerts = program.command('alerts').description('rules that tell people when something goes wrong')
  alerts
    .command('list')
    .description('what the rules have told, newest first')
    .option('--before <id>', 'those before this one: the next page', wholeNumber(1))
    .option(...JSON_FLAG)
    .action((options: { before?: number; json?: boolean }) =>
      withEngine(async (engine) => print(await engine.listAlerts({ before: options.before, rowsMax: ROWS_MAX }), options.json)),
    )
  alerts
    .command('rules')
    .description('the rules there are')
    .option(...JSON_FLAG)
    .action((options: { json?: boolean }) => withEngine(async (engine) => print(await engine.listAlertRules(), options.json)))
  ruleOptions(alerts.command('add').description('a new rule; it holds at once'))
    .addHelpText('after', ADD_EXAMPLES)
    .action((options: RuleOptions) =>
      withEngine(async (engine) => {
        const rule = await engine.putAlertRule(ruleOf(NEW_RULE, options), actor)
        answer(parts, options.json, rule, `rule ${rule.id} holds`)
      }),
    )
  ruleOptions(alerts.command('change').description('change a rule: what is not given stays; it holds at once'))
    .argument('<id>', 'of: comptoir alerts rules', wholeNumber(1))
    .option('--all-maps', 'of every table map again')
    .option('--enabled', 'let it tell again')
    .option('--no-enabled', 'keep the rule, but let it tell nothing')
    .action((id: number, options: RuleOptions) =>
      withEngine(async (engine) => {
        const before = (await engine.listAlertRules()).find((one) => one.id === id)
        if (before === undefined) throw new AppError('dual_write.not_found', `There is no alert rule ${id}`)
        const rule = await engine.putAlertRule(ruleOf(before, options), actor)
        answer(parts, options.json, rule, `rule ${id} holds as changed`)
      }),
    )
  alerts
    .command('remove')
    .description('the rule is gone; what it has told stays')
    .argument('<id>', 'of: comptoir alerts rules', wholeNumber(1))
    .option(...JSON_FLAG)
    .action((id: number, options: { json?: boolean }) =>
      withEngine(async (engine) => {
        await engine.deleteAlertRule(id, actor)
        answer(parts, options.json, { removed: id }, `rule ${id} is gone`)
      }),
    )
}

const ADD_EXAMPLES = `
Examples:
  comptoir alerts add --title "Refused orders" --map sales-order-headers --kind parked --mail sales@contoso.example
  comptoir alerts add --title "The ERP is away" --kind unreachable --minutes 5 --webhook https://chat.example/hooks/1
  comptoir alerts add --title "Too much fails" --kind failed --count 100 --pause`

const KINDS = ['parked', 'failed', 'lag', 'difference', 'unreachable'] as const

function ruleOptions(command: Command): Command {
  return command
    .option('--title <text>', 'what people read')
    .option('--map <map>', 'only of one table map')
    .addOption(new Option('--kind <kind>', 'what is counted').choices(KINDS))
    .option('--count <number>', 'at least so many (for lag: milliseconds)', wholeNumber(1))
    .option('--minutes <number>', 'within so long', wholeNumber(1))
    .option('--mail <addresses...>', 'tell them')
    .option('--webhook <url>', 'post to it', webAddress)
    .option('--pause', 'pause the map')
    .option('--no-pause', 'leave the map running')
    .option(...JSON_FLAG)
}

const NEW_RULE = {
  title: undefined,
  map: null,
  kind: undefined,
  count: 1,
  windowMinutes: 15,
  action: { mail: [], webhook: null, pause: false },
  enabled: true,
}

/** The rule with what is given in place of what it was. Throws AppError `request.invalid` for what is missing. */
function ruleOf<Before extends AlertRule | typeof NEW_RULE>(before: Before, given: RuleOptions): Before & AlertRuleWrite {
  const title = given.title ?? before.title
  const kind = given.kind ?? before.kind
  if (title === undefined) throw new AppError('request.invalid', 'Give the rule a name that people understand: --title')
  if (kind === undefined) throw new AppError('request.invalid', `Say what is counted: --kind ${KINDS.join(', ')}`)
  const { mail, webhook, pause } = before.action
  return {
    ...before,
    title,
    kind,
    map: given.allMaps === true ? null : (given.map ?? before.map),
    count: given.count ?? before.count,
    windowMinutes: given.minutes ?? before.windowMinutes,
    action: { mail: given.mail ?? mail, webhook: given.webhook ?? webhook, pause: given.pause ?? pause },
    enabled: given.enabled ?? before.enabled,
  }
}

type AlertRuleWrite = Omit<AlertRule, 'id'>

function webAddress(text: string): string {
  if (!/^https?:$/.test(URL.parse(text)?.protocol ?? ''))
    throw new InvalidArgumentError('It must be an address that begins with http.')
  return text
}

function addFigures(program: Command, { print, withEngine }: MapCommandParts): void {
  program
    .command('latency')
    .description('end-to-end latency per direction')
    .option('--minutes <number>', 'of the last minutes', wholeNumber(1), 60)
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
  program
    .command('rates')
    .description('settled changes and end-to-end latency minute by minute, per direction')
    .option('--map <map>', 'of one table map')
    .option('--minutes <number>', 'of the last minutes', wholeNumber(1), 60)
    .option(...JSON_FLAG)
    .action((options: { map?: string; minutes: number; json?: boolean }) =>
      withEngine(async (engine) => {
        const since = new Date(Date.now() - options.minutes * 60_000).toISOString()
        print(await engine.readSeries({ map: options.map, since }), options.json)
      }),
    )
}

function addEnvironment(program: Command, { actor, print, withEngine }: MapCommandParts): void {
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
    .option(...JSON_FLAG)
    .action((options: { json?: boolean }) => withEngine(async (engine) => print([await engine.arm(actor)], options.json)))
}
