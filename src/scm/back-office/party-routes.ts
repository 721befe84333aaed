import type { HttpServer } from '#http/server.ts'
import { AppError } from '#lib/app-error.ts'
import { compare } from '#lib/decimal.ts'
import type { Tx } from '#postgres/database.ts'
import { updateCustomer } from '../domain/customers.ts'
import { refuse } from '../domain/infolog.ts'
import { updateOnHand } from '../domain/on-hand.ts'
import { findRow, listRows, updateRow } from '../domain/rows.queries.ts'
import type { Row } from '../domain/rows.ts'
import { type FaultPlan, parseFaultPlan } from '../faults.ts'
import { checkSameOrigin, decimalOf, doneNotice, type Form, parseForm, post } from './forms.ts'
import { listCompanies, listCustomers, listProducts } from './lists.queries.ts'
import type { BackOfficeOptions } from './options.ts'
import { sendPage } from './order-routes.ts'
import type { Notice } from './page.ts'
import { customerPage, customersPage, faultsPage, productPage, productsPage } from './party-pages.ts'

const ROWS_MAX = 100

type CustomerParams = { Params: { company: string; account: string } }
type ProductParams = { Params: { company: string; item: string } }

export function registerCustomers(server: HttpServer, { database }: BackOfficeOptions): void {
  server.get('/customers', async (request, reply) => {
    const query = parseForm(request.query)
    const ask = { company: query.company ?? '', search: (query.q ?? '').trim(), rowsMax: ROWS_MAX }
    const view = await database.read(async (tx) => ({
      ask,
      companies: await listCompanies(tx),
      customers: await listCustomers(tx, ask),
    }))
    return sendPage(reply, customersPage(view))
  })
  const find = (tx: Tx, { company, account }: CustomerParams['Params']) =>
    getOwn(tx, 'customer', { dataAreaId: company, CustomerAccount: account })
  const render = async (params: CustomerParams['Params'], notice?: Notice) =>
    customerPage(await database.read((tx) => find(tx, params)), notice)
  server.get<CustomerParams>('/customers/:company/:account', async (request, reply) =>
    sendPage(reply, await render(request.params, doneNotice(parseForm(request.query)))),
  )
  server.post<CustomerParams>('/customers/:company/:account/terms', async (request, reply) => {
    checkSameOrigin(request)
    const form = parseForm(request.body)
    const { company, account } = request.params
    const path = `/customers/${encodeURIComponent(company)}/${encodeURIComponent(account)}`
    const work = () =>
      database.transaction(async (tx) => {
        const terms = {
          OnHoldStatus: form.hold ?? 'No',
          CreditLimit: decimalOf(form, 'limit', 'Credit limit'),
          CreditLimitIsMandatory: form.mandatory === 'Yes' ? 'Yes' : 'No',
        }
        return updateCustomer(tx, await find(tx, request.params), terms)
      })
    return post(reply, work, { path, again: (notice) => render(request.params, notice) })
  })
}

export function registerProducts(server: HttpServer, { database }: BackOfficeOptions): void {
  server.get('/products', async (request, reply) => {
    const query = parseForm(request.query)
    const ask = { company: query.company ?? '', search: (query.q ?? '').trim(), rowsMax: ROWS_MAX }
    const view = await database.read(async (tx) => ({
      ask,
      companies: await listCompanies(tx),
      products: await listProducts(tx, ask),
    }))
    return sendPage(reply, productsPage(view))
  })
  const own = ({ company, item }: ProductParams['Params']) => ({ dataAreaId: company, ItemNumber: item })
  const render = async (params: ProductParams['Params'], notice?: Notice) => {
    const view = await database.read(async (tx) => ({
      product: await getOwn(tx, 'released_product', own(params)),
      stock: await listRows(tx, 'warehouse_on_hand', own(params), 'InventoryWarehouseId'),
    }))
    return productPage(view, notice)
  }
  server.get<ProductParams>('/products/:company/:item', async (request, reply) =>
    sendPage(reply, await render(request.params, doneNotice(parseForm(request.query)))),
  )
  for (const [what, change] of Object.entries({ terms: changeTerms, counts: countStock })) {
    server.post<ProductParams>(`/products/:company/:item/${what}`, async (request, reply) => {
      checkSameOrigin(request)
      const { company, item } = request.params
      const path = `/products/${encodeURIComponent(company)}/${encodeURIComponent(item)}`
      const work = () => database.transaction((tx) => change(tx, own(request.params), parseForm(request.body)))
      return post(reply, work, { path, again: (notice) => render(request.params, notice) })
    })
  }
}

export function registerFaultPlan(server: HttpServer, { faults }: BackOfficeOptions): void {
  server.get('/fault-plan', async (request, reply) =>
    sendPage(reply, faultsPage(faults.get(), doneNotice(parseForm(request.query)))),
  )
  server.post('/fault-plan', async (request, reply) => {
    checkSameOrigin(request)
    const work = async () => faults.set(faultPlanOf(parseForm(request.body)))
    return post(reply, work, { path: '/fault-plan', again: async (notice) => faultsPage(faults.get(), notice) })
  })
}

type ProductKey = { dataAreaId: string; ItemNumber: string }

async function changeTerms(tx: Tx, own: ProductKey, form: Form): Promise<unknown> {
  const price = decimalOf(form, 'price', 'Price')
  if (compare(price, '0') < 0) refuse('Price must not be negative.')
  const product = await getOwn(tx, 'released_product', own)
  return updateRow(tx, 'released_product', product.recid, {
    SalesPrice: price,
    IsSalesProcessingStopped: form.stopped === 'Yes' ? 'Yes' : 'No',
  })
}

async function countStock(tx: Tx, own: ProductKey, form: Form): Promise<unknown> {
  const quantity = decimalOf(form, 'quantity', 'On hand')
  if (compare(quantity, '0') < 0) refuse('On hand must not be negative.')
  const stock = await getOwn(tx, 'warehouse_on_hand', { ...own, InventoryWarehouseId: form.warehouse ?? '' })
  return updateOnHand(tx, stock, { OnHandQuantity: quantity })
}

async function getOwn(tx: Tx, table: string, where: Readonly<Record<string, string>>): Promise<Row> {
  const row = await findRow(tx, table, where, 'read')
  if (row === undefined) throw new AppError('scm.not_found', `There is nothing by the name of ${Object.values(where).join(' ')}`)
  return row
}

/** Empty fields leave a fault out; an empty form is an empty plan. */
function faultPlanOf(form: Form): FaultPlan {
  const filled = (name: string) => (form[name] ?? '').trim() !== ''
  const number = (name: string) => Number(decimalOf(form, name, name))
  const plan: Record<string, unknown> = {}
  if (filled('latencyMax')) plan.latencyMs = [filled('latencyMin') ? number('latencyMin') : 0, number('latencyMax')]
  if (filled('throttleRate'))
    plan.throttle = { rate: number('throttleRate'), retryAfterSeconds: filled('retryAfter') ? number('retryAfter') : 1 }
  if (filled('loseRate')) plan.loseAnswer = { rate: number('loseRate'), methods: ['POST', 'PATCH', 'PUT', 'DELETE'] }
  if (form.outage === 'cut') plan.outage = true
  if (form.outage === 'gateway') plan.outage = 'gateway'
  if (filled('seed')) plan.seed = number('seed')
  if (filled('only')) plan.only = form.only
  try {
    return parseFaultPlan(plan)
  } catch (error) {
    if (error instanceof AppError) return refuse(error.message)
    throw error
  }
}
