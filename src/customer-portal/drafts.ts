import { z } from 'zod'
import type { ContactVisitor } from '#access/visitor.ts'
import { findRefusals } from '#dual-write/refusals.ts'
import { AppError } from '#lib/app-error.ts'
import { add, type DecimalText } from '#lib/decimal.ts'
import type { PageContext } from '#portals/component.ts'
import type { RowId } from '#tables/rows.queries.ts'
import type { Address } from './addresses.ts'
import { findDraft, listLines, lockDraft, type StoredDraft } from './drafts.queries.ts'
import { choosesTerms, findChosenTerms, type OrderTerms, readOwnTerms, type TermsOutcome } from './order-terms.ts'
import { type OfferedProduct, readProductsById, type Unit } from './price-book.ts'
import { estimateAmount, findUnitPrice } from './pricing.ts'

/** An order that a buyer is still writing, kept on our side only, across sessions. */
export type Draft = {
  draftId: RowId
  /** `refused`: submitted, and not taken by the ERP. It can be changed and submitted again as long as that stands; the order says whether. */
  state: StoredDraft['state'] | 'refused'
  /** Why, in the ERP's words. */
  refusal: string | null
  version: number
  /** Whether it says something that its order was not sent with. */
  isAhead: boolean
  orderId: RowId | null
  changedAt: string
  information: Information
}

/** Step one. What only an administrator chooses is null for everybody else, whose own terms are read anew each time. */
export type Information = {
  /** Empty in a copy of an order: the day is asked anew. */
  requestedReceiptDate: string
  requisition: string
  address: { kind: 'account'; key: 'address1' | 'address2' } | ({ kind: 'other' } & Omit<Address, 'country'>)
  chosen: { companyId: RowId; accountId: RowId; country: string } | null
}

export const INFORMATION_VERSION = 1

const informationJson = z.object({
  requestedReceiptDate: z.union([z.iso.date(), z.literal('')]),
  requisition: z.string(),
  address: z.union([
    z.object({ kind: z.literal('account'), key: z.enum(['address1', 'address2']) }),
    z.object({
      kind: z.literal('other'),
      name: z.string(),
      street: z.string(),
      city: z.string(),
      postalCode: z.string(),
      state: z.string(),
    }),
  ]),
  chosen: z.object({ companyId: z.string(), accountId: z.string(), country: z.string() }).nullable(),
})

type Ground = Pick<PageContext, 'tx' | 'database' | 'catalog' | 'permissions' | 'visitor' | 'language' | 'clock'>

const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i

export function isRowId(value: string): value is RowId {
  return UUID.test(value)
}

/** The orderer's own draft for the account in use. Throws AppError `draft.not_found` for anybody else's, which must look like none. */
export async function getDraft(context: Ground, orderer: ContactVisitor, draftId: string): Promise<Draft> {
  return draftOf(context, isRowId(draftId) ? await findDraft(context.tx, orderer, draftId) : undefined)
}

/** The same to change it: one writer at a time. */
export async function getDraftToChange(context: Ground, orderer: ContactVisitor, draftId: string): Promise<Draft> {
  return draftOf(context, isRowId(draftId) ? await lockDraft(context.tx, orderer, draftId) : undefined)
}

export function isEditable({ state }: Draft): boolean {
  return state === 'open' || state === 'refused'
}

/** For whom and from which company the draft orders. */
export async function readTerms(
  context: Ground,
  orderer: ContactVisitor,
  information: Information | undefined,
): Promise<TermsOutcome> {
  if (!choosesTerms(orderer)) return readOwnTerms(context, orderer)
  if (information === undefined || information.chosen === null)
    return { kind: 'lacking', missing: ['company', 'account', 'country'] }
  const { companyId, accountId, country } = information.chosen
  const found = await findChosenTerms(context, { companyId, account: { id: accountId }, country })
  return found ?? { kind: 'lacking', missing: ['account'] }
}

/** Undefined when the account's address that was chosen is not there any more. */
export function deliveryAddressOf(information: Information, terms: OrderTerms): Address | undefined {
  const { address } = information
  if (address.kind === 'other') {
    const { kind: _, ...written } = address
    return { ...written, country: terms.shipToCountry }
  }
  const found = terms.addresses.find((one) => one.key === address.key)
  if (found === undefined) return undefined
  const { key: _, ...place } = found
  return place
}

export type DraftLine = {
  lineId: RowId
  product: OfferedProduct
  unit: Unit
  quantity: DecimalText
  /** Undefined where only the seller can price it. */
  unitPrice: DecimalText | undefined
  amount: DecimalText | undefined
}

export type DraftLines = {
  lines: readonly DraftLine[]
  /** Lines whose product or unit is not offered any more; they must go before the order does. */
  gone: readonly { lineId: RowId }[]
  /** Sum of the amounts that are known. */
  total: DecimalText
  /** Whether some line has no estimated price. */
  isPartial: boolean
}

/** The lines with today's prices, all products in a handful of queries. */
export async function readDraftLines(context: Ground, terms: OrderTerms, draftId: RowId): Promise<DraftLines> {
  const stored = await listLines(context.tx, draftId)
  const products = await readProductsById(
    context,
    terms,
    stored.map((one) => one.productId),
  )
  const day = today(context)
  const lines: DraftLine[] = []
  const gone: { lineId: RowId }[] = []
  for (const { lineId, productId, uomId, quantity } of stored) {
    const product = products.get(productId)
    const unit = product?.units.find((one) => one.uomId === uomId)
    if (product === undefined || unit === undefined) {
      gone.push({ lineId })
      continue
    }
    const question = { uomId, quantity, currencyId: terms.currencyId, day }
    lines.push({
      lineId,
      product,
      unit,
      quantity,
      unitPrice: findUnitPrice(product, question),
      amount: estimateAmount(product, question),
    })
  }
  return {
    lines,
    gone,
    total: add('0', ...lines.flatMap((one) => (one.amount === undefined ? [] : [one.amount]))),
    isPartial: lines.some((one) => one.amount === undefined),
  }
}

/** YYYY-MM-DD, UTC. */
export function today(context: Pick<PageContext, 'clock'>): string {
  return new Date(context.clock.nowMs()).toISOString().slice(0, 10)
}

/** The order alone knows whether it is still refused: it may have been sent again, or turn out to be in the ERP, at any moment. */
async function draftOf({ database }: Ground, stored: StoredDraft | undefined): Promise<Draft> {
  if (stored === undefined) throw new AppError('draft.not_found', 'There is no such draft')
  const { draftId, version, submittedVersion, orderId, changedAt } = stored
  const isSubmitted = stored.state === 'submitted' && orderId !== null
  const refusal = isSubmitted
    ? (await database.statement((own) => findRefusals(own, 'salesorder', [orderId]))).get(orderId)
    : undefined
  return {
    ...{ draftId, version, orderId, changedAt },
    isAhead: isSubmitted && version !== submittedVersion,
    state: refusal === undefined ? stored.state : 'refused',
    refusal: refusal?.reason ?? null,
    information: informationJson.parse(stored.information),
  }
}
