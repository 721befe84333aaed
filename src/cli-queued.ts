import { type Command, Option } from 'commander'
import type { Direction } from '#dual-write/facets-control.ts'
import type { RefusedItem } from '#dual-write/facets-rows.ts'
import { AppError } from '#lib/app-error.ts'
import { answer, JSON_FLAG, type MapCommandParts, ROWS_MAX, wholeNumber } from './cli-input.ts'

const PAGE_ROWS = 100

/** `comptoir queued …`: single changes that wait for their turn, and not for a person. */
export function addQueuedCommands(program: Command, parts: MapCommandParts): void {
  const queued = program.command('queued').description('changes that wait for their turn, one by one')
  addList(queued, parts)
  addDeeds(queued, parts)
}

type ListOptions = { map?: string; direction?: Direction; after?: string; top: number; json?: boolean }

function addList(queued: Command, { print, say, withEngine }: MapCommandParts): void {
  queued
    .command('list')
    .description('oldest first, with what each waits for')
    .option('--map <map>', 'of one table map')
    .addOption(new Option('--direction <direction>', 'of one direction').choices(['toErp', 'toPortal']))
    .option('--after <page>', 'the next page, as the one before has told it')
    .option('--top <count>', 'so many', wholeNumber(1), PAGE_ROWS)
    .option(...JSON_FLAG)
    .action(({ json, top, ...page }: ListOptions) =>
      withEngine(async (engine) => {
        if (top > ROWS_MAX) throw new AppError('request.invalid', `--top is ${ROWS_MAX} at most; --after has the next page`)
        const { rows, next } = await engine.listQueued({ ...page, rowsMax: top })
        if (json === true) return say(JSON.stringify({ rows, next }, null, 2))
        print(
          rows.map(({ id, map, operation, rowId, remoteKey, queuedAt, attempt, state, waitsFor }) => ({
            ...{ id, map, operation, row: remoteKey ?? rowId, queuedAt, attempt, state, waitsFor },
          })),
          false,
        )
        if (next !== null) say(`There are more; the next page: --after ${next}`)
      }),
    )
}

function addDeeds(queued: Command, parts: MapCommandParts): void {
  const { actor, withEngine } = parts
  queued
    .command('now <ids...>')
    .description('due at once: those that back off, or wait for another row')
    .option(...JSON_FLAG)
    .action((ids: string[], { json }: { json?: boolean }) =>
      withEngine(async (engine) => {
        const done = await engine.hurryQueued({ ids }, actor)
        answer(parts, json, done, `${done.hurried} are due at once`, ...refusalsOf(done))
        if (done.refused.length > 0) process.exitCode = 1
      }),
    )
  queued
    .command('discard <ids...>')
    .description('give changes up; what they were stays in the activity log')
    .option('--reason <text>', 'why, for the activity log')
    .option(...JSON_FLAG)
    .addHelpText(
      'after',
      `
The creation of a row goes with its later changes and its lines. Ids are those of: comptoir queued list

Example:
  comptoir queued discard out:4711 --reason "entered twice"`,
    )
    .action((ids: string[], { reason, json }: { reason?: string; json?: boolean }) =>
      withEngine(async (engine) => {
        const done = await engine.discardQueued({ ids, reason }, actor)
        answer(parts, json, done, `${done.discarded} given up`, ...refusalsOf(done))
        if (done.refused.length > 0) process.exitCode = 1
      }),
    )
}

function refusalsOf({ refused }: { refused: readonly RefusedItem[] }): string[] {
  return refused.map(({ id, reason }) => `${id}: ${reason}`)
}
