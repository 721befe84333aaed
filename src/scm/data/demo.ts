import type { Database } from '#postgres/database.ts'
import { analyzeTable, insertRows, quietEvents } from '../domain/rows.queries.ts'
import { addCustomers } from './demo/customers.ts'
import { writeDocuments } from './demo/documents.ts'
import { addOrders } from './demo/orders.ts'
import { addProducts } from './demo/products.ts'
import { createRandom } from './demo/random.ts'
import { addSetup, type DemoTables } from './demo/setup.ts'
import { addTermsOfPayment } from './demo/terms.ts'

export type DemoOptions = {
  /** The day the demo is played on: the youngest orders are of this day. */
  todayMs: number
  seed?: number
  ordersCount?: number
}

const SEED = 20_260
const ORDERS_COUNT = 6_000
const BATCH_ROWS_MAX = 2_000

/** All rows of the demo company by table, in an order in which they can be inserted. The same options make the same rows. */
export function createDemoCompany(options: DemoOptions): DemoTables {
  const random = createRandom(options.seed ?? SEED)
  const tables: DemoTables = new Map()
  addSetup(tables)
  addTermsOfPayment(tables)
  const products = addProducts(tables, random, options.todayMs)
  const customers = addCustomers(tables, random)
  addOrders(tables, random, { customers, products, ordersCount: options.ordersCount ?? ORDERS_COUNT, todayMs: options.todayMs })
  // Agreements may be with customers.
  const agreements = tables.get('sales_price_agreement') ?? []
  tables.delete('sales_price_agreement')
  return tables.set('sales_price_agreement', agreements)
}

/** Writes the demo company into an empty ERP, in one transaction and without data events. */
export async function loadDemoCompany(
  database: Database,
  progress: (sentence: string) => void = () => undefined,
  options: DemoOptions = { todayMs: Date.now() },
): Promise<void> {
  const tables = createDemoCompany(options)
  await database.transaction(async (tx) => {
    await quietEvents(tx)
    for (const [table, rows] of tables) {
      for (let from = 0; from < rows.length; from += BATCH_ROWS_MAX)
        await insertRows(tx, table, rows.slice(from, from + BATCH_ROWS_MAX))
      await analyzeTable(tx, table)
      progress(`Demo company: ${rows.length} rows in ${table}`)
    }
    await writeDocuments(tx, { nowMs: options.todayMs })
  })
}
