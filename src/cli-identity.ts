import { writeFileSync } from 'node:fs'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { z } from 'zod'
import type { Side } from '#dual-write/facets-control.ts'
import type { MatchRule, PairSuggestion } from '#dual-write/facets-rows.ts'
import { AppError } from '#lib/app-error.ts'
import { answer, JSON_FLAG, type MapCommandParts, ROWS_MAX, readJson, wholeNumber, withProgress } from './cli-input.ts'

/** `comptoir maps pairs | adopt | renumber | merge`: which row is which record, beyond the integration key. */
export function addIdentityCommands(maps: Command, parts: MapCommandParts): void {
  addAdopting(maps, parts)
  addRenaming(maps, parts)
}

type PairOptions = { company?: string; rule?: MatchRule[]; rows: number; file?: string; json?: boolean }

function addAdopting(maps: Command, parts: MapCommandParts): void {
  const { actor, print, say, withEngine } = parts
  maps
    .command('pairs <map>')
    .description('rows and records without a link that are probably the same; nothing is linked yet')
    .option('--company <code>', 'of one legal entity')
    .option('--rule <columns>', 'name as exact, emailaddress1 as domain …: see below', ruleOf)
    .option('--rows <number>', 'at most so many', wholeNumber(1), ROWS_MAX)
    .option('--file <file>', 'write them there, for the review')
    .option(...JSON_FLAG)
    .addHelpText(
      'after',
      `
A rule lists the columns that must all match: exact, loose (without case and spaces), or domain (of an e-mail address).
Rules are tried in order; without any: the integration key, the e-mail address, the name.

Examples:
  comptoir maps pairs customers --company usmf --file pairs.json
  comptoir maps pairs customers --rule name=loose,address1_postalcode=exact --rule emailaddress1=domain
Then look the file through, take out what is wrong, and: comptoir maps adopt pairs.json --winner erp`,
    )
    .action((name: string, options: PairOptions) =>
      withEngine(async (engine) => {
        const of = { map: name, company: options.company, rules: options.rule, rowsMax: options.rows }
        const pairs = await withProgress(parts, 'reading both sides', () => engine.suggestPairs(of))
        if (options.file !== undefined) {
          writeFileSync(options.file, `${JSON.stringify(pairs, null, 2)}\n`)
          say(`${pairs.length} pairs are in ${options.file}`)
        } else print(options.json === true ? pairs : pairs.map(lineOf), options.json)
      }),
    )
  maps
    .command('adopt <file>')
    .description('link the reviewed pairs of a file; exit code 1 where one is refused')
    .addOption(new Option('--winner <side>', 'whose values stay, for pairs that do not say').choices(['erp', 'portal']))
    .option('--certain', 'only pairs that are marked as certain')
    .option(...JSON_FLAG)
    .addHelpText(
      'after',
      `
The file is that of: comptoir maps pairs <map> --file. Each pair needs map, rowId, remoteKey; "winner" decides for it alone.
With - the pairs are read from standard input.

Example:
  comptoir maps adopt pairs.json --winner portal --certain`,
    )
    .action((file: string, options: { winner?: Side; certain?: true; json?: boolean }) =>
      withEngine(async (engine) => {
        const result = await engine.adoptPairs(readPairs(file, options), actor)
        const refused = result.refused.map((one) => `refused ${one.remoteKey}: ${one.reason}`)
        answer(parts, options.json, result, `${result.adopted} pairs are linked`, ...refused)
        if (result.refused.length > 0) process.exitCode = 1
      }),
    )
}

function addRenaming(maps: Command, parts: MapCommandParts): void {
  const { actor, withEngine } = parts
  maps
    .command('renumber <map> <from> <to>')
    .description('the record has another key now: its link follows, nothing is deleted or made')
    .option(...JSON_FLAG)
    .addHelpText(
      'after',
      `
Example:
  comptoir maps renumber customers "dataAreaId=usmf,CustomerAccount=C1" "dataAreaId=usmf,CustomerAccount=C100"`,
    )
    .action((map: string, from: string, to: string, options: { json?: boolean }) =>
      withEngine(async (engine) => {
        await engine.renumber({ map, from, to }, actor)
        answer(parts, options.json, { map, from, to }, `the row of ${from} is linked to ${to}`)
      }),
    )
  maps
    .command('merge <map> <lost> <kept>')
    .description('two records became one: rows that point to the lost one point to the kept one')
    .option(...JSON_FLAG)
    .addHelpText(
      'after',
      `
Example:
  comptoir maps merge customers "dataAreaId=usmf,CustomerAccount=C2" "dataAreaId=usmf,CustomerAccount=C1"`,
    )
    .action((map: string, lost: string, kept: string, options: { json?: boolean }) =>
      withEngine(async (engine) => {
        const result = await engine.mergeRecords({ map, lost, kept }, actor)
        answer(parts, options.json, result, `${result.moved} references point to ${kept} now`)
      }),
    )
}

function lineOf({ company, rowId, remoteKey, rule, certain, columns }: PairSuggestion): object {
  const differing = columns.filter((one) => one.portal !== one.erp)
  const differs = differing.map((one) => `${one.column}: ${one.portal ?? '(nothing)'} | ${one.erp ?? '(nothing)'}`).join('; ')
  return { company, rowId, remoteKey, rule, certain, differs }
}

const KINDS = ['exact', 'loose', 'domain'] as const

function ruleOf(text: string, before: MatchRule[] = []): MatchRule[] {
  const columns = text.split(',').map((part) => {
    const [column = '', as = 'exact'] = part.split('=').map((one) => one.trim())
    const kind = KINDS.find((one) => one === as)
    if (column === '' || kind === undefined)
      throw new InvalidArgumentError('Write it as column=exact, column=loose or column=domain.')
    return { column, as: kind }
  })
  return [...before, { name: text, columns }]
}

const pairFile = z.array(
  z.looseObject({
    map: z.string(),
    rowId: z.uuid(),
    remoteKey: z.string().min(1),
    certain: z.boolean().optional(),
    winner: z.enum(['erp', 'portal']).optional(),
  }),
)

function readPairs(
  file: string,
  { winner, certain }: { winner?: Side; certain?: true },
): { map: string; rowId: string; remoteKey: string; winner: Side }[] {
  const read = pairFile.safeParse(readJson(file))
  if (!read.success) throw new AppError('request.invalid', `${file} is no list of pairs: ${z.prettifyError(read.error)}`)
  const chosen = read.data.filter((one) => certain !== true || one.certain === true)
  if (chosen.length === 0) throw new AppError('request.invalid', `${file} holds no pair to link`)
  return chosen.map(({ map, rowId, remoteKey, winner: own }) => {
    const decided = own ?? winner
    if (decided === undefined)
      throw new AppError(
        'request.invalid',
        `Whose values stay where ${remoteKey} and its row differ? Give --winner erp or portal`,
      )
    return { map, rowId, remoteKey, winner: decided }
  })
}
