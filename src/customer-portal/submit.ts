import type { ContactVisitor } from '#access/visitor.ts'
import { createRows } from '#access/writing.ts'
import { AppError } from '#lib/app-error.ts'
import type { PageContext } from '#portals/component.ts'
import { optionOf, type TableDefinition } from '#tables/definition.ts'
import { newRowId, nextNumber, type RowId, type RowValues } from '#tables/rows.queries.ts'
import { type Address, addressLines, describeAddress } from './addresses.ts'
import { closeDraft } from './drafts.queries.ts'
import {
  type Draft,
  type DraftLines,
  deliveryAddressOf,
  getDraftToChange,
  isEditable,
  readDraftLines,
  readTerms,
} from './drafts.ts'
import { earliestDate } from './order-form.ts'
import type { OrderTerms } from './order-terms.ts'
import { sendCorrected } from './refused-orders.ts'

export type Submission =
  | { kind: 'submitted'; orderId: RowId }
  /** What the buyer reviewed is not what would be ordered now. */
  | { kind: 'changed' }
  /** It was to correct a refused order, which meanwhile has gone its way as it was. */
  | { kind: 'overtaken'; orderId: RowId }
  | { kind: 'incomplete'; what: 'lines' | 'address' | 'terms' | 'gone' | 'discarded' | 'date' | 'company' }

const SERIES = 'web-order'
const NUMBER_DIGITS = 6

/**
 * Turns a draft into a sales order: header, lines and their captured changes in the caller's one transaction. The draft is the key:
 * however often and from wherever it is submitted, it becomes one order, and every submission answers that order. Where the ERP refused
 * that order, the same order is corrected and sent again.
 * `reviewed` is what the buyer saw: the draft's version and its total.
 */
export async function submitDraft(
  context: PageContext,
  orderer: ContactVisitor,
  draftId: string,
  reviewed: { version: string; total: string },
): Promise<Submission> {
  const draft = await getDraftToChange(context, orderer, draftId)
  if (draft.state === 'submitted' && draft.orderId !== null)
    return { kind: draft.isAhead ? 'overtaken' : 'submitted', orderId: draft.orderId }
  if (!isEditable(draft)) return { kind: 'incomplete', what: 'discarded' }

  const outcome = await readTerms(context, orderer, draft.information)
  if (outcome.kind !== 'ready') return { kind: 'incomplete', what: 'terms' }
  if (draft.information.requestedReceiptDate < earliestDate(context)) return { kind: 'incomplete', what: 'date' }
  const address = deliveryAddressOf(draft.information, outcome.terms)
  if (address === undefined) return { kind: 'incomplete', what: 'address' }
  const order = await readDraftLines(context, outcome.terms, draft.draftId)
  if (order.gone.length > 0) return { kind: 'incomplete', what: 'gone' }
  if (order.lines.length === 0) return { kind: 'incomplete', what: 'lines' }
  if (reviewed.version !== String(draft.version) || reviewed.total !== order.total) return { kind: 'changed' }

  const whole = { draft, terms: outcome.terms, address, order }
  if (draft.orderId !== null) return correctOrder(context, orderer, whole, draft.orderId)
  const orderId = await insertOrder(context, whole)
  await closeDraft(context.tx, draft.draftId, orderId)
  return { kind: 'submitted', orderId }
}

async function correctOrder(context: PageContext, orderer: ContactVisitor, whole: Whole, orderId: RowId): Promise<Submission> {
  const outcome = await sendCorrected(context, orderer, orderId, {
    companyId: whole.terms.companyId,
    header: (requestNumber) => headerValues(context, context.catalog.get('salesorder'), whole, requestNumber),
    lines: lineValues(whole, orderId),
  })
  switch (outcome.kind) {
    case 'sent':
      await closeDraft(context.tx, whole.draft.draftId, orderId)
      return { kind: 'submitted', orderId }
    case 'overtaken':
      return { kind: 'overtaken', orderId }
    case 'other_company':
      return { kind: 'incomplete', what: 'company' }
    default:
      return outcome satisfies never
  }
}

type Whole = { draft: Draft; terms: OrderTerms; address: Address; order: DraftLines }

async function insertOrder(context: PageContext, whole: Whole): Promise<RowId> {
  const { tx, catalog } = context
  const [headers, details] = [catalog.get('salesorder'), catalog.get('salesorderdetail')]
  const orderId = newRowId()
  const requestNumber = `W-${String(await nextNumber(tx, SERIES)).padStart(NUMBER_DIGITS, '0')}`
  await insertChosen(context, headers, [{ salesorderid: orderId, ...headerValues(context, headers, whole, requestNumber) }])
  await insertChosen(context, details, lineValues(whole, orderId))
  return orderId
}

/** Values that our own rules have chosen for the buyer, in rows that he must be allowed to make. */
async function insertChosen(context: PageContext, table: TableDefinition, rows: readonly RowValues[]): Promise<void> {
  const made = await createRows(context, table, rows, { chosenBy: 'program' })
  if (made.kind === 'done') return
  const { refused } = made
  if (refused.kind !== 'invalid')
    throw new AppError('order.forbidden', 'Your role does not allow you to place this order', { details: { table: table.name } })
  throw new AppError('order.invalid', refused.problems.map((one) => one.message).join('. '), {
    details: { table: table.name, columns: refused.problems.map((one) => one.column) },
  })
}

function headerValues(context: PageContext, table: TableDefinition, whole: Whole, requestNumber: string): RowValues {
  const { draft, terms, address, order } = whole
  const { requisition, requestedReceiptDate } = draft.information
  return {
    ordernumber: requestNumber,
    msdyn_customersorderreference: requestNumber,
    name: requisition === '' ? `Web order ${requestNumber}` : `Web order ${requestNumber} (${requisition})`,
    msdyn_ordertype: optionOf(table, 'msdyn_ordertype', 'item'),
    msdyn_processingstatus: optionOf(table, 'msdyn_processingstatus', 'active'),
    msdyn_company: terms.companyId,
    customerid: terms.accountId,
    customeridtype: 'account',
    msdyn_invoicecustomerid: terms.invoiceAccountId,
    msdyn_invoicecustomeridtype: 'account',
    msdyn_contactperson: terms.contactPersonId,
    emailaddress: terms.email,
    transactioncurrencyid: terms.currencyId,
    msdyn_isocurrencycode: terms.currencyCode,
    pricelevelid: terms.priceListId,
    msdyn_language: languageOption(table, [terms.language, context.language]),
    msdyn_paymentterms: terms.paymentTermId,
    msdyn_deliverymode: terms.deliveryModeId,
    submitdate: new Date(context.clock.nowMs()).toISOString(),
    msdyn_requestedreceiptdate: requestedReceiptDate,
    msdyn_customerrequisitionnumber: requisition === '' ? null : requisition,
    totalamount: order.total,
    shipto_name: address.name,
    ...placeValues(address),
    msdyn_isdeliveryaddressorderspecific: draft.information.address.kind === 'other',
    msdyn_formatteddeliveryaddress: addressLines(address, 'en').join('\n'),
  }
}

/** The price is left to the ERP: ours is an estimate, kept as the amount until the ERP's own arrives. */
function lineValues(whole: Whole, orderId: RowId): RowValues[] {
  const { draft, terms, address, order } = whole
  return order.lines.map((line, index) => ({
    salesorderid: orderId,
    sequencenumber: index + 1,
    msdyn_company: terms.companyId,
    productid: line.product.productId,
    productnumber: line.product.number,
    description: line.product.name,
    uomid: line.unit.uomId,
    quantity: line.quantity,
    extendedamount: line.amount ?? null,
    transactioncurrencyid: terms.currencyId,
    msdyn_requestedreceiptdate: draft.information.requestedReceiptDate,
    ...placeValues(address),
    msdyn_isdeliveryaddressspecific: draft.information.address.kind === 'other',
  }))
}

function placeValues(address: Address): RowValues {
  return {
    shipto_line1: address.street,
    shipto_city: address.city,
    shipto_stateorprovince: address.state === '' ? null : address.state,
    shipto_postalcode: address.postalCode,
    shipto_country: address.country,
    msdyn_deliveryaddressname: address.name,
    msdyn_deliveryaddressdescription: describeAddress(address),
  }
}

/** 'fr-CA' is itself where the ERP knows it, else plain 'fr'; 'en' is 'en-us'. */
function languageOption(table: TableDefinition, wanted: readonly (string | null)[]): number | null {
  const options = table.columns.get('msdyn_language')?.options ?? new Map<string, number>()
  for (const language of wanted) {
    if (language === null) continue
    const code = language.toLowerCase()
    const base = code.split('-')[0] ?? code
    const found = options.get(code) ?? options.get(base) ?? options.get(`${base}-us`)
    if (found !== undefined) return found
  }
  return null
}
