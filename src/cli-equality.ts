import { type Command, Option } from 'commander'
import type { Side } from '#dual-write/facets-control.ts'
import type { Comparison, Explanation } from '#dual-write/facets-rows.ts'
import { answer, isRowId, JSON_FLAG, type MapCommandParts, ROWS_MAX, withProgress } from './cli-input.ts'

/** `comptoir maps compare | differences | repair | explain`: whether both sides are equal, why not, and how they become so. */
export function addEqualityCommands(maps: Command, parts: MapCommandParts): void {
  addCompare(maps, parts)
  addRepair(maps, parts)
  addExplain(maps, parts)
}

type CompareOptions = { company?: string[]; quick?: true; last?: true; json?: boolean }

function addCompare(maps: Command, parts: MapCommandParts): void {
  const { print, say, withEngine } = parts
  maps
    .command('compare [maps...]')
    .description('whether both sides are equal; exit code 1 when they are not')
    .option('--company <codes...>', 'of these legal entities')
    .option('--quick', 'ask the ERP for hashes of ranges, or for versions, and read only what they leave in doubt')
    .option('--last', 'what the comparison that goes on all the time knows, without comparing now')
    .option(...JSON_FLAG)
    .addHelpText(
      'after',
      `
Without --quick every value of both sides is read.

Examples:
  comptoir maps compare                          all maps that run
  comptoir maps compare customers --company usmf
  comptoir maps compare --quick --json
  comptoir maps compare --last`,
    )
    .action((names: string[], options: CompareOptions) =>
      withEngine(async (engine) => {
        const compare = () => {
          const which = { maps: names.length === 0 ? undefined : names, companies: options.company }
          return engine.compareMaps({ ...which, exact: options.quick !== true })
        }
        const beginMs = Date.now()
        const howFar = async () => {
          const done = (await engine.lastComparison()).maps.filter((one) => Date.parse(one.comparedAt ?? '') >= beginMs)
          return `${done.length} parts compared`
        }
        const comparison = options.last ? await engine.lastComparison() : await withProgress(parts, 'comparing', compare, howFar)
        if (options.json === true) say(JSON.stringify(comparison, null, 2))
        else {
          print(comparison.maps.map(lineOf), false)
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
}

function lineOf({ map, company, rows, differences, explained, comparedAt }: Comparison['maps'][number]): object {
  return { map, company, rows, differences, 'on their way': explained, compared: comparedAt }
}

function addRepair(maps: Command, parts: MapCommandParts): void {
  const { actor, withEngine } = parts
  maps
    .command('repair <map> [keys...]')
    .description('make rows equal; all that differ without keys')
    .addOption(new Option('--to <side>', 'the side that is changed').choices(['erp', 'portal']).makeOptionMandatory())
    .option(...JSON_FLAG)
    .addHelpText(
      'after',
      `
Keys are those of: comptoir maps differences <map>

Examples:
  comptoir maps repair customers --to portal
  comptoir maps repair customers "dataAreaId=usmf,CustomerAccount=US-001" --to erp`,
    )
    .action((name: string, keys: string[], options: { to: Side; json?: boolean }) =>
      withEngine(async (engine) => {
        const which = { map: name, keys: keys.length === 0 ? ('all' as const) : keys, to: options.to }
        const result = await engine.repair(which, actor)
        const refused = result.refused.map((one) => `refused ${one.key}: ${one.reason}`)
        answer(parts, options.json, result, `${result.repaired} on their way`, ...refused)
        if (refused.length > 0) process.exitCode = 1
      }),
    )
}

function addExplain(maps: Command, { print, say, withEngine }: MapCommandParts): void {
  maps
    .command('explain <row>')
    .description('why a row (its id) or a record (its key, with --map) did or did not travel')
    .option('--map <map>')
    .option('--at <time>', 'as it was at this time (ISO 8601)')
    .option(...JSON_FLAG)
    .addHelpText(
      'after',
      `
Examples:
  comptoir maps explain 01965d1c-7a2b-7c3d-8e4f-5a6b7c8d9e0f
  comptoir maps explain "dataAreaId=usmf,SalesOrderNumber=000123" --map sales-order-headers --at 2026-11-23T10:00:00Z`,
    )
    .action((row: string, options: { map?: string; at?: string; json?: boolean }) =>
      withEngine(async (engine) => {
        const { map, at } = options
        const found = await engine.explain({ map, at, ...(isRowId(row) ? { rowId: row } : { remoteKey: row }) })
        if (options.json === true) return print(found, true)
        for (const line of found.flatMap(linesOf)) say(line)
        if (found.length === 0) say('No map knows this row')
      }),
    )
}

function linesOf(one: Explanation): string[] {
  const steps = one.steps.map((step) => `  ${(step.at ?? '').padEnd(24)}  ${step.step.padEnd(10)}  ${step.text}`)
  return [`${one.map}: ${one.verdict}`, ...steps]
}
