import type { RunningComptoir } from '../tests/support/comptoir.ts'
import { withPortalDatabase } from './portal-database.ts'
import { announce, besideBare, signIn } from './side-by-side.ts'

const BUYER = 'nora@fabrikam.example'

/** Processor time, statements and latency of the orders list and of one order, next to a bare server. */
export async function benchPages(comptoir: RunningComptoir): Promise<void> {
  announce(`Pages for ${BUYER}`)
  const headers = { cookie: await signIn(comptoir.portalUrl, BUYER) }
  const list = await fetch(`${comptoir.portalUrl}/orders`, { headers }).then((response) => response.text())
  const order = /href="([^"]*\/orders?\/[0-9a-f-]{36})"/.exec(list)?.[1]
  if (order === undefined) throw new Error('the orders list shows no order')
  await withPortalDatabase(comptoir, async (database) => {
    await besideBare(comptoir, database, { name: 'orders list', path: '/orders', headers })
    await besideBare(comptoir, database, { name: 'order', path: order, headers })
  })
}
