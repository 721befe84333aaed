import type { ContactVisitor } from '#access/visitor.ts'
import { holdRefusal, type Refusal, sendAgain, withdraw } from '#dual-write/refusals.ts'
import { AppError } from '#lib/app-error.ts'
import type { PageContext } from '#portals/component.ts'
import type { Tx } from '#postgres/database.ts'
import type { TableDefinition } from '#tables/definition.ts'
import { engineRows } from '#tables/predicate.ts'
import type { QueryRow } from '#tables/row-query.ts'
import {
  deleteRow,
  insertRows,
  listRows,
  lockRowsById,
  type RowId,
  type RowValues,
  setActor,
  updateRow,
  updateRows,
} from '#tables/rows.queries.ts'
import { validateValues } from '#tables/validate.ts'
import { where } from './filters.ts'

/**
 * An order that the ERP refused, where orders count once the ERP has taken them: its writer corrects it, and the same row goes again under
 * the same number, so that an order that an earlier attempt has left in the ERP is recognised. He has no right to change orders; this
 * one is not yet an order of anybody else's. `overtaken`: it has been sent again, taken or given up meanwhile, and nothing was written.
 */
export type Corrected = { kind: 'sent' } | { kind: 'overtaken' } | { kind: 'other_company' }

/** The values of the order as its writer has them now; `header` takes the request number that it has. */
export type Correction = { companyId: RowId; header: (requestNumber: string) => RowValues; lines: readonly RowValues[] }

const LINES_MAX = 10_000

export function sendCorrected(
  context: PageContext,
  orderer: ContactVisitor,
  orderId: RowId,
  correction: Correction,
): Promise<Corrected> {
  const { catalog, permissions } = context
  const [headers, details] = [catalog.get('salesorder'), catalog.get('salesorderdetail')]
  if (![headers, details].every((table) => permissions.may(orderer, table.name, 'create')))
    throw new AppError('order.forbidden', 'Your role does not allow you to place this order', {
      details: { table: headers.name },
    })
  return onRefused<Corrected>(context, orderer, orderId, { kind: 'overtaken' }, async (tx, { refusal, order, lines }) => {
    if (order.msdyn_company !== correction.companyId) return { kind: 'other_company' }
    const header = checked(headers, correction.header(String(order.ordernumber)), 'update')
    await updateRow(tx, headers, orderId, header, { predicate: engineRows })
    await correctLines(tx, details, orderId, lines, correction.lines)
    await sendAgain(tx, refusal, idsOf(lines), orderer.email)
    return { kind: 'sent' }
  })
}

/** He gives it up: it never was an order, and leaves nothing. Should the ERP have it after all, it comes from there like any other. */
export function withdrawRefused(
  context: PageContext,
  orderer: ContactVisitor,
  orderId: RowId,
): Promise<'withdrawn' | 'overtaken'> {
  const { catalog } = context
  return onRefused<'withdrawn' | 'overtaken'>(context, orderer, orderId, 'overtaken', async (tx, { refusal, lines }) => {
    for (const id of idsOf(lines)) await deleteRow(tx, catalog.get('salesorderdetail'), id, engineRows)
    await deleteRow(tx, catalog.get('salesorder'), orderId, engineRows)
    await withdraw(tx, refusal, idsOf(lines), orderer.email)
    return 'withdrawn'
  })
}

type Held = { refusal: Refusal; order: QueryRow; lines: readonly QueryRow[] }

/** In one transaction of the program's own, in which the order stays refused; beside the visitor's, which holds his draft. */
function onRefused<T>(
  { database, catalog }: PageContext,
  orderer: ContactVisitor,
  orderId: RowId,
  overtaken: T,
  work: (tx: Tx, held: Held) => Promise<T>,
): Promise<T> {
  return database.transaction(async (tx) => {
    const order = (await lockRowsById(tx, catalog.get('salesorder'), [orderId])).get(orderId)
    const refusal = await holdRefusal(tx, 'salesorder', orderId)
    if (order === undefined || refusal === undefined) return overtaken
    const lines = await listRows(tx, catalog, {
      table: catalog.get('salesorderdetail'),
      columns: ['productid', 'uomid', 'sequencenumber'],
      predicate: engineRows,
      filter: where('salesorderid').is(orderId),
      orderBy: [{ column: 'sequencenumber', descending: false }],
      rowsMax: LINES_MAX,
    })
    await setActor(tx, orderer.contactId)
    return work(tx, { refusal, order, lines })
  })
}

/**
 * A line stays the row that it was where product and unit are the same, and keeps its number: by that an earlier attempt's line is found.
 * What is new is numbered on.
 */
async function correctLines(
  tx: Tx,
  details: TableDefinition,
  orderId: RowId,
  before: readonly QueryRow[],
  wanted: readonly RowValues[],
): Promise<void> {
  const left = [...before]
  const kept: RowValues[] = []
  const added: RowValues[] = []
  let last = Math.max(0, ...before.map((line) => Number(line.sequencenumber) || 0))
  for (const line of wanted) {
    const at = left.findIndex((one) => one.productid === line.productid && one.uomid === line.uomid)
    const [same] = at < 0 ? [] : left.splice(at, 1)
    if (same === undefined) added.push(checked(details, { ...line, salesorderid: orderId, sequencenumber: ++last }, 'create'))
    else {
      const { sequencenumber: _, salesorderid: __, ...values } = line
      kept.push({ ...checked(details, values, 'update'), [details.idColumn]: String(same[details.idColumn]) })
    }
  }
  for (const id of idsOf(left)) await deleteRow(tx, details, id, engineRows)
  await updateRows(tx, details, kept)
  await insertRows(tx, details, added)
}

function checked(table: TableDefinition, given: RowValues, mode: 'create' | 'update'): RowValues {
  const { values, problems } = validateValues(table, given, { mode })
  if (problems.length > 0)
    throw new AppError('order.invalid', problems.map((one) => one.message).join('. '), {
      details: { table: table.name, columns: problems.map((one) => one.column) },
    })
  return values
}

function idsOf(lines: readonly QueryRow[]): RowId[] {
  return lines.map((line) => String(line.salesorderdetailid))
}
