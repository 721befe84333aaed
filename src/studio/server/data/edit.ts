import { z } from 'zod'
import type { WriteOutcome } from '#access/write-model.ts'
import { write } from '#access/writing.ts'
import type { HttpServer } from '#http/server.ts'
import { AppError } from '#lib/app-error.ts'
import type { Catalog } from '#tables/catalog.ts'
import { isComputed, type TableDefinition } from '#tables/definition.ts'
import { findDeletion, listTransaction, type RowHistoryEntry } from '#tables/history.queries.ts'
import { type ColumnValue, insertRows, type RowValues, setActor, updateRows } from '#tables/rows.queries.ts'
import type { DeleteOutcome, SaveOutcome } from '../../wire-data.ts'
import { administratorOf } from '../guard.ts'
import { parseId } from '../lists.ts'
import { parseBody } from '../parked.ts'
import type { StudioServices } from '../services.ts'
import { writeFor } from './place.ts'
import { findRowDetail } from './row-detail.ts'

/** What went with a deleted row and comes back with it; more is left to the people who keep backups. */
const RESTORED_ROWS_MAX = 10_000

const values = z.record(z.string().max(100), z.union([z.string(), z.number(), z.boolean(), z.null()]))
const createBody = z.strictObject({ values })
const changeBody = z.strictObject({ version: z.int().min(0), values })
const deletionBody = z.strictObject({ version: z.int().min(0) })

type OfTable = { Params: { name: string } }
type OfRow = { Params: { name: string; id: string } }

/**
 * /tables/:name/rows: rows are made, changed, deleted, and brought back. What cannot be is answered with all its reasons; a row that has
 * moved on, with the row as it is now.
 */
export function registerEdit(scope: HttpServer, services: StudioServices): void {
  const { catalog } = services

  scope.post<OfTable>('/tables/:name/rows', async (request): Promise<SaveOutcome> => {
    const table = catalog.get(request.params.name)
    const body = parseBody(createBody, request.body)
    const operation = { kind: 'create' as const, table: table.name, values: body.values }
    const outcome = await writeFor(services, administratorOf(request), (place) => write(place, operation))
    return saveOutcome(services, table, outcome, '')
  })

  scope.post<OfRow>('/tables/:name/rows/:id/changes', async (request): Promise<SaveOutcome> => {
    const table = catalog.get(request.params.name)
    const id = parseId(request.params.id)
    const { version, values: changed } = parseBody(changeBody, request.body)
    const outcome = await writeFor(services, administratorOf(request), (place) =>
      write(place, {
        kind: 'update',
        table: table.name,
        target: { id },
        values: changed,
        precondition: { ifMatch: version },
      }),
    )
    return saveOutcome(services, table, outcome, id)
  })

  scope.post<OfRow>('/tables/:name/rows/:id/deletions', async (request): Promise<DeleteOutcome> => {
    const table = catalog.get(request.params.name)
    const id = parseId(request.params.id)
    const { version } = parseBody(deletionBody, request.body)
    const outcome = await writeFor(services, administratorOf(request), (place) =>
      write(place, { kind: 'delete', table: table.name, target: { id }, precondition: { ifMatch: version } }),
    )
    if (outcome.kind === 'deleted' || outcome.kind === 'stale') return { kind: outcome.kind }
    if (outcome.kind === 'invalid') return { kind: 'in_use' }
    throw refusal(outcome)
  })

  scope.post<OfRow>('/tables/:name/rows/:id/restorations', async (request, reply) => {
    const table = catalog.get(request.params.name)
    const id = parseId(request.params.id)
    const restored = await restore(services, administratorOf(request), table, id)
    return reply.code(201).send({ restored })
  })
}

async function saveOutcome(
  services: StudioServices,
  table: TableDefinition,
  outcome: WriteOutcome,
  id: string,
): Promise<SaveOutcome> {
  switch (outcome.kind) {
    case 'created':
    case 'updated':
      return { kind: 'saved', id: outcome.id, version: outcome.version }
    case 'invalid':
      return {
        kind: 'invalid',
        problems: outcome.problems.map(({ column, code, message, values }) => ({ column, code, message, values: { ...values } })),
      }
    case 'stale': {
      const row = await services.database.read((tx) => findRowDetail(tx, services, table, id))
      if (row === undefined) throw gone(table)
      return { kind: 'stale', row }
    }
    default:
      throw refusal(outcome)
  }
}

function refusal(outcome: WriteOutcome): AppError {
  if (outcome.kind === 'not_found') return new AppError('studio.not_found', outcome.message)
  return new AppError('studio.conflict', 'message' in outcome ? outcome.message : 'This row cannot be written so')
}

function gone(table: TableDefinition): AppError {
  return new AppError('studio.not_found', `The row of ${table.name} has been deleted meanwhile`)
}

/** Takes a deletion back, with everything that went with it and every lookup that it emptied. Answers how many rows came back. */
function restore(
  services: StudioServices,
  visitor: ReturnType<typeof administratorOf>,
  table: TableDefinition,
  id: string,
): Promise<number> {
  return writeFor(services, visitor, async ({ tx, catalog }) => {
    await setActor(tx, visitor.contactId)
    const deletion = await findDeletion(tx, table.name, id)
    if (deletion === undefined) throw new AppError('studio.not_found', 'There is no deleted row to bring back')
    const entries = await listTransaction(tx, deletion.transactionId, RESTORED_ROWS_MAX + 1)
    if (entries.length > RESTORED_ROWS_MAX)
      throw new AppError('studio.conflict', `More than ${RESTORED_ROWS_MAX} rows went with it; they cannot be brought back here`)
    // A row goes before what hangs on it: so they come back in the order in which they went, and lookups that were emptied last.
    const gone = entries.filter((entry) => entry.operation === 'delete').reverse()
    const emptied = entries.filter((entry) => entry.operation === 'update')
    for (const { of, entry } of defined(catalog, gone)) await insertRows(tx, of, [valuesBefore(of, entry)])
    for (const { of, entry } of defined(catalog, emptied))
      await updateRows(tx, of, [{ ...valuesBefore(of, entry), [of.idColumn]: entry.rowId }])
    return gone.length
  })
}

function defined(catalog: Catalog, entries: readonly RowHistoryEntry[]): { of: TableDefinition; entry: RowHistoryEntry }[] {
  return entries.flatMap((entry) => {
    const of = catalog.tables.get(entry.table)
    return of === undefined ? [] : [{ of, entry }]
  })
}

function valuesBefore(table: TableDefinition, { before }: RowHistoryEntry): RowValues {
  return Object.fromEntries(
    Object.entries(before ?? {}).flatMap(([name, text]) => {
      const column = table.columns.get(name)
      return column === undefined || isComputed(column) ? [] : [[name, valueFromHistory(column.type, text)] as const]
    }),
  )
}

/** History keeps texts as PostgreSQL writes values in JSON. */
export function valueFromHistory(type: string, text: string | null): ColumnValue {
  if (text === null) return null
  switch (type) {
    case 'boolean':
      return text === 'true'
    case 'choices':
      return text.replace(/[[\]\s]/g, '')
    case 'integer':
    case 'bigint':
    case 'choice':
      return Number(text)
    default:
      return text
  }
}
