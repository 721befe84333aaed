import type { ContactVisitor } from '#access/visitor.ts'
import { compare, type DecimalText, decimalPlaces, parseDecimal } from '#lib/decimal.ts'
import type { FormValues, PageContext } from '#portals/component.ts'
import type { RowId } from '#tables/rows.queries.ts'
import { isCountry } from './addresses.ts'
import type { Information } from './drafts.ts'
import { choosesTerms, findChosenTerms, listCompanies, type OrderTerms, readOwnTerms } from './order-terms.ts'
import type { OfferedProduct, Unit } from './price-book.ts'

/** What is wrong with a field, in the reader's language. */
export type Problems = ReadonlyMap<string, string>

export type Parsed<T> = { kind: 'good'; value: T } | { kind: 'bad'; problems: Problems }

/** Order information as posted. Every problem is told at once; nothing that the visitor may not choose is believed. */
export async function parseInformation(
  context: PageContext,
  orderer: ContactVisitor,
  form: FormValues,
): Promise<Parsed<{ information: Information; terms: OrderTerms }>> {
  const problems = new Map<string, string>()
  const requestedReceiptDate = form.text('requestedReceiptDate')
  const date = dateProblem(context, requestedReceiptDate)
  if (date !== undefined) problems.set('requestedReceiptDate', date)
  const requisition = readText(context, form, problems, { field: 'requisition', lengthMax: 50, required: false })

  const chooses = choosesTerms(orderer)
  const terms = chooses ? await chosenTerms(context, form, problems) : await ownTerms(context, orderer, form, problems)
  const address = parseAddress(context, form, problems, terms)
  if (terms === undefined || address === undefined || problems.size > 0) return { kind: 'bad', problems }
  const chosen = chooses ? { companyId: terms.companyId, accountId: terms.accountId, country: terms.shipToCountry } : null
  return { kind: 'good', value: { information: { requestedReceiptDate, requisition, address, chosen }, terms } }
}

const QUANTITY_MAX = '100000000'

/** Quantity and unit of a line of this product, posted as `quantity.<id>` and `unit.<id>`. A comma counts as the decimal sign where the reader writes it so. */
export function parseLine(
  context: Pick<PageContext, 'text' | 'language' | 'format'>,
  form: FormValues,
  product: OfferedProduct,
  id: RowId,
): Parsed<{ quantity: DecimalText; unit: Unit }> {
  const problems = new Map<string, string>()
  const unit = product.units.find((one) => one.uomId === form.text(`unit.${id}`))
  if (unit === undefined) problems.set(`unit.${id}`, context.text('wizard.problem.unit'))
  const quantity = readQuantity(form.text(`quantity.${id}`), context.language)
  const wrong = quantityProblem(context, quantity, unit)
  if (wrong !== undefined) problems.set(`quantity.${id}`, wrong)
  if (unit === undefined || quantity === undefined || problems.size > 0) return { kind: 'bad', problems }
  return { kind: 'good', value: { quantity, unit } }
}

/** '1 250,5' as a French reader writes it, '1250.5' everywhere. A comma elsewhere could mean thousands: it is not guessed. */
function readQuantity(text: string, language: string): DecimalText | undefined {
  const parts = new Intl.NumberFormat(language).formatToParts(1.5)
  const isComma = parts.some((part) => part.type === 'decimal' && part.value === ',')
  const plain = isComma ? text.replace(/[\s\u00a0\u202f]/g, '').replace(',', '.') : text
  return plain.length > 30 ? undefined : parseDecimal(plain)
}

function quantityProblem(
  context: Pick<PageContext, 'text' | 'format'>,
  quantity: DecimalText | undefined,
  unit: Unit | undefined,
): string | undefined {
  if (quantity === undefined) return context.text('wizard.problem.quantity')
  if (compare(quantity, '0') <= 0) return context.text('wizard.problem.quantityPositive')
  if (compare(quantity, QUANTITY_MAX) > 0)
    return context.text('wizard.problem.quantityMax', { max: context.format.quantity(QUANTITY_MAX) })
  if (unit !== undefined && decimalPlaces(quantity) > unit.decimals)
    return context.text('wizard.problem.quantityDecimals', { unit: unit.symbol, decimals: unit.decimals })
  return undefined
}

const YEARS_AHEAD_MAX = 5
const DAY_MS = 86_400_000

/** Not in the past: it still is today somewhere on earth. */
function dateProblem(context: PageContext, date: string): string | undefined {
  if (date === '') return context.text('wizard.problem.required')
  const isDate = /^\d{4}-\d{2}-\d{2}$/.test(date) && new Date(`${date}T00:00:00Z`).toJSON()?.startsWith(date)
  if (!isDate) return context.text('wizard.problem.date')
  if (date < earliestDate(context)) return context.text('wizard.problem.datePast')
  const latest = new Date(context.clock.nowMs() + YEARS_AHEAD_MAX * 365 * DAY_MS).toISOString().slice(0, 10)
  return date > latest ? context.text('wizard.problem.dateFar', { years: YEARS_AHEAD_MAX }) : undefined
}

export function earliestDate(context: Pick<PageContext, 'clock'>): string {
  return new Date(context.clock.nowMs() - DAY_MS / 2).toISOString().slice(0, 10)
}

/** For everybody but administrators these are set: posting others is refused, posting the same changes nothing. */
async function ownTerms(
  context: PageContext,
  orderer: ContactVisitor,
  form: FormValues,
  problems: Map<string, string>,
): Promise<OrderTerms | undefined> {
  const outcome = await readOwnTerms(context, orderer)
  if (outcome.kind !== 'ready') {
    problems.set('account', context.text('wizard.problem.terms'))
    return undefined
  }
  const { terms } = outcome
  const own: Readonly<Record<string, readonly string[]>> = {
    company: [terms.companyId, terms.companyCode],
    account: [terms.accountId, terms.accountNumber],
    country: [terms.shipToCountry],
  }
  for (const [field, allowed] of Object.entries(own)) {
    if (form.all(field).some((posted) => posted !== '' && !allowed.includes(posted)))
      problems.set(field, context.text(`wizard.problem.${field}Fixed`))
  }
  return terms
}

async function chosenTerms(
  context: PageContext,
  form: FormValues,
  problems: Map<string, string>,
): Promise<OrderTerms | undefined> {
  const country = form.text('country')
  if (!isCountry(country)) problems.set('country', context.text('wizard.problem.required'))
  const companies = await listCompanies(context)
  const company = companies.find((one) => one.companyId === form.text('company'))
  if (company === undefined) problems.set('company', context.text('wizard.problem.required'))
  const number = form.text('account')
  if (number === '') problems.set('account', context.text('wizard.problem.required'))
  if (company === undefined || number === '' || number.includes('\0')) return undefined
  const { companyId } = company
  const outcome = await findChosenTerms(context, { companyId, account: { number }, country })
  if (outcome?.kind === 'ready') return outcome.terms
  const lacking = outcome?.kind === 'lacking' ? outcome.missing.filter((term) => term !== 'country') : []
  if (outcome === undefined) problems.set('account', context.text('wizard.problem.account', { company: company.name }))
  else if (outcome.kind === 'on-hold') problems.set('account', context.text('wizard.onHold', { account: outcome.accountName }))
  else if (lacking.length > 0) {
    const names = lacking.map((term) => context.text(`wizard.term.${term}`))
    problems.set('account', context.text('wizard.problem.accountLacks', { names: listOf(context, names) }))
  }
  return undefined
}

export function listOf(context: Pick<PageContext, 'language'>, names: readonly string[]): string {
  return new Intl.ListFormat(context.language, { type: 'conjunction' }).format(names)
}

function parseAddress(
  context: PageContext,
  form: FormValues,
  problems: Map<string, string>,
  terms: OrderTerms | undefined,
): Information['address'] | undefined {
  const choice = form.text('address')
  if (choice === 'address1' || choice === 'address2') {
    if (terms === undefined || terms.addresses.some((one) => one.key === choice)) return { kind: 'account', key: choice }
    problems.set('address', context.text('wizard.problem.addressCountry'))
    return undefined
  }
  if (choice !== 'other') {
    problems.set('address', context.text('wizard.problem.address'))
    return undefined
  }
  const read = (field: string, lengthMax: number, required: boolean) =>
    readText(context, form, problems, { field, lengthMax, required })
  return {
    kind: 'other',
    name: read('name', 60, true),
    street: read('street', 250, true),
    city: read('city', 60, true),
    postalCode: read('postalCode', 10, true),
    state: read('state', 10, false),
  }
}

function readText(
  context: PageContext,
  form: FormValues,
  problems: Map<string, string>,
  rule: { field: string; lengthMax: number; required: boolean },
): string {
  const value = form.text(rule.field)
  if (value === '' && rule.required) problems.set(rule.field, context.text('wizard.problem.required'))
  else if (value.length > rule.lengthMax) problems.set(rule.field, context.text('wizard.problem.long', { max: rule.lengthMax }))
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  else if (/[<>\u0000-\u001f\u007f]/.test(value)) problems.set(rule.field, context.text('wizard.problem.characters'))
  return value
}
