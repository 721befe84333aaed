import type { Confirming } from '#dual-write/confirming.ts'
import type { Component, PortalRoutes } from '#portals/component.ts'
import { account } from './account.ts'
import { addConfirmation } from './confirmation.ts'
import { createOrder } from './create-order.ts'
import { addCreateOrderRoutes } from './create-order-routes.ts'
import { homeOrders } from './home/orders.ts'
import { homeTiles } from './home/tiles.ts'
import { copyOrder, orderDetail } from './order-detail.ts'
import { exportOrders, exportOrdersWorkbook, orderList } from './order-list.ts'

/** What a site places with {% component '…' %} to sell and to tell of orders. */
export const components: Readonly<Record<string, Component>> = {
  'home-tiles': homeTiles,
  'home-orders': homeOrders,
  'create-order': createOrder,
  'order-list': orderList,
  'order-detail': orderDetail,
  account,
}

/** The addresses that the components' forms and links lead to. `confirmRow` is the engine's. */
export function addCustomerPortal(portal: PortalRoutes, { confirmRow }: Confirming): void {
  addCreateOrderRoutes(portal)
  addConfirmation(portal, confirmRow)
  portal.get('/orders.csv', exportOrders)
  portal.get('/orders.xlsx', exportOrdersWorkbook)
  portal.post('/orders/:order/copies', copyOrder)
}
