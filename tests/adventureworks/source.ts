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

/** A store with its contacts (who placed its orders comes first) and its orders, as the data has them. */
export type StoreOrders = {
  account: string
  name: string
  contacts: { id: string; name: string }[]
  orders: { number: string; total: string; lines: number }[]
}

/** The stores that have orders and more than one contact, most orders first. */
export function storesWithColleagues(): StoreOrders[] {
  const { headers, lines } = readResellerOrders()
  const customers = readSource('Customer')
  const customersById = new Map(customers.map((row) => [row.CustomerID, row]))
  const accounts = new Map(customers.filter((row) => row.PersonID === '').map((row) => [row.StoreID, row.AccountNumber ?? '']))
  const people = new Map(readSource('orders-subset-2011/person').map((row) => [row.businessentityid, row]))
  const names = new Map(readSource('Store').map((row) => [row.BusinessEntityID, row.Name ?? '']))
  const contacts = Map.groupBy(readSource('BusinessEntityContact'), (row) => row.BusinessEntityID)
  const orders = Map.groupBy(headers, (row) => customersById.get(row.customerid)?.StoreID)
  const lineCounts = Map.groupBy(lines, (row) => row.salesorderid)
  const stores = [...orders].map(([storeId, placed]) => {
    const orderer = customersById.get(placed[0]?.customerid)?.PersonID
    const ids = (contacts.get(storeId) ?? []).map((row) => row.PersonID ?? '')
    const nameOf = (id: string) => {
      const person = people.get(id)
      return [person?.firstname, person?.lastname].filter(Boolean).join(' ')
    }
    return {
      account: accounts.get(storeId) ?? '',
      name: names.get(storeId) ?? '',
      contacts: ids.toSorted((a, b) => Number(b === orderer) - Number(a === orderer)).map((id) => ({ id, name: nameOf(id) })),
      orders: placed.map((row) => ({
        number: `SO${row.salesorderid}`,
        total: row.totaldue ?? '',
        lines: lineCounts.get(row.salesorderid)?.length ?? 0,
      })),
    }
  })
  return stores
    .filter((store) => store.contacts.length > 1)
    .toSorted((a, b) => b.orders.length - a.orders.length || a.account.localeCompare(b.account))
}
