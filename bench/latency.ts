import { setTimeout as delay } from 'node:timers/promises'
import type { Database } from '../src/postgres/database.ts'
import type { RunningComptoir } from '../tests/support/comptoir.ts'
import { type ErpClient, openErp } from '../tests/support/erp-client.ts'
import { createSubmitter } from '../tests/support/submissions.ts'
import { line, ms, percentiles } from './measure.ts'
import { withPortalDatabase } from './portal-database.ts'

const RATES = [
  { perSecond: 1, count: 20 },
  { perSecond: 50, count: 500 },
]
const ARRIVAL_MS_MAX = 30_000

/** From a commit in the ERP to the change visible in the portal, and from a submission in the portal to the ERP's number. */
export async function benchLatency(comptoir: RunningComptoir): Promise<void> {
  console.log('\nLatency between the two sides, milliseconds')
  await withPortalDatabase(comptoir, async (database) => {
    const arrivals = await watchArrivals(database)
    const erp = await openErp(comptoir)
    for (const rate of RATES)
      report(`ERP → portal, ${rate.perSecond}/s`, await measure(rate, await erpEdits(erp, database), arrivals))
    for (const rate of RATES)
      report(`submission → ERP number, ${rate.perSecond}/s`, await measure(rate, await submissions(database), arrivals))
    await arrivals.close()
  })
}

/** Makes one change and answers the text by which its arrival is recognised. */
type Change = () => Promise<string>
type Arrivals = { of(mark: string): Promise<number>; close(): Promise<void> }

/**
 * Marks (requisition numbers seen, ids of orders that have their ERP number) with the moment they became visible. Edits of one order
 * that follow each other quickly arrive as one: the last of them brings the earlier ones.
 */
async function watchArrivals(database: Database): Promise<Arrivals> {
  const seen = new Map<string, number>()
  const waiting = new Map<string, (atMs: number) => void>()
  const arrive = (mark: string, atMs: number) => {
    const earlier = [...waiting.keys()].filter((one) => isEarlierOf(one, mark))
    for (const one of [mark, ...earlier]) {
      if (!seen.has(one)) seen.set(one, atMs)
      waiting.get(one)?.(atMs)
      waiting.delete(one)
    }
  }
  const listener = await database.listen('comptoir_rows', (payload) => {
    const [table, id] = payload.split(' ')
    const atMs = performance.now()
    if (table !== 'salesorder' || id === undefined || id === '*') return
    void database
      .transaction(
        (tx) =>
          tx<{
            requisition: string | null
            number: string | null
          }>`select msdyn_customerrequisitionnumber as requisition, msdyn_salesordernumber as number from tables.salesorder where salesorderid = ${id}::uuid`,
      )
      .then(([row]) => {
        if (row?.requisition != null) arrive(row.requisition, atMs)
        if (row?.number != null) arrive(id, atMs)
      })
  })
  return {
    of: (mark) =>
      Promise.race([
        new Promise<number>((done) => {
          const atMs = seen.get(mark)
          if (atMs !== undefined) done(atMs)
          else waiting.set(mark, done)
        }),
        delay(ARRIVAL_MS_MAX, Number.NaN, { ref: false }),
      ]),
    close: () => listener.close(),
  }
}

/** Of marks 'BENCH-<order>-<number>': the same order, before. */
function isEarlierOf(one: string, mark: string): boolean {
  const [a, b] = [EDIT_MARK.exec(one), EDIT_MARK.exec(mark)]
  return a !== null && b !== null && a[1] === b[1] && Number(a[2]) < Number(b[2])
}

const EDIT_MARK = /^BENCH-E-(\d+)-(\d+)$/

async function measure(rate: { perSecond: number; count: number }, change: Change, arrivals: Arrivals): Promise<number[]> {
  const startMs = performance.now()
  const measured: Promise<number>[] = []
  for (let i = 0; i < rate.count; i++) {
    const dueMs = startMs + (i * 1000) / rate.perSecond
    if (dueMs > performance.now()) await delay(dueMs - performance.now())
    const begunMs = performance.now()
    measured.push(change().then(async (mark) => (await arrivals.of(mark)) - begunMs))
  }
  return Promise.all(measured)
}

function report(label: string, tookMs: readonly number[]): void {
  const missing = tookMs.filter((value) => Number.isNaN(value)).length
  if (missing > 0) throw new Error(`${label}: ${missing} of ${tookMs.length} changes did not arrive in ${ARRIVAL_MS_MAX} ms`)
  const { p50, p95, p99 } = percentiles(tookMs)
  line(label, `p50 ${ms(p50)}`, `p95 ${ms(p95)}`, `p99 ${ms(p99)}`, `all of ${tookMs.length} arrived`)
}

let mark = 0

/** Edits of different open orders by the seller, over OData. */
async function erpEdits(erp: ErpClient, database: Database): Promise<Change> {
  const orders = await database.read(
    (tx) => tx<{ number: string }>`
      select o.msdyn_salesordernumber as number from tables.salesorder o join tables.cdm_company c on c.cdm_companyid = o.msdyn_company
       where c.cdm_companycode ilike 'usmf' and o.msdyn_processingstatus = 192350000 limit 300`,
  )
  return async () => {
    const order = ++mark % orders.length
    const text = `BENCH-E-${order}-${mark}`
    const key = `dataAreaId='usmf',SalesOrderNumber='${orders[order]?.number}'`
    await erp.change(`CDSSalesOrderHeaders(${key})`, { CustomerRequisitionNumber: text })
    return text
  }
}

/** Orders of one line, written as a submission writes them. */
async function submissions(database: Database): Promise<Change> {
  const submit = await createSubmitter(database)
  return () => submit(`BENCH-S-${++mark}`, 1)
}
