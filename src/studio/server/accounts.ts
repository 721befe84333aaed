import { findSyncStates, type SyncState } from '#dual-write/sync-state.ts'
import type { HttpServer } from '#http/server.ts'
import { AppError } from '#lib/app-error.ts'
import type { Tx } from '#postgres/database.ts'
import type { Catalog } from '#tables/catalog.ts'
import { engineRows } from '#tables/predicate.ts'
import type { QueryRow } from '#tables/row-query.ts'
import { countRows, findRow, listRows } from '#tables/rows.queries.ts'
import type { AccountDetail, AccountSummary, FactLabel, OrderSummary, Page } from '../wire.ts'
import { CONTACT_COLUMNS, summarizeContacts } from './contact-view.ts'
import { listPage, parseId, pointsTo, textOf } from './lists.ts'
import type { StudioServices } from './services.ts'

const LATEST_ORDERS = 10
const CONTACTS_SHOWN_MAX = 20
const COUNT_MAX = 100_000

const SUMMARY_COLUMNS = [
  'name',
  'accountnumber',
  'address1_city',
  'address1_country',
  'msdyn_onholdstatus',
  'msdyn_company.cdm_companycode',
  'transactioncurrencyid.isocurrencycode',
] as const

const FACT_COLUMNS: readonly [FactLabel, string][] = [
  ['number', 'accountnumber'],
  ['company', 'msdyn_company.cdm_name'],
  ['currency', 'transactioncurrencyid.isocurrencycode'],
  ['priceList', 'defaultpricelevelid.name'],
  ['paymentTerms', 'msdyn_paymentterm.msdyn_name'],
  ['deliveryMode', 'msdyn_shipvia.msdyn_name'],
  ['creditLimit', 'creditlimit'],
  ['customerGroup', 'msdyn_customergroupid.msdyn_groupid'],
  ['billingAccount', 'msdyn_billingaccount.name'],
  ['email', 'emailaddress1'],
  ['phone', 'telephone1'],
]
const ADDRESS_COLUMNS = ['address1_line1', 'address1_postalcode', 'address1_city', 'address1_stateorprovince', 'address1_country']
const ORDER_COLUMNS = [
  'ordernumber',
  'msdyn_salesordernumber',
  'submitdate',
  'totalamount',
  'msdyn_processingstatus',
  'transactioncurrencyid.isocurrencycode',
]

/** /accounts: search, and one account with its people, latest orders and sync state. */
export function registerAccounts(scope: HttpServer, services: StudioServices): void {
  const { database, catalog } = services
  const table = catalog.get('account')

  scope.get<{ Querystring: { search?: string; after?: string } }>('/accounts', async (request): Promise<Page<AccountSummary>> => {
    const { search, after } = request.query
    const page = await listPage(database, catalog, {
      table,
      columns: SUMMARY_COLUMNS,
      orderBy: [{ column: 'name', descending: false }],
      search: search ?? '',
      after,
    })
    return { ...page, rows: page.rows.map((row) => summaryOf(catalog, row)) }
  })

  scope.get<{ Params: { id: string } }>('/accounts/:id', async (request): Promise<AccountDetail> => {
    const id = parseId(request.params.id)
    return database.read((tx) => readAccount(tx, services, id))
  })
}

async function readAccount(tx: Tx, services: StudioServices, id: string): Promise<AccountDetail> {
  const { catalog } = services
  const columns = [...new Set([...SUMMARY_COLUMNS, ...FACT_COLUMNS.map(([, column]) => column), ...ADDRESS_COLUMNS])]
  const row = await findRow(tx, catalog, { table: catalog.get('account'), columns, predicate: engineRows }, id)
  if (row === undefined) throw new AppError('studio.not_found', 'There is no such account')

  const contactsOf = { table: catalog.get('contact'), predicate: engineRows, filter: pointsTo('parentcustomerid', id) }
  const contacts = await listRows(tx, catalog, {
    ...contactsOf,
    columns: CONTACT_COLUMNS,
    orderBy: [{ column: 'fullname', descending: false }],
    rowsMax: CONTACTS_SHOWN_MAX,
  })
  const ordersOf = { table: catalog.get('salesorder'), predicate: engineRows, filter: pointsTo('customerid', id) }
  const orders = await listRows(tx, catalog, {
    ...ordersOf,
    columns: ORDER_COLUMNS,
    orderBy: [{ column: 'submitdate', descending: true }],
    rowsMax: LATEST_ORDERS,
  })
  const orderStates = await findSyncStates(
    tx,
    'salesorder',
    orders.map((order) => String(order.salesorderid)),
  )
  const states = await findSyncStates(tx, 'account', [id])
  return {
    ...summaryOf(catalog, row),
    facts: factsOf(row),
    contacts: await summarizeContacts(tx, contacts),
    contactsTotal: await countRows(tx, catalog, { ...contactsOf, rowsMax: COUNT_MAX }),
    orders: {
      total: await countRows(tx, catalog, { ...ordersOf, rowsMax: COUNT_MAX }),
      latest: orders.map((order) => orderOf(catalog, order, orderStates)),
    },
    sync: states.get(id) ?? { kind: 'unlinked' },
  }
}

function summaryOf(catalog: Catalog, row: QueryRow): AccountSummary {
  return {
    id: String(row.accountid),
    number: textOf(row, 'accountnumber') ?? '',
    name: textOf(row, 'name') ?? textOf(row, 'accountnumber') ?? '',
    company: textOf(row, 'msdyn_company.cdm_companycode'),
    currency: textOf(row, 'transactioncurrencyid.isocurrencycode'),
    city: textOf(row, 'address1_city'),
    country: textOf(row, 'address1_country'),
    onHold: memberOf(catalog, 'account', 'msdyn_onholdstatus', row),
  }
}

function factsOf(row: QueryRow): AccountDetail['facts'] {
  const facts = FACT_COLUMNS.map(([label, column]) => ({ label, value: textOf(row, column) }))
  const address = ADDRESS_COLUMNS.map((column) => textOf(row, column)).filter((part) => part !== null)
  const all = [...facts, { label: 'address' as const, value: address.length === 0 ? null : address.join(', ') }]
  return all.flatMap(({ label, value }) => (value === null ? [] : [{ label, value }]))
}

function orderOf(catalog: Catalog, row: QueryRow, states: ReadonlyMap<string, SyncState>): OrderSummary {
  return {
    id: String(row.salesorderid),
    requestNumber: textOf(row, 'ordernumber'),
    erpNumber: textOf(row, 'msdyn_salesordernumber'),
    placedAt: textOf(row, 'submitdate'),
    total: textOf(row, 'totalamount'),
    currency: textOf(row, 'transactioncurrencyid.isocurrencycode'),
    status: memberOf(catalog, 'salesorder', 'msdyn_processingstatus', row),
    sync: states.get(String(row.salesorderid)) ?? { kind: 'unlinked' },
  }
}

/** The name of a choice's value. */
function memberOf(catalog: Catalog, table: string, column: string, row: QueryRow): string | null {
  const value = row[column] ?? null
  for (const [member, number] of catalog.get(table).columns.get(column)?.options ?? []) if (number === value) return member
  return null
}
