import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { withPortalDatabase } from '../../bench/portal-database.ts'
import { type RunningComptoir, startComptoir } from '../support/comptoir.ts'
import { openErp } from '../support/erp-client.ts'

const WAIT_MS_MAX = 120_000

test('kill -9 in the middle of the first copy: the next start goes on where it was, and every row is there once', async () => {
  await using comptoir = await startComptoir()
  const before = await untilHalfCopied(comptoir)
  await comptoir.kill()
  await comptoir.start()
  await comptoir.waitUntilReady()
  const erp = await openErp(comptoir)
  const sets = {
    account: 'CustomersV3',
    salesorder: 'CDSSalesOrderHeaders',
    salesorderdetail: 'CDSSalesOrderLines',
    invoicedetail: 'SalesInvoiceV2Lines',
  }
  await withPortalDatabase(comptoir, async (database) => {
    for (const [table, set] of Object.entries(sets)) {
      const [row] = await database.read(
        (tx) =>
          tx<{
            count: number
          }>`select count(*)::int as count from dual_write.row_link l join dual_write.map m on m.name = l.map where m.table_name = ${table}`,
      )
      assert.equal(row?.count, await erp.count(`${set}/$count?cross-company=true`), table)
    }
    // What was copied before the kill was not copied again.
    const [done] = await database.read(
      (tx) =>
        tx<{
          rows: number
        }>`select sum(rows_done)::int as rows from dual_write.copy_range where direction = 'toPortal' and map = 'sales-order-headers'`,
    )
    assert.ok((done?.rows ?? 0) >= before)
  })
})

/** Waits until some, but not all, order headers are in the portal; answers how many. */
async function untilHalfCopied(comptoir: RunningComptoir): Promise<number> {
  for (const deadlineMs = Date.now() + WAIT_MS_MAX; Date.now() < deadlineMs; await delay(20)) {
    const rows = await withPortalDatabase(comptoir, async (database) => {
      const [row] = await database.read(
        (tx) =>
          tx<{
            rows: number | null
          }>`select sum(rows_done)::int as rows from dual_write.copy_range where direction = 'toPortal' and map = 'sales-order-headers'`,
      )
      return row?.rows ?? 0
    }).catch(() => 0)
    if (rows > 0 && rows < 6_000) return rows
  }
  throw new Error('the first copy was never seen half done')
}
