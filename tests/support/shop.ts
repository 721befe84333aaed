import { join } from 'node:path'
import { addCustomerPortal, components } from '../../src/customer-portal/customer-portal.ts'
import { createConfirming } from '../../src/dual-write/confirming.ts'
import { required } from '../../src/lib/assert.ts'
import { systemClock } from '../../src/log/system-clock.ts'
import { readSiteFolder } from '../../src/portals/site-folder.ts'
import { optionOf } from '../../src/tables/definition.ts'
import { engineRows } from '../../src/tables/predicate.ts'
import { listRows, type RowId, type RowValues, updateRow } from '../../src/tables/rows.queries.ts'
import { type Browser, createTestPortal, type Page, type TestPortal } from './portal.ts'

/** The customer portal's own site with two customer companies, their people and a few products. */
export type Shop = TestPortal & {
  otherCompanyId: RowId
  accounts: Record<'fabrikam' | 'tailspin', RowId>
  people: Record<'nora' | 'jane' | 'sam' | 'may' | 'lena' | 'admin', RowId>
  products: Record<'bolt' | 'cable' | 'custom' | 'foreign', RowId>
  units: Record<'ea' | 'box' | 'kg' | 'pallet', RowId>
  currencyId: RowId
  priceListId: RowId
  update(table: string, id: RowId, values: RowValues): Promise<void>
}

const SITE = join(import.meta.dirname, '../../src/customer-portal/site')

export async function createShop(): Promise<Shop> {
  const portal = await createTestPortal({ files: readSiteFolder(SITE), components, modules: ['dual-write', 'customer-portal'] })
  addCustomerPortal(portal.routes, createConfirming({ database: portal.database, clock: systemClock }))
  const update = async (table: string, id: RowId, values: RowValues) => {
    await portal.database.transaction((tx) => updateRow(tx, portal.catalog.get(table), id, values, { predicate: engineRows }))
  }
  const one = async (table: string, values: RowValues) => (await portal.insert(table, [values]))[0] ?? ''
  const company = { msdyn_company: portal.companyId, statecode: 0 }
  const otherCompanyId = await one('cdm_company', { cdm_companycode: 'demf', cdm_name: 'Contoso Germany' })
  const currencyId = await one('transactioncurrency', { isocurrencycode: 'USD', currencyname: 'US Dollar' })
  const priceListId = await one('pricelevel', { ...company, name: 'RETAIL', transactioncurrencyid: currencyId })
  const unit = (symbol: string, decimals: number) =>
    one('uom', { name: symbol, msdyn_symbol: symbol, msdyn_decimalprecision: decimals })
  const units = { ea: await unit('ea', 0), box: await unit('box', 0), kg: await unit('kg', 3), pallet: await unit('pallet', 0) }
  const terms = { transactioncurrencyid: currencyId, defaultpricelevelid: priceListId }
  const place = {
    address1_line1: '1 Main Street',
    address1_city: 'Seattle',
    address1_postalcode: '98101',
    address1_country: 'US',
  }
  const accounts = {
    fabrikam: await one('account', {
      ...company,
      ...terms,
      ...place,
      accountnumber: 'US-001',
      name: 'Fabrikam',
      creditlimit: '50000',
    }),
    tailspin: await one('account', { ...company, ...terms, ...place, accountnumber: 'US-002', name: 'Tailspin' }),
  }
  const person = async (firstName: string, accountId: RowId | null, role: string, more: RowValues) => {
    const id = await portal.addPerson({ email: `${firstName.toLowerCase()}@shop.test`, firstName, accountId, roles: [role] })
    if (Object.keys(more).length > 0) await update('contact', id, more)
    return id
  }
  const orderer = { ...terms, address1_country: 'US' }
  const people = {
    nora: await person('Nora', accounts.fabrikam, 'Customer representative', orderer),
    jane: await person('Jane', accounts.fabrikam, 'Authorized user', orderer),
    sam: await person('Sam', accounts.fabrikam, 'Authorized user', orderer),
    may: await person('May', accounts.tailspin, 'Unauthorized user', orderer),
    lena: await person('Lena', accounts.tailspin, 'Authorized user', { transactioncurrencyid: currencyId }),
    admin: await person('Admin', null, 'Administrator', {}),
  }
  const product = (number: string, values: RowValues) =>
    one('product', { ...company, msdyn_productnumber: number, transactioncurrencyid: currencyId, ...values })
  const products = {
    bolt: await product('B-100', { name: 'Steel bolt', comptoir_name_fr: 'Boulon acier', defaultuomid: units.ea, price: '2' }),
    cable: await product('C-200', { name: 'Cable', defaultuomid: units.kg, price: '10.5' }),
    custom: await product('X-900', { name: 'Custom part', defaultuomid: units.ea, price: '0' }),
    foreign: await product('F-300', { name: 'Foreign part', defaultuomid: units.ea, price: '1', msdyn_company: otherCompanyId }),
  }
  await one('msdyn_productspecificunitofmeasureconversion', {
    msdyn_productnumber: 'B-100',
    msdyn_fromunit: units.box,
    msdyn_tounit: units.ea,
    msdyn_factor: '12',
    msdyn_numerator: 1,
    msdyn_denominator: 1,
  })
  return { ...portal, otherCompanyId, accounts, people, products, units, currencyId, priceListId, update }
}

/** A day that is not in the past, whenever the tests run. */
export const SOON = new Date(Date.now() + 10 * 86_400_000).toISOString().slice(0, 10)

export const INFORMATION = { requestedReceiptDate: SOON, requisition: 'PO 4711', address: 'address1' }

/** Step one as this browser, answered with the draft's id. */
export async function startDraft(browser: Browser, fields: Readonly<Record<string, string>> = INFORMATION): Promise<string> {
  await browser.get('/create-order?new=1')
  const answer = await browser.post('/create-order/information', fields)
  const draft = new URL(answer.location ?? '', 'http://portal.test').searchParams.get('draft')
  if (draft === null) throw new Error(`no draft began: ${answer.status} ${messages(answer).join(' | ')}`)
  return draft
}

export type NewLine = { productId: RowId; unitId: RowId; quantity: string; lineId?: string }

export function addLine(browser: Browser, draft: string, line: NewLine): Promise<Page> {
  const { productId, unitId, quantity } = line
  return browser.post('/create-order/lines', {
    draft,
    line: line.lineId ?? crypto.randomUUID(),
    product: productId,
    [`quantity.${productId}`]: quantity,
    [`unit.${productId}`]: unitId,
  })
}

/** What the review page would submit. */
export async function readReview(browser: Browser, draft: string): Promise<Record<string, string>> {
  const page = await browser.get(`/create-order?draft=${draft}&step=review`)
  return Object.fromEntries(
    ['draft', 'version', 'total'].map((name) => [name, new RegExp(`name="${name}" value="([^"]*)"`).exec(page.text)?.[1] ?? '']),
  )
}

/** Places an order and answers the order's id. */
export async function placeOrder(browser: Browser, lines: readonly NewLine[], information = INFORMATION): Promise<RowId> {
  const draft = await startDraft(browser, information)
  for (const line of lines) await addLine(browser, draft, line)
  const answer = await browser.post('/create-order/submissions', await readReview(browser, draft))
  const id = /^\/orders\/([0-9a-f-]{36})\?placed=1$/.exec(answer.location ?? '')?.[1]
  if (id === undefined) throw new Error(`the order was not placed: ${answer.status} ${messages(answer).join(' | ')}`)
  return id
}

/** Field errors and notices of a page, as text. */
export function messages(page: Page): string[] {
  const found = page.text.matchAll(/<(p|div)[^>]*class="(?:field-error|notice[^"]*)"[^>]*>([\s\S]*?)<\/\1>/g)
  return [...found].map((match) => plain(match[2] ?? ''))
}

/** The page's words without its tags. */
export function plain(text: string): string {
  return text
    .replace(/<[^>]*>/g, ' ')
    .replaceAll('&#39;', "'")
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
    .replace(/\s+/g, ' ')
    .trim()
}

export function bolts(shop: Shop, quantity: string) {
  return { productId: shop.products.bolt, unitId: shop.units.ea, quantity }
}

export function rowsOf(shop: Shop, table: string, columns: string[]) {
  const query = { table: shop.catalog.get(table), columns, predicate: engineRows, rowsMax: 100 }
  return shop.database.read((tx) => listRows(tx, shop.catalog, query))
}

export function counts(shop: Shop) {
  return shop.database.read(async (tx) => {
    const [row] = await tx<Record<'drafts' | 'lines' | 'orders' | 'orderLines' | 'changes', number>>`
      select (select count(*)::int from customer_portal.draft) as drafts, (select count(*)::int from customer_portal.draft_line) as lines,
             (select count(*)::int from tables.salesorder) as orders, (select count(*)::int from tables.salesorderdetail) as "orderLines",
             (select count(*)::int from tables.change) as changes`
    return required(row, 'one row of counts')
  })
}

/** Orders of fabrikam with one line each; what is not said is as it usually is. */
export async function insertOrders(shop: Shop, orders: readonly RowValues[], lines: readonly RowValues[] = []): Promise<void> {
  const own = { msdyn_company: shop.companyId }
  const confirmed = optionOf(shop.catalog.get('salesorder'), 'msdyn_processingstatus', 'confirmed')
  const ids = await shop.insert(
    'salesorder',
    orders.map((one) => ({
      ...own,
      customerid: shop.accounts.fabrikam,
      customeridtype: 'account',
      submitdate: '2026-03-01T10:00:00Z',
      msdyn_processingstatus: confirmed,
      msdyn_isocurrencycode: 'USD',
      totalamount: '10',
      ...one,
    })),
  )
  await shop.insert(
    'salesorderdetail',
    ids.map((salesorderid, i) => ({
      ...own,
      salesorderid,
      sequencenumber: 1,
      quantity: '10',
      quantityshipped: '0',
      quantitybackordered: '10',
      ...lines[i],
    })),
  )
}

export async function idOf(shop: Shop, number: string): Promise<string> {
  const [row] = await shop.database.read(
    (tx) => tx<{ id: string }>`select salesorderid as id from tables.salesorder where msdyn_salesordernumber = ${number}`,
  )
  return row?.id ?? ''
}
