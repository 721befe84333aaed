import type { Command } from 'commander'
import { parse, stringify } from 'yaml'
import { z } from 'zod'
import type { Asked } from '#dual-write/facets.ts'
import type { ListPlan, SharedList, ValuePair } from '#dual-write/facets-control.ts'
import { AppError, messageOf } from '#lib/app-error.ts'
import { findingText, JSON_FLAG, type MapCommandParts, readText } from './cli-input.ts'

type ChangeOptions = { message?: string; basedOn?: string; plan?: true; json?: boolean }

/** `comptoir values …`: lists of values that maps share. */
export function addValueCommands(program: Command, parts: MapCommandParts): void {
  const values = program.command('values').description('lists of values that maps share')
  addReading(values, parts)
  addChanging(values, parts)
}

function addReading(values: Command, { print, say, withEngine }: MapCommandParts): void {
  values
    .command('list')
    .description('the lists there are, and the maps that use them')
    .option(...JSON_FLAG)
    .action((options: { json?: boolean }) =>
      withEngine(async (engine) => {
        const lists = await engine.listValueLists()
        if (options.json === true) return print(lists, true)
        print(
          lists.map(({ name, pairs, maps, saved }) => ({
            ...{ name, pairs: pairs.length, maps: maps.join(', ') },
            saved: saved === null ? '' : `${saved.at} by ${saved.by}`,
          })),
          false,
        )
      }),
    )
  values
    .command('show <list>')
    .description("the list as text: the ERP's value, and the portal's")
    .option(...JSON_FLAG)
    .action((name: string, options: { json?: boolean }) =>
      withEngine(async (engine) => {
        const list = await getList(engine, name)
        say(options.json === true ? JSON.stringify(list, null, 2) : textOf(list.pairs))
      }),
    )
}

function addChanging(values: Command, { actor, say, withEngine }: MapCommandParts): void {
  const answer = (plan: ListPlan, options: ChangeOptions) => {
    for (const line of options.json === true ? [JSON.stringify(plan, null, 2)] : linesOf(plan)) say(line)
    const isWrong = plan.maps.some((one) => one.findings.some((finding) => finding.severity === 'error'))
    if (isWrong) process.exitCode = 1
  }
  values
    .command('save <list> <file>')
    .description('take the pairs of a file; they hold at once, in every map that uses the list')
    .option('--message <text>', 'why')
    .option('--based-on <revision>', 'refuse where the list has another revision by now')
    .option('--plan', 'only tell what it would change')
    .option(...JSON_FLAG)
    .addHelpText(
      'after',
      `
The file is YAML, a pair a line; with - it is read from standard input. What is empty is null.

Example:
  comptoir values show order-status > order-status.yaml     edit it, then
  comptoir values save order-status order-status.yaml --plan
  comptoir values save order-status order-status.yaml --message "a new state of the ERP's"`,
    )
    .action((name: string, file: string, options: ChangeOptions) =>
      withEngine(async (engine) => {
        const pairs = parsePairs(readText(file), file)
        if (options.plan === true) return answer(await engine.planValueList(name, pairs), options)
        if (options.message === undefined) throw new AppError('request.invalid', 'Say why, for the activity log: --message')
        const before = (await engine.listValueLists()).find((one) => one.name === name)
        const basedOn = options.basedOn ?? before?.revision ?? ''
        answer(await engine.saveValueList(name, { pairs, message: options.message, basedOn }, actor), options)
      }),
    )
  values
    .command('reset <list>')
    .description("give up what was saved: the file's list holds again")
    .option('--plan', 'only tell what it would change')
    .option(...JSON_FLAG)
    .action((name: string, options: ChangeOptions) =>
      withEngine(async (engine) => {
        const isPlan = options.plan === true
        answer(await (isPlan ? engine.planValueList(name, null) : engine.resetValueList(name, actor)), options)
      }),
    )
}

async function getList(engine: Asked, name: string): Promise<SharedList> {
  const list = (await engine.listValueLists()).find((one) => one.name === name)
  if (list === undefined)
    throw new AppError('dual_write.not_found', `There is no list of values ${name}; see: comptoir values list`)
  return list
}

function textOf(pairs: readonly ValuePair[]): string {
  return stringify(new Map(pairs.map(({ erp, portal }) => [erp, portal]))).trimEnd()
}

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()])

/** Throws AppError `request.invalid`. The order of the pairs is theirs: of two that mean the same the first goes back. */
function parsePairs(text: string, file: string): ValuePair[] {
  try {
    const entries = z.map(scalar, scalar).parse(parse(text, { mapAsMap: true }))
    return [...entries].map(([erp, portal]) => ({ erp: erp === null ? '' : String(erp), portal }))
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause) : messageOf(cause)
    throw new AppError('request.invalid', `${file} is no list of values, a pair a line as in 'Yes': true. ${why}`, { cause })
  }
}

function linesOf({ changes, maps }: ListPlan): string[] {
  if (changes.length === 0) return ['nothing differs']
  const told = maps.flatMap(({ map, carried, findings }) => [
    `${map}${carried ? ': its rows are brought in line' : ''}`,
    ...findings.map((one) => `  ${findingText(one)}`),
  ])
  return [...changes, ...told]
}
