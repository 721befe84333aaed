import type { Command } from 'commander'
import { AppError } from '#lib/app-error.ts'
import { answer, assignment, JSON_FLAG, type MapCommandParts, ROWS_MAX, rowId, wholeNumber } from './cli-input.ts'

/** `comptoir parked …` and `comptoir conflicts …`: what waits for a person, and values that lost. */
export function addParkedCommands(program: Command, parts: MapCommandParts): void {
  const parked = program.command('parked').description('changes that wait for a person')
  addLists(parked, parts)
  addDecisions(parked, parts)
  addConflicts(program, parts)
}

function addLists(parked: Command, { print, withEngine }: MapCommandParts): void {
  parked
    .command('list')
    .description('newest first')
    .option('--map <map>', 'of one table map')
    .option('--cluster <id>', 'of one cluster')
    .option(...JSON_FLAG)
    .action((options: { map?: string; cluster?: string; json?: boolean }) =>
      withEngine(async (engine) => {
        const page = { map: options.map ?? null, cluster: options.cluster, rowsMax: ROWS_MAX }
        print(await engine.listParked(page), options.json)
      }),
    )
  parked
    .command('clusters')
    .description('similar failures as one, largest first')
    .option('--map <map>', 'of one table map')
    .option(...JSON_FLAG)
    .action((options: { map?: string; json?: boolean }) =>
      withEngine(async (engine) => print(await engine.clusterParked(options.map ?? null), options.json)),
    )
}

type EditOptions = { set?: Record<string, string>; clear: string[]; json?: boolean }

function addDecisions(parked: Command, parts: MapCommandParts): void {
  const { actor, withEngine } = parts
  parked
    .command('retry [ids...]')
    .description('back into the queue; all of them without ids')
    .option('--map <map>', 'of one table map')
    .option('--cluster <id>', 'all of one cluster')
    .option(...JSON_FLAG)
    .action((ids: string[], options: { map?: string; cluster?: string; json?: boolean }) =>
      withEngine(async (engine) => {
        const which = { ids: ids.length === 0 ? ('all' as const) : ids, map: options.map ?? null, cluster: options.cluster }
        const retried = await engine.retryParked(which, actor)
        answer(parts, options.json, { retried }, `${retried} taken up again`)
      }),
    )
  parked
    .command('edit <id>')
    .description('correct the row and put its change back into the queue')
    .option('--set <column=value>', 'what it should be; as often as there are columns', assignment)
    .option('--clear <columns...>', 'columns that should be empty', [])
    .option(...JSON_FLAG)
    .addHelpText(
      'after',
      `
Ids are those of: comptoir parked list. Columns are the portal's.

Example:
  comptoir parked edit out:4711 --set address1_city=Redmond --set "name=Fabrikam, Inc." --clear telephone1`,
    )
    .action((id: string, { set = {}, clear, json }: EditOptions) =>
      withEngine(async (engine) => {
        const twice = clear.find((column) => column in set)
        if (twice !== undefined) throw new AppError('request.invalid', `${twice} is set and cleared at once; give one of the two`)
        const values = { ...set, ...Object.fromEntries(clear.map((column) => [column, null])) }
        await engine.editParked(id, values, actor)
        answer(parts, json, { id, values }, `${id} is corrected and taken up again`)
      }),
    )
  parked
    .command('discard <ids...>')
    .description('give changes up; what they said stays in the activity log')
    .option('--reason <text>', 'why, for the activity log')
    .option(...JSON_FLAG)
    .addHelpText(
      'after',
      `
Example:
  comptoir parked discard out:4711 --reason "the customer has cancelled"`,
    )
    .action((ids: string[], options: { reason?: string; json?: boolean }) =>
      withEngine(async (engine) => {
        const gone = await engine.discardParked({ ids, map: null, reason: options.reason }, actor)
        const others = ids.length - gone
        const left = others > 0 ? [`${others} are not parked any more`] : []
        answer(parts, options.json, { discarded: gone, notParked: others }, `${gone} given up`, ...left)
        if (others > 0) process.exitCode = 1
      }),
    )
}

function addConflicts(program: Command, parts: MapCommandParts): void {
  const { actor, print, withEngine } = parts
  const conflicts = program.command('conflicts').description("values that lost against the other side's")
  conflicts
    .command('list')
    .description('newest first')
    .option('--map <map>', 'of one table map')
    .option('--row <id>', 'of one row', rowId)
    .option('--before <id>', 'those before this one: the next page', wholeNumber(1))
    .option(...JSON_FLAG)
    .action((options: { map?: string; row?: string; before?: number; json?: boolean }) =>
      withEngine(async (engine) => {
        const { map, row, before } = options
        print(await engine.listConflicts({ map, rowId: row, before, rowsMax: ROWS_MAX }), options.json)
      }),
    )
  conflicts
    .command('take')
    .description('write the value that lost after all, as an edit of yours')
    .argument('<id>', 'of: comptoir conflicts list', wholeNumber(1))
    .option(...JSON_FLAG)
    .action((id: number, options: { json?: boolean }) =>
      withEngine(async (engine) => {
        await engine.takeLostValue(id, actor)
        answer(parts, options.json, { taken: id }, 'The value is written, and goes to the other side as any edit does')
      }),
    )
}
