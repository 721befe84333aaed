import type { Tx } from '#postgres/database.ts'
import { discardParkedChanges, lockParkedOfRows, releaseParked } from '#tables/parked-changes.queries.ts'
import { findQueued } from '#tables/queued-changes.queries.ts'
import type { RowId } from '#tables/rows.queries.ts'
import { listConfirmFirst } from './confirming.queries.ts'
import { findLinksByRow } from './links.queries.ts'
import { insertActivity, notifyWorkers } from './maps.queries.ts'

/**
 * A new row that the ERP has refused, where saves count once the ERP has answered (`confirmFirst`): it is its writer's again. What he writes
 * into it goes under the same number and as a later attempt, so that what an earlier one may have left in the ERP is found, not made twice.
 */
export type Refusal = { map: string; rowId: RowId; code: string; reason: string }

/** Those of the rows that the ERP refused and does not have. One that came to be known to the ERP all the same is none of them. */
export async function findRefusals(tx: Tx, table: string, rowIds: readonly RowId[]): Promise<Map<RowId, Refusal>> {
  const found = new Map<RowId, Refusal>()
  for (const map of await listConfirmFirst(tx, table)) {
    const links = await findLinksByRow(tx, map, rowIds)
    for (const { rowId, isParked, code, reason } of await findQueued(tx, map, rowIds))
      if (isParked && !links.has(rowId)) found.set(rowId, { map, rowId, code, reason })
  }
  return found
}

/**
 * The same to correct it: until the transaction ends nobody else sends it again. The caller has locked the row itself, which an answer that
 * was found late writes into. Undefined where somebody came first.
 */
export async function holdRefusal(tx: Tx, table: string, rowId: RowId): Promise<Refusal | undefined> {
  await lockParkedOfRows(tx, [rowId])
  return (await findRefusals(tx, table, [rowId])).get(rowId)
}

/** As the row and those that go with it now stand. Their attempts count on: what an earlier one wrote is looked for first. */
export async function sendAgain(tx: Tx, refusal: Refusal, rowIds: readonly RowId[], actor: string): Promise<void> {
  const parked = await lockParkedOfRows(tx, [refusal.rowId, ...rowIds])
  for (const [subscriber, some] of Map.groupBy(parked, (one) => one.subscriber))
    await releaseParked(tx, { subscriber, of: { numbers: some.map((one) => one.number) }, rowsMax: some.length })
  await note(tx, refusal, actor, 'corrected a refused row and sent it again')
  await notifyWorkers(tx)
}

/** Its writer gives it up; the rows are deleted already. */
export async function withdraw(tx: Tx, refusal: Refusal, rowIds: readonly RowId[], actor: string): Promise<void> {
  const parked = await lockParkedOfRows(tx, [refusal.rowId, ...rowIds])
  await discardParkedChanges(tx, {
    subscribers: [...new Set(parked.map((one) => one.subscriber))],
    numbers: parked.map((one) => one.number),
  })
  await note(tx, refusal, actor, 'withdrew a refused row')
}

function note(tx: Tx, { map, rowId, code, reason }: Refusal, actor: string, action: string): Promise<void> {
  return insertActivity(tx, { map, actor, action, details: { rowId, code, reason } })
}
