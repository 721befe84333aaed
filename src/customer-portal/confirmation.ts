import { visitorOf } from '#access/request.ts'
import type { Confirming } from '#dual-write/confirming.ts'
import type { PortalRoutes, ReadHandler } from '#portals/component.ts'
import { findDraftOfOrder } from './drafts.queries.ts'
import { getDraft, isRowId } from './drafts.ts'
import { stepUrl } from './wizard/shell.ts'

/** A submission waits so long for the ERP's answer, where the map of orders says so; then the order is on its way as any other. */
export const CONFIRM_MS_MAX = 10_000

/** Where a submission leads that the ERP is to answer first; from there it goes on to what the answer asks for. */
export function confirmationUrl(orderId: string): string {
  return `/orders/${orderId}/confirmation`
}

/**
 * Waits outside of any transaction: whoever waits holds no connection to the database. What it answers is the same for every order, so
 * that it tells nothing of orders which the visitor may not see.
 */
export function addConfirmation({ get, pages }: PortalRoutes, confirmRow: Confirming['confirmRow']): void {
  const closing = new AbortController()
  pages.addHook('preClose', async () => closing.abort())
  pages.get<{ Params: { order: string } }>('/orders/:order/confirmation', async (request, reply) => {
    const { order } = request.params
    if (!isRowId(order)) return reply.redirect('/orders', 303)
    if (visitorOf(request).kind === 'anonymous') return reply.redirect(`/orders/${order}`, 303)
    const left = new AbortController()
    reply.raw.on('close', () => left.abort())
    await confirmRow('salesorder', order, { timeoutMs: CONFIRM_MS_MAX, signal: AbortSignal.any([closing.signal, left.signal]) })
    return reply.redirect(`/orders/${order}/answer`, 303)
  })
  get('/orders/:order/answer', showAnswer)
}

/** A refused order is a draft again for whoever wrote it; every other order tells the answer itself. */
const showAnswer: ReadHandler = async (context) => {
  const { tx, visitor } = context
  const order = context.params.order ?? ''
  const draftId = isRowId(order) && visitor.kind === 'contact' ? await findDraftOfOrder(tx, visitor, order) : undefined
  if (visitor.kind === 'contact' && draftId !== undefined) {
    const draft = await getDraft(context, visitor, draftId)
    if (draft.state === 'refused') return { kind: 'redirect', to: stepUrl(draftId, 'review') }
  }
  return { kind: 'redirect', to: `/orders/${encodeURIComponent(order)}?placed=1` }
}
