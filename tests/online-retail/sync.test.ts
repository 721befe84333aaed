import assert from 'node:assert/strict'
import test from 'node:test'
import { travel } from './journey.ts'
import { hasRetail } from './source.ts'

/** All 541,909 lines go this way in `npm run bench -- retail`. */
const LINES = 600

test('a wholesaler’s invoices come in by initial sync and go out of the portal into an empty database: every row and every amount', {
  skip: hasRetail ? false : 'the data of the wholesaler is not here',
}, async () => {
  const { from, to, refused, equal, totals } = await travel(LINES)
  assert.equal(from.invoice_line.rows, LINES)
  assert.deepEqual(refused, [])
  assert.deepEqual(to, from)
  assert.deepEqual(equal, { in: true, out: true })
  assert.ok(totals.invoices > 0)
  assert.deepEqual(totals, { invoices: totals.invoices, otherInPortal: 0, otherInTarget: 0 })
})
