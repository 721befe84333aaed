import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { withPortalDatabase } from '../../bench/portal-database.ts'
import type { Database } from '../../src/postgres/database.ts'
import { type RunningComptoir, startComptoir } from '../support/comptoir.ts'
import { openErp } from '../support/erp-client.ts'

/** The test needs half a minute by itself; beside much else, it is waited for. */
const WAIT_MS_MAX = 400_000
const LOCK = 4_711

test('kill -9 in the middle of the first copy: the next start goes on where it was, and every row is there once', async () => {
  await using comptoir = await startComptoir()
  const before = await killHalfCopied(comptoir)
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

/**
 * The copy of order headers is held behind its first rows by a lock that its next checkpoint waits for, so that however slow or fast the
 * machine is, the kill falls into it. Answers how many rows were stored.
 */
async function killHalfCopied(comptoir: RunningComptoir): Promise<number> {
  await until('the database answers', () => withPortalDatabase(comptoir, hasCopies))
  return withPortalDatabase(comptoir, async ({ pool }) => {
    const holder = await pool.connect()
    await holder.query(`select pg_advisory_lock(${LOCK})`)
    await holder.query(`
      create function public.hold_copy() returns trigger language plpgsql as $$
        begin
          if exists (select from dual_write.copy_range r where r.map = new.map and r.direction = new.direction and r.rows_done > 0) then
            perform pg_advisory_xact_lock_shared(${LOCK});
          end if;
          return new;
        end $$;
      create trigger hold_copy before update on dual_write.copy_range for each row
        when (new.map = 'sales-order-headers' and new.direction = 'toPortal' and not new.done) execute function public.hold_copy()`)
    await until('the copy is held', async () => {
      const { rowCount } = await holder.query(
        `select 1 from pg_locks where locktype = 'advisory' and objid = ${LOCK} and mode = 'ShareLock' and not granted`,
      )
      return (rowCount ?? 0) > 0
    })
    const { rows } = await holder.query<{ rows: number }>(
      `select sum(rows_done)::int as rows from dual_write.copy_range where direction = 'toPortal' and map = 'sales-order-headers'`,
    )
    await comptoir.kill()
    await holder.query(`select pg_advisory_unlock(${LOCK})`)
    await holder.query('drop trigger hold_copy on dual_write.copy_range')
    holder.release()
    const stored = rows[0]?.rows ?? 0
    assert.ok(stored > 0, `${stored} rows were stored`)
    return stored
  })
}

async function hasCopies({ pool }: Database): Promise<boolean> {
  const { rows } = await pool.query<{ name: string | null }>(`select to_regclass('dual_write.copy_range')::text as name`)
  return rows[0]?.name !== null
}

/** What fails is asked again: the server may not have started yet. */
async function until(what: string, test: () => Promise<boolean>): Promise<void> {
  for (const deadlineMs = Date.now() + WAIT_MS_MAX; Date.now() < deadlineMs; await delay(50))
    if (await test().catch(() => false)) return
  throw new Error(`In time: ${what}`)
}
