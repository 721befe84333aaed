import { type ContactVisitor, isAdministrator, type Visitor } from '#access/visitor.ts'
import { AppError } from '#lib/app-error.ts'
import type { PageContext } from '#portals/component.ts'
import { optionOf } from '#tables/definition.ts'
import { engineRows } from '#tables/predicate.ts'
import type { QueryRow } from '#tables/row-query.ts'
import { findRow, listRows, type RowId } from '#tables/rows.queries.ts'
import { type AccountAddress, addressesOf } from './addresses.ts'
import { every, where } from './filters.ts'

/**
 * What an order takes from who orders: set for everybody but administrators, who choose the company, the account and the country.
 * Nothing of it is ever taken from what a browser posts, unless the visitor may choose it.
 */
export type OrderTerms = {
  companyId: RowId
  companyCode: string
  companyName: string
  accountId: RowId
  accountNumber: string
  accountName: string
  invoiceAccountId: RowId
  /** Whom the seller asks about the order. */
  contactPersonId: RowId | null
  email: string | null
  priceListId: RowId
  currencyId: RowId
  currencyCode: string
  /** ISO 3166 code. */
  shipToCountry: string
  addresses: readonly AccountAddress[]
  paymentTermId: RowId | null
  deliveryModeId: RowId | null
  /** 'fr', 'en-us': the language the customer is written to in. */
  language: string | null
}

/** The five values without which the ERP refuses an order. */
const REQUIRED_TERMS = ['company', 'account', 'priceList', 'currency', 'country'] as const
export type RequiredTerm = (typeof REQUIRED_TERMS)[number]

export type TermsOutcome =
  | { kind: 'ready'; terms: OrderTerms }
  | { kind: 'lacking'; missing: readonly RequiredTerm[] }
  | { kind: 'on-hold'; accountName: string }

type Ground = Pick<PageContext, 'tx' | 'database' | 'catalog' | 'permissions' | 'visitor'>

/** The visitor who may order. Throws AppError `order.sign_in_required` or `order.forbidden`. */
export function getOrderer(context: Pick<PageContext, 'visitor' | 'permissions'>): ContactVisitor {
  const { visitor, permissions } = context
  if (visitor.kind !== 'contact') throw new AppError('order.sign_in_required', 'Sign in to order')
  if (!permissions.may(visitor, 'salesorder', 'create'))
    throw new AppError('order.forbidden', 'Your role does not allow you to order')
  return visitor
}

/** Whether the visitor says himself for which company and account an order is. */
export function choosesTerms(visitor: Visitor): boolean {
  return isAdministrator(visitor)
}

/** The terms of the account in use: of the visitor's own contact where it is the own account. Read as the ordering itself: which values an order needs is not his to see or hide. */
export async function readOwnTerms(context: Ground, orderer: ContactVisitor): Promise<TermsOutcome> {
  const { database, catalog } = context
  const columns = [
    ...['msdyn_company', 'msdyn_company.cdm_companycode', 'msdyn_company.cdm_name', 'parentcustomerid', 'emailaddress1'],
    ...['defaultpricelevelid', 'transactioncurrencyid', 'transactioncurrencyid.isocurrencycode', 'address1_country'],
    ...['adx_preferredlanguage', ...ACCOUNT_COLUMNS.map((column) => `parentcustomerid.${column}`)],
  ]
  const own = { table: catalog.get('contact'), columns, predicate: engineRows }
  const contact = await database.statement((tx) => findRow(tx, catalog, own, orderer.contactId))
  if (contact === undefined) return { kind: 'lacking', missing: REQUIRED_TERMS }
  if (orderer.accountId !== text(contact.parentcustomerid)) return readOtherTerms(context, orderer, contact)
  const account = behind(contact, 'parentcustomerid')
  const country = text(contact.address1_country)
  return outcomeOf(context, account, {
    company: companyOf(contact),
    accountId: text(contact.parentcustomerid),
    priceListId: text(contact.defaultpricelevelid),
    currencyId: text(contact.transactioncurrencyid),
    currencyCode: text(contact['transactioncurrencyid.isocurrencycode']),
    country,
    contactPersonId: orderer.contactId,
    email: text(contact.emailaddress1),
    language: text(contact.adx_preferredlanguage) ?? text(account.comptoir_languageid),
  })
}

/** For an account that is not the contact's own, all terms are the account's: the contact's are those of its own company. */
async function readOtherTerms(context: Ground, orderer: ContactVisitor, contact: QueryRow): Promise<TermsOutcome> {
  if (orderer.accountId === null) return { kind: 'lacking', missing: ['account'] }
  const { database, catalog } = context
  const columns = [
    ...['accountid', 'msdyn_company', 'msdyn_company.cdm_companycode', 'msdyn_company.cdm_name'],
    ...['defaultpricelevelid', 'transactioncurrencyid', 'transactioncurrencyid.isocurrencycode', ...ACCOUNT_COLUMNS],
  ]
  const inUse = { table: catalog.get('account'), columns, predicate: engineRows }
  const { accountId } = orderer
  const account = await database.statement((tx) => findRow(tx, catalog, inUse, accountId))
  if (account === undefined) return { kind: 'lacking', missing: REQUIRED_TERMS }
  return outcomeOf(context, account, {
    company: companyOf(account),
    accountId: text(account.accountid),
    priceListId: text(account.defaultpricelevelid),
    currencyId: text(account.transactioncurrencyid),
    currencyCode: text(account['transactioncurrencyid.isocurrencycode']),
    country: text(account.address1_country) ?? text(account.address2_country),
    contactPersonId: orderer.contactId,
    email: text(contact.emailaddress1),
    language: text(contact.adx_preferredlanguage) ?? text(account.comptoir_languageid),
  })
}

/** The terms of a chosen account, within what the visitor may see; undefined where there is no such account. */
export async function findChosenTerms(
  context: Ground,
  choice: { companyId: RowId; account: { id: RowId } | { number: string }; country: string },
): Promise<TermsOutcome | undefined> {
  const { tx, catalog, permissions, visitor } = context
  const which =
    'id' in choice.account ? where('accountid').is(choice.account.id) : where('accountnumber').is(choice.account.number)
  const columns = [
    ...[
      'accountid',
      'msdyn_company',
      'msdyn_company.cdm_companycode',
      'msdyn_company.cdm_name',
      'emailaddress1',
      'primarycontactid',
    ],
    ...['defaultpricelevelid', 'transactioncurrencyid', 'transactioncurrencyid.isocurrencycode', ...ACCOUNT_COLUMNS],
  ]
  const [account] = await listRows(tx, catalog, {
    table: catalog.get('account'),
    columns: [...new Set(columns)],
    predicate: permissions.predicate(visitor, 'account', 'read'),
    filter: every(where('msdyn_company').is(choice.companyId), which),
    rowsMax: 1,
  })
  if (account === undefined) return undefined
  return outcomeOf(context, account, {
    company: companyOf(account),
    accountId: text(account.accountid),
    priceListId: text(account.defaultpricelevelid),
    currencyId: text(account.transactioncurrencyid),
    currencyCode: text(account['transactioncurrencyid.isocurrencycode']),
    country: choice.country === '' ? null : choice.country,
    // The seller's own staff is no contact of the customer: the customer's main contact is asked.
    contactPersonId: text(account.primarycontactid),
    email: text(account.emailaddress1),
    language: text(account.comptoir_languageid),
  })
}

export type Company = { companyId: RowId; code: string; name: string }

const COMPANIES_MAX = 500

/** The legal entities an administrator can order in. */
export async function listCompanies(context: Ground): Promise<Company[]> {
  const { tx, catalog, permissions, visitor } = context
  const rows = await listRows(tx, catalog, {
    table: catalog.get('cdm_company'),
    columns: ['cdm_companyid', 'cdm_companycode', 'cdm_name'],
    predicate: permissions.predicate(visitor, 'cdm_company', 'read'),
    orderBy: [{ column: 'cdm_companycode', descending: false }],
    rowsMax: COMPANIES_MAX,
  })
  return rows.map((row) => ({
    companyId: String(row.cdm_companyid),
    code: String(row.cdm_companycode),
    name: text(row.cdm_name) ?? String(row.cdm_companycode),
  }))
}

const ACCOUNT_COLUMNS = [
  ...[
    'accountnumber',
    'name',
    'msdyn_billingaccount',
    'msdyn_onholdstatus',
    'msdyn_paymentterm',
    'msdyn_shipvia',
    'comptoir_languageid',
  ],
  ...['address1_line1', 'address1_city', 'address1_stateorprovince', 'address1_postalcode', 'address1_country'],
  ...['address2_line1', 'address2_city', 'address2_stateorprovince', 'address2_postalcode', 'address2_country'],
]

type Found = {
  company: Company | undefined
  accountId: RowId | null
  priceListId: RowId | null
  currencyId: RowId | null
  currencyCode: string | null
  country: string | null
  contactPersonId: RowId | null
  email: string | null
  language: string | null
}

function outcomeOf(context: Ground, account: QueryRow, found: Found): TermsOutcome {
  const { company, accountId, priceListId, currencyId, currencyCode, country } = found
  const present = { company, account: accountId, priceList: priceListId, currency: currencyId, country }
  if (
    company === undefined ||
    accountId === null ||
    priceListId === null ||
    currencyId === null ||
    currencyCode === null ||
    country === null
  ) {
    return { kind: 'lacking', missing: REQUIRED_TERMS.filter((term) => present[term] === null || present[term] === undefined) }
  }
  const accountName = text(account.name) ?? String(account.accountnumber)
  if (account.msdyn_onholdstatus === optionOf(context.catalog.get('account'), 'msdyn_onholdstatus', 'all'))
    return { kind: 'on-hold', accountName }
  return {
    kind: 'ready',
    terms: {
      companyId: company.companyId,
      companyCode: company.code,
      companyName: company.name,
      accountId,
      accountNumber: String(account.accountnumber),
      accountName,
      invoiceAccountId: text(account.msdyn_billingaccount) ?? accountId,
      contactPersonId: found.contactPersonId,
      email: found.email,
      priceListId,
      currencyId,
      currencyCode,
      shipToCountry: country,
      addresses: addressesOf(account, accountName, country),
      paymentTermId: text(account.msdyn_paymentterm),
      deliveryModeId: text(account.msdyn_shipvia),
      language: found.language,
    },
  }
}

function companyOf(row: QueryRow): Company | undefined {
  const companyId = text(row.msdyn_company)
  if (companyId === null) return undefined
  const code = text(row['msdyn_company.cdm_companycode']) ?? ''
  return { companyId, code, name: text(row['msdyn_company.cdm_name']) ?? code }
}

/** The columns that a path reached, under their own names. */
function behind(row: QueryRow, lookup: string): QueryRow {
  const prefix = `${lookup}.`
  return Object.fromEntries(
    Object.entries(row).flatMap(([key, value]) => (key.startsWith(prefix) ? [[key.slice(prefix.length), value]] : [])),
  )
}

function text(value: string | number | boolean | null | undefined): string | null {
  return value === null || value === undefined || value === '' ? null : String(value)
}
