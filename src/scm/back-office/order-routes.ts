import type { HttpServer, Reply } from '#http/server.ts'
import { AppError } from '#lib/app-error.ts'
import { type DecimalText, parseDecimal } from '#lib/decimal.ts'
import type { Tx } from '#postgres/database.ts'
import { refuse } from '../domain/infolog.ts'
import { cancelOrder } from '../domain/orders/cancel.ts'
import { confirmOrder } from '../domain/orders/confirm.ts'
import { invoiceOrder } from '../domain/orders/invoice.ts'
import { pickOrder } from '../domain/orders/pick.ts'
import type { OrderKey } from '../domain/orders/processing.ts'
import { holdOrder, rescheduleOrder } from '../domain/orders/reschedule.ts'
import { shipOrder } from '../domain/orders/ship.ts'
import { findRow, getRow, listRows } from '../domain/rows.queries.ts'
import { text, type WriteContext } from '../domain/rows.ts'
import { checkSameOrigin, dayOfForm, doneNotice, type Form, parseForm, post } from './forms.ts'
import { type ListAsk, listCompanies, listOrders } from './lists.queries.ts'
import type { BackOfficeOptions } from './options.ts'
import { type OrderView, orderPage, ordersPage } from './order-pages.ts'
import type { Notice } from './page.ts'

const PAGE_ROWS_MAX = 50

type OrderParams = { Params: { company: string; number: string } }

/** What a person can post for an order: the last part of the path, and the step of order processing behind it. */
const STEPS: Readonly<Record<string, (tx: Tx, key: OrderKey, form: Form, context: WriteContext) => Promise<unknown>>> = {
  confirmations: (tx, key, _form, context) => confirmOrder(tx, key, context),
  'picking-lists': (tx, key) => pickOrder(tx, key),
  'packing-slips': (tx, key, form, context) => shipOrder(tx, key, form.all === 'yes' ? 'all' : quantitiesOf(form), context),
  invoices: (tx, key, _form, context) => invoiceOrder(tx, key, context),
  cancellations: (tx, key) => cancelOrder(tx, key),
  holds: (tx, key, form) => holdOrder(tx, key, form.stopped === 'yes'),
  schedules: (tx, key, form) =>
    rescheduleOrder(tx, key, {
      kind: 'Confirmed',
      shippingMs: dayOfForm(form, 'shipping', 'Confirmed shipping'),
      receiptMs: dayOfForm(form, 'receipt', 'Confirmed receipt'),
    }),
}

export function registerOrders(server: HttpServer, { database, clock }: BackOfficeOptions): void {
  server.get('/orders', async (request, reply) => {
    const query = parseForm(request.query)
    const ask: ListAsk = {
      company: query.company ?? '',
      status: query.status ?? '',
      search: (query.q ?? '').trim(),
      before: /^\d{1,15}$/.test(query.before ?? '') ? Number(query.before) : 0,
      rowsMax: PAGE_ROWS_MAX,
    }
    const view = await database.read(async (tx) => ({
      ask,
      companies: await listCompanies(tx),
      orders: await listOrders(tx, ask),
    }))
    return sendPage(reply, ordersPage(view))
  })

  const render = async (key: OrderKey, notice?: Notice) => orderPage(await database.read((tx) => readOrder(tx, key)), notice)

  server.get<OrderParams>('/orders/:company/:number', async (request, reply) =>
    sendPage(reply, await render(request.params, doneNotice(parseForm(request.query)))),
  )

  for (const [what, step] of Object.entries(STEPS)) {
    server.post<OrderParams>(`/orders/:company/:number/${what}`, async (request, reply) => {
      checkSameOrigin(request)
      const key = request.params
      const path = `/orders/${encodeURIComponent(key.company)}/${encodeURIComponent(key.number)}`
      const work = () => database.transaction((tx) => step(tx, key, parseForm(request.body), { nowMs: clock.nowMs() }))
      return post(reply, work, { path, again: (notice) => render(key, notice) })
    })
  }
}

export function sendPage(reply: Reply, text: string): unknown {
  return reply.type('text/html; charset=utf-8').send(text)
}

async function readOrder(tx: Tx, key: OrderKey): Promise<OrderView> {
  const own = { dataAreaId: key.company, SalesOrderNumber: key.number }
  const header = await findRow(tx, 'sales_order_header', own)
  if (header === undefined) throw new AppError('scm.not_found', `There is no sales order ${key.number} in company ${key.company}`)
  const account = { dataAreaId: key.company, CustomerAccount: text(header, 'OrderingCustomerAccountNumber') }
  return {
    header,
    customer: await getRow(tx, 'customer', account),
    lines: await listRows(tx, 'sales_order_line', own, 'LineNumber'),
    slips: await listRows(tx, 'packing_slip', { dataAreaId: key.company, SalesId: key.number }, 'recid'),
    invoices: await listRows(tx, 'sales_invoice_header', own, 'recid'),
  }
}

/** Fields `quantity.<lot>`; empty ones ship nothing. */
function quantitiesOf(form: Form): Record<string, DecimalText> {
  const quantities: Record<string, DecimalText> = {}
  for (const [name, value] of Object.entries(form)) {
    if (!name.startsWith('quantity.') || value.trim() === '') continue
    quantities[name.slice('quantity.'.length)] = parseDecimal(value.replace(',', '.')) ?? refuse(`'${value}' is not a quantity.`)
  }
  if (Object.keys(quantities).length === 0) refuse('Enter the quantity to ship of at least one line.')
  return quantities
}
