import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { parse } from 'csv-parse/sync'

/** Where the data stands beside the repository; tests that need it say that they skipped when it is not there. */
export const ADVENTUREWORKS = resolve(import.meta.dirname, '../../../shared/data/adventureworks-oltp')
export const hasAdventureWorks = existsSync(ADVENTUREWORKS)

export type SourceRow = Readonly<Record<string, string>>

/** One table of the data set, by its file name without `.csv.gz`. */
export function readSource(name: string): SourceRow[] {
  return parse(gunzipSync(readFileSync(resolve(ADVENTUREWORKS, `${name}.csv.gz`))), { columns: true, bom: true })
}

/** The 406 orders of resellers (the rest are of consumers) and their 4,515 lines. */
export function readResellerOrders(): { headers: SourceRow[]; lines: SourceRow[] } {
  const headers = readSource('orders-subset-2011/salesorderheader').filter((row) => row.onlineorderflag === 'f')
  const numbers = new Set(headers.map((row) => row.salesorderid))
  return { headers, lines: readSource('orders-subset-2011/salesorderdetail').filter((row) => numbers.has(row.salesorderid)) }
}

/** The data set's own truth: subtotal of each reseller order by its ERP number. */
export function orderSubtotals(): Map<string, string> {
  return new Map(readResellerOrders().headers.map((row) => [`SO${row.salesorderid}`, row.subtotal ?? '']))
}
