import { createReadStream, existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { createGunzip } from 'node:zlib'
import { parse } from 'csv-parse'

/** Where the data stands beside the repository; tests that need it say that they skipped when it is not there. */
const FILE = resolve(import.meta.dirname, '../../../shared/data/online-retail/online_retail_2010-12_2011-12.csv.gz')
export const hasRetail = existsSync(FILE)

/** One line of a real wholesaler's invoices, as the file has it. */
export type RetailLine = {
  InvoiceNo: string
  StockCode: string
  Description: string
  Quantity: string
  InvoiceDate: string
  UnitPrice: string
  CustomerID: string
  Country: string
}

/** The lines in the order of the file, at most so many: read as a stream, never all at once. */
export async function* readRetail(linesMax: number): AsyncGenerator<RetailLine> {
  let lines = 0
  for await (const line of createReadStream(FILE)
    .pipe(createGunzip())
    .pipe(parse({ columns: true }))) {
    if (lines++ >= linesMax) return
    yield line as RetailLine
  }
}
