import { visitorOf } from '#access/request.ts'
import type { Confirming } from '#dual-write/confirming.ts'
import type { PortalRoutes } from '#portals/component.ts'
import { isRowId } from './drafts.ts'

/** A submission waits so long for the ERP's answer, where the map of orders says so; then the order is on its way as any other. */
export const CONFIRM_MS_MAX = 10_000

/** Where a submission leads that the ERP is to answer first; from there it goes on to the order, which tells the answer. */
export function confirmationUrl(orderId: string): string {
  return `/orders/${orderId}/confirmation`
}

/**
 * Waits outside of any transaction: whoever waits holds no connection to the database. What it answers is the same for every order, so
 * that it tells nothing of orders which the visitor may not see.
 */
export function addConfirmation({ pages }: PortalRoutes, confirmRow: Confirming['confirmRow']): void {
  const closing = new AbortController()
  pages.addHook('preClose', async () => closing.abort())
  pages.get<{ Params: { order: string } }>('/orders/:order/confirmation', async (request, reply) => {
    const { order } = request.params
    if (!isRowId(order)) return reply.redirect('/orders', 303)
    if (visitorOf(request).kind !== 'anonymous') {
      const left = new AbortController()
      reply.raw.on('close', () => left.abort())
      await confirmRow('salesorder', order, { timeoutMs: CONFIRM_MS_MAX, signal: AbortSignal.any([closing.signal, left.signal]) })
    }
    return reply.redirect(`/orders/${order}?placed=1`, 303)
  })
}
