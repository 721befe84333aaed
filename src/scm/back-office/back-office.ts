import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { HttpServer } from '#http/server.ts'
import type { BackOfficeOptions } from './options.ts'
import { registerOrders } from './order-routes.ts'
import { registerCustomers, registerFaultPlan, registerProducts } from './party-routes.ts'

/**
 * Pages on which a person acts as the seller: orders, customers, products, and what shall go wrong. Plain forms, no scripts. There is
 * no sign-in, so the ERP listens on this machine only.
 */
export function registerBackOffice(server: HttpServer, options: BackOfficeOptions): void {
  const css = readFileSync(join(import.meta.dirname, 'back-office.css'), 'utf8')
  server.get('/', async (_request, reply) => reply.redirect('/orders', 303))
  server.get('/back-office.css', async (_request, reply) => reply.type('text/css; charset=utf-8').send(css))
  registerOrders(server, options)
  registerCustomers(server, options)
  registerProducts(server, options)
  registerFaultPlan(server, options)
}
