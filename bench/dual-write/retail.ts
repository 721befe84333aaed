import { travel } from '../../tests/online-retail/journey.ts'
import { hasRetail } from '../../tests/online-retail/source.ts'
import { startTestServer } from '../../tests/support/database.ts'
import { line } from '../measure.ts'

/** More than the file has. */
const LINES_MAX = 1_000_000

/** The whole file of a real wholesaler: in by initial sync, and out again into an empty database. Every row and amount is compared. */
export async function benchRetail(): Promise<void> {
  console.log('\nA wholesaler’s invoices, in and out')
  if (!hasRetail) {
    console.log('  the data of the wholesaler is not here (../shared/data)')
    return
  }
  const server = await startTestServer()
  process.env.TEST_DATABASE_URL ??= server.url
  try {
    const { from, to, inMs, outMs, refused, equal, totals } = await travel(LINES_MAX, (text) => console.log(`  ${text}`))
    const { company, customer, item, invoice, invoice_line } = from
    const rows = company.rows + customer.rows + item.rows + invoice.rows + invoice_line.rows
    const report = (label: string, tookMs: number) =>
      line(label, `${rows} rows`, `${(tookMs / 1_000).toFixed(1)} s`, `${((rows / tookMs) * 1_000).toFixed(0)} rows/s`)
    report('in', inMs)
    report('out', outMs)
    line('refused', String(refused.reduce((sum, one) => sum + one.count, 0)))
    for (const { map, code, reason, count } of refused) line(`  ${map}`, `${count}`, code, reason)
    line(
      'invoices by their totals',
      `${totals.invoices}`,
      `other in the portal ${totals.otherInPortal}, at the other end ${totals.otherInTarget}`,
    )
    line('amount of all', from.amount, to.amount)
    line('equal', `in ${equal.in}, out ${equal.out}, both databases ${JSON.stringify(to) === JSON.stringify(from)}`)
  } finally {
    await server.stop()
  }
}
