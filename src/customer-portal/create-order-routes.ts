import type { ContactVisitor } from '#access/visitor.ts'
import { isConfirmFirst } from '#dual-write/confirming.queries.ts'
import { AppError } from '#lib/app-error.ts'
import { add, type DecimalText } from '#lib/decimal.ts'
import { type Html, html } from '#lib/html.ts'
import type { Answer, FormHandler, FormValues, PageContext, PortalRoutes, ReadHandler } from '#portals/component.ts'
import { listRows, newRowId, type RowId } from '#tables/rows.queries.ts'
import { confirmationUrl } from './confirmation.ts'
import {
  closeDraft,
  DRAFT_LINES_MAX,
  findLine,
  insertDraft,
  insertLines,
  listLines,
  setLineRemoved,
  updateInformation,
  updateLine,
} from './drafts.queries.ts'
import {
  type Draft,
  type DraftLine,
  getDraft,
  getDraftToChange,
  INFORMATION_VERSION,
  isEditable,
  isRowId,
  readDraftLines,
  readTerms,
  today,
} from './drafts.ts'
import { where } from './filters.ts'
import { type Problems, parseInformation, parseLine } from './order-form.ts'
import { choosesTerms, getOrderer, type OrderTerms } from './order-terms.ts'
import { type OfferedProduct, readProductsById, searchProducts } from './price-book.ts'
import { estimateAmount } from './pricing.ts'
import { withdrawRefused } from './refused-orders.ts'
import { type Submission, submitDraft } from './submit.ts'
import { amountText, foundProducts } from './wizard/items.ts'
import { type Step, stepUrl, type WizardState } from './wizard/shell.ts'

/** What the wizard's forms post to, and the fragments that make it quicker. Every answer is a redirect, or the page with what is wrong. */
export function addCreateOrderRoutes(portal: PortalRoutes): void {
  portal.post('/create-order/information', saveInformation)
  portal.post('/create-order/lines', addLine)
  portal.post('/create-order/items', saveItems)
  portal.post('/create-order/submissions', submit)
  portal.post('/create-order/discards', discard)
  portal.get('/create-order/products', findProducts)
  portal.get('/create-order/accounts', findAccounts)
  portal.post('/create-order/estimates', estimate)
  // Whoever opens the address of a form again sees the wizard instead.
  for (const form of ['information', 'lines', 'items', 'submissions', 'discards', 'estimates'])
    portal.get(`/create-order/${form}`, async () => redirect('/create-order'))
}

const saveInformation: FormHandler = async (context, form) => {
  const orderer = getOrderer(context)
  const draft = form.text('draft') === '' ? undefined : await getOpenDraft(context, orderer, form.text('draft'))
  const parsed = await parseInformation(context, orderer, form)
  if (parsed.kind === 'bad')
    return showAgain(form, { step: 'information', draftId: draft?.draftId ?? null, problems: parsed.problems })
  const { information } = parsed.value
  if (draft !== undefined) {
    await updateInformation(context.tx, draft.draftId, { schemaVersion: INFORMATION_VERSION, values: information })
    return redirect(stepUrl(draft.draftId, 'items'))
  }
  const draftId = newRowId()
  await insertDraft(context.tx, orderer, { draftId, schemaVersion: INFORMATION_VERSION, information })
  return redirect(stepUrl(draftId, 'items'))
}

const addLine: FormHandler = async (context, form) => {
  const { draft, terms } = await getKnownDraft(context, getOrderer(context), form)
  const [productId, lineId, search] = [form.text('product'), form.text('line'), form.text('q')]
  const refuse = (problems: Problems, notice?: string) =>
    showAgain(form, {
      step: 'items',
      draftId: draft.draftId,
      problems,
      search,
      productId,
      ...(notice === undefined ? {} : { notice }),
    })
  const product = isRowId(productId) ? (await readProductsById(context, terms, [productId])).get(productId) : undefined
  if (product === undefined || !isRowId(lineId)) return refuse(new Map(), context.text('wizard.problem.product'))
  const parsed = parseLine(context, form, product, productId)
  if (parsed.kind === 'bad') return refuse(parsed.problems)
  if ((await listLines(context.tx, draft.draftId)).length >= DRAFT_LINES_MAX)
    return refuse(new Map(), context.text('wizard.problem.linesMax', { max: DRAFT_LINES_MAX }))
  const { quantity, unit } = parsed.value
  await insertLines(context.tx, draft.draftId, [{ lineId, productId, uomId: unit.uomId, quantity }])
  return redirect(stepUrl(draft.draftId, 'items', search === '' ? {} : { q: search }))
}

/** Keeps what was typed into the lines, then does what the pressed button says. Removing a line never fails for what stands in others. */
const saveItems: FormHandler = async (context, form) => {
  const { draft, terms } = await getKnownDraft(context, getOrderer(context), form)
  const [remove, restore] = [form.text('remove'), form.text('restore')]
  const { lines } = await readDraftLines(context, terms, draft.draftId)
  const edits = lines.filter((line) => line.lineId !== remove && form.names().includes(`quantity.${line.lineId}`))
  const parsed = edits.map((line) => ({ line, parsed: parseLine(context, form, line.product, line.lineId) }))
  const problems = new Map(parsed.flatMap((one) => (one.parsed.kind === 'bad' ? [...one.parsed.problems] : [])))
  if (problems.size > 0 && remove === '') return showAgain(form, { step: 'items', draftId: draft.draftId, problems })
  for (const one of parsed) await saveLine(context, draft, one.line, one.parsed)

  if (isRowId(remove) && (await findLine(context.tx, draft.draftId, remove)) !== undefined) {
    await setLineRemoved(context.tx, draft.draftId, { lineId: remove, removed: true })
    return redirect(stepUrl(draft.draftId, 'items', { removed: remove }))
  }
  if (isRowId(restore)) await setLineRemoved(context.tx, draft.draftId, { lineId: restore, removed: false })
  if (form.text('next') !== 'review') return redirect(stepUrl(draft.draftId, 'items'))
  if (lines.length === 0)
    return showAgain(form, {
      step: 'items',
      draftId: draft.draftId,
      problems: new Map(),
      notice: context.text('wizard.problem.lines'),
    })
  return redirect(stepUrl(draft.draftId, 'review'))
}

async function saveLine(
  context: PageContext,
  draft: Draft,
  line: DraftLine,
  parsed: ReturnType<typeof parseLine>,
): Promise<void> {
  if (parsed.kind === 'bad') return
  const { quantity, unit } = parsed.value
  if (quantity === line.quantity && unit.uomId === line.unit.uomId) return
  await updateLine(context.tx, draft.draftId, { lineId: line.lineId, uomId: unit.uomId, quantity })
}

const submit: FormHandler = async (context, form) => {
  const orderer = getOrderer(context)
  const reviewed = { version: form.text('version'), total: form.text('total') }
  const outcome = await submitDraft(context, orderer, form.text('draft'), reviewed)
  if (outcome.kind === 'submitted') {
    const isFirst = await context.database.statement((own) => isConfirmFirst(own, 'salesorder'))
    return redirect(isFirst ? confirmationUrl(outcome.orderId) : `/orders/${outcome.orderId}?placed=1`)
  }
  if (outcome.kind === 'overtaken') return redirect(`/orders/${outcome.orderId}?overtaken=1`)
  const what = outcome.kind === 'changed' ? 'changed' : outcome.what
  const notice = context.text(`wizard.problem.${what}`)
  return showAgain(
    form,
    { step: STEP_TO_MEND[what], draftId: form.text('draft'), problems: new Map(), notice },
    { status: 409, keepValues: false },
  )
}

const STEP_TO_MEND: Readonly<Record<'changed' | Extract<Submission, { kind: 'incomplete' }>['what'], Step>> = {
  changed: 'review',
  lines: 'items',
  gone: 'items',
  address: 'information',
  date: 'information',
  terms: 'information',
  discarded: 'information',
  company: 'information',
}

const discard: FormHandler = async (context, form) => {
  const orderer = getOrderer(context)
  const draft = await getDraftToChange(context, orderer, form.text('draft'))
  if (draft.state === 'refused' && draft.orderId !== null) {
    const outcome = await withdrawRefused(context, orderer, draft.orderId)
    if (outcome === 'overtaken') return redirect(`/orders/${draft.orderId}?overtaken=1`)
  }
  if (isEditable(draft)) await closeDraft(context.tx, draft.draftId, null)
  return redirect('/')
}

const findProducts: ReadHandler = async (context) => {
  const orderer = getOrderer(context)
  const draft = await getDraft(context, orderer, context.query.get('draft') ?? '')
  const outcome = await readTerms(context, orderer, draft.information)
  const search = (context.query.get('q') ?? '').slice(0, 100)
  if (outcome.kind !== 'ready' || search.trim() === '') return fragment(html``)
  const found = await searchProducts(context, outcome.terms, search)
  const view = { draft, terms: outcome.terms, search, values: new Map(), problems: new Map(), productId: undefined }
  return fragment(foundProducts(context, view, found))
}

const ACCOUNTS_FOUND_MAX = 20

/** Suggestions for an administrator: accounts of the chosen company by number or name. */
const findAccounts: ReadHandler = async (context) => {
  const orderer = getOrderer(context)
  const { tx, catalog, permissions, query } = context
  const [company, search] = [query.get('company') ?? '', query.get('account') ?? '']
  if (!choosesTerms(orderer) || !isRowId(company) || search.trim() === '') return fragment(html``)
  const rows = await listRows(tx, catalog, {
    table: catalog.get('account'),
    columns: ['accountnumber', 'name'],
    predicate: permissions.predicate(orderer, 'account', 'read'),
    filter: where('msdyn_company').is(company),
    search,
    orderBy: [{ column: 'accountnumber', descending: false }],
    rowsMax: ACCOUNTS_FOUND_MAX,
  })
  return fragment(
    html`${rows.map((row) => html`<option value="${String(row.accountnumber)}">${String(row.name ?? '')}</option>`)}`,
  )
}

/** The estimated net amount of what stands in a form at this moment: of a found product, or of a line with the total of all. Stores nothing. */
const estimate: FormHandler = async (context, form) => {
  const orderer = getOrderer(context)
  const draft = await getDraft(context, orderer, form.text('draft'))
  const outcome = await readTerms(context, orderer, draft.information)
  if (outcome.kind !== 'ready') return fragment(html``)
  const { terms } = outcome
  const lineId = context.query.get('line')
  if (lineId !== null) return fragment(await estimateLines(context, form, { draft, terms, lineId }))
  const productId = form.text('product')
  const product = isRowId(productId) ? (await readProductsById(context, terms, [productId])).get(productId) : undefined
  return fragment(product === undefined ? html`` : estimateOf(context, form, { product, terms, id: productId }).shown)
}

async function estimateLines(
  context: PageContext,
  form: FormValues,
  asked: { draft: Draft; terms: OrderTerms; lineId: string },
): Promise<Html> {
  const { terms } = asked
  const { lines } = await readDraftLines(context, terms, asked.draft.draftId)
  const typed = lines.map((line) => ({ line, ...estimateOf(context, form, { product: line.product, terms, id: line.lineId }) }))
  const known = typed.flatMap((one) => (one.amount === undefined ? [] : [one.amount]))
  const total = context.format.money(typed.some((one) => one.isWrong) ? null : add('0', ...known), terms.currencyCode)
  const shown = typed.find((one) => one.line.lineId === asked.lineId)?.shown
  return html`${shown}<strong id="lines-total" hx-swap-oob="true">${total}</strong>`
}

function estimateOf(
  context: PageContext,
  form: FormValues,
  asked: { product: OfferedProduct; terms: OrderTerms; id: RowId },
): { shown: Html; amount: DecimalText | undefined; isWrong: boolean } {
  const { product, terms } = asked
  const parsed = parseLine(context, form, product, asked.id)
  if (parsed.kind === 'bad') {
    const shown = html`<span class="field-error">${[...parsed.problems.values()][0]}</span>`
    return { shown, amount: undefined, isWrong: true }
  }
  const { quantity, unit } = parsed.value
  const amount = estimateAmount(product, { uomId: unit.uomId, quantity, currencyId: terms.currencyId, day: today(context) })
  return { shown: amountText(context, terms, amount), amount, isWrong: false }
}

async function getOpenDraft(context: PageContext, orderer: ContactVisitor, draftId: string): Promise<Draft> {
  const draft = await getDraftToChange(context, orderer, draftId)
  if (!isEditable(draft)) throw new AppError('draft.gone', 'This draft has been submitted or discarded')
  return draft
}

async function getKnownDraft(
  context: PageContext,
  orderer: ContactVisitor,
  form: FormValues,
): Promise<{ draft: Draft; terms: OrderTerms }> {
  const draft = await getOpenDraft(context, orderer, form.text('draft'))
  const outcome = await readTerms(context, orderer, draft.information)
  if (outcome.kind !== 'ready')
    throw new AppError('draft.conflict', 'Something that an order needs is missing; open the draft again')
  return { draft, terms: outcome.terms }
}

/** The same step with everything that is wrong and everything that was typed. */
function showAgain(
  form: FormValues,
  shown: { step: Step; draftId: RowId | null; problems: Problems; notice?: string; search?: string; productId?: RowId },
  options: { status: number; keepValues: boolean } = { status: 422, keepValues: true },
): Answer {
  const values = new Map(form.names().map((name) => [name, form.text(name)]))
  const { keepValues, status } = options
  const wizard: WizardState = { ...shown, ...(keepValues ? { values } : {}) }
  return { kind: 'page', page: 'create-order', status, state: { wizard } }
}

function redirect(to: string): Answer {
  return { kind: 'redirect', to }
}

function fragment(content: Html): Answer {
  return { kind: 'fragment', html: content }
}
