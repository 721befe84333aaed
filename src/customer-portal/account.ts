import { findPeople, type Person } from '#access/people.ts'
import { AUTHENTICATED_USERS, isAdministrator } from '#access/visitor.ts'
import { AppError } from '#lib/app-error.ts'
import { emptyHtml, type Html, html } from '#lib/html.ts'
import type { Component, PageContext } from '#portals/component.ts'
import { optionOf } from '#tables/definition.ts'
import type { QueryRow } from '#tables/row-query.ts'
import { findRow, listRows } from '#tables/rows.queries.ts'
import { addressLines } from './addresses.ts'
import { isRowId } from './drafts.ts'
import { where } from './filters.ts'
import { readableOf, text } from './orders/list-rows.ts'
import { fact } from './wizard/fields.ts'

/**
 * What the seller knows about the visitor's company, and who may order for it. Administrators, who have no company of their own, look
 * one up (?account=<id>, ?q=<name>).
 */
export const account: Component = async (context) => {
  const { visitor } = context
  if (visitor.kind === 'anonymous') throw new AppError('account.sign_in_required', 'Sign in to see your account')
  const asked = isAdministrator(visitor) ? context.query.get('account') : null
  const accountId = asked ?? visitor.accountId
  const search = isAdministrator(visitor) ? await accountSearch(context) : emptyHtml
  if (accountId === null) return html`<div class="stack">${search}</div>`
  const row = isRowId(accountId) ? await findAccount(context, accountId) : undefined
  if (row === undefined) throw new AppError('account.not_found', 'There is no such account')
  return html`<div class="stack">${search}
    ${accountFacts(context, row)}
    <div class="grid addresses">${addressCard(context, row, 'address1')}${addressCard(context, row, 'address2')}</div>
    ${await people(context, accountId)}
  </div>`
}

const COLUMNS = [
  ...[
    'accountid',
    'accountnumber',
    'name',
    'emailaddress1',
    'telephone1',
    'creditlimit',
    'msdyn_onholdstatus',
    'msdyn_taxexemptnumber',
  ],
  ...['transactioncurrencyid.isocurrencycode', 'defaultpricelevelid.name', 'msdyn_paymentterm.msdyn_description'],
  ...['msdyn_paymentterm.msdyn_name', 'msdyn_shipvia.msdyn_description', 'msdyn_shipvia.msdyn_name', 'msdyn_company.cdm_name'],
  ...[
    'msdyn_billingaccount.name',
    'address1_line1',
    'address1_city',
    'address1_stateorprovince',
    'address1_postalcode',
    'address1_country',
  ],
  ...['address2_line1', 'address2_city', 'address2_stateorprovince', 'address2_postalcode', 'address2_country'],
]

function findAccount(context: PageContext, accountId: string): Promise<QueryRow | undefined> {
  const { tx, catalog, permissions, visitor } = context
  const columns = readableOf(context, 'account', COLUMNS)
  const predicate = permissions.predicate(visitor, 'account', 'read')
  return findRow(tx, catalog, { table: catalog.get('account'), columns, predicate, reach: permissions.reach(visitor) }, accountId)
}

function accountFacts(context: PageContext, row: QueryRow): Html {
  const label = (key: string) => context.text(`account.${key}`)
  const value = (...columns: string[]) => columns.map((column) => text(row[column])).find((one) => one !== null) ?? '–'
  const currency = text(row['transactioncurrencyid.isocurrencycode'])
  const limit = text(row.creditlimit)
  const isOnHold = row.msdyn_onholdstatus === optionOf(context.catalog.get('account'), 'msdyn_onholdstatus', 'all')
  return html`<section class="card stack" aria-labelledby="account-name">
    <h2 class="card-title" id="account-name">${value('name', 'accountnumber')}</h2>
    ${isOnHold ? html`<p class="notice notice-warn">${label('onHold')}</p>` : ''}
    <dl class="facts facts-roomy">
      ${fact(label('number'), value('accountnumber'))}
      ${fact(label('company'), value('msdyn_company.cdm_name'))}
      ${fact(label('invoiceAccount'), value('msdyn_billingaccount.name', 'name'))}
      ${fact(label('paymentTerms'), value('msdyn_paymentterm.msdyn_description', 'msdyn_paymentterm.msdyn_name'))}
      ${fact(label('deliveryMode'), value('msdyn_shipvia.msdyn_description', 'msdyn_shipvia.msdyn_name'))}
      ${fact(label('currency'), currency ?? '–')}
      ${fact(label('priceList'), value('defaultpricelevelid.name'))}
      ${fact(label('creditLimit'), limit === null || Number(limit) === 0 ? label('noLimit') : context.format.money(limit, currency))}
      ${fact(label('taxNumber'), value('msdyn_taxexemptnumber'))}
      ${fact(label('email'), value('emailaddress1'))}
      ${fact(label('telephone'), value('telephone1'))}
    </dl>
  </section>`
}

function addressCard(context: PageContext, row: QueryRow, key: 'address1' | 'address2'): Html {
  const part = (column: string) => text(row[`${key}_${column}`]) ?? ''
  if (part('line1') === '') return emptyHtml
  const address = {
    name: text(row.name) ?? '',
    street: part('line1'),
    city: part('city'),
    postalCode: part('postalcode'),
    state: part('stateorprovince'),
    country: part('country'),
  }
  return html`<section class="card stack" aria-labelledby="account-${key}"><h2 class="card-title" id="account-${key}">${context.text(`account.${key}`)}</h2>
    <address>${addressLines(address, context.language).map((line) => html`${line}<br>`)}</address></section>`
}

const PEOPLE_MAX = 500

/** The contacts of the account with their web roles: who may order, and who sees the orders of the others. */
async function people(context: PageContext, accountId: string): Promise<Html> {
  const { tx, catalog, permissions, visitor } = context
  const contacts = await listRows(tx, catalog, {
    table: catalog.get('contact'),
    columns: readableOf(context, 'contact', ['contactid', 'fullname', 'emailaddress1', 'telephone1', 'jobtitle']),
    predicate: permissions.predicate(visitor, 'contact', 'read'),
    filter: where('parentcustomerid').is(accountId),
    orderBy: [{ column: 'fullname', descending: false }],
    rowsMax: PEOPLE_MAX,
  })
  if (contacts.length === 0) return html`<p class="empty">${context.text('account.nobody')}</p>`
  const ids = contacts.map((one) => String(one.contactid))
  // Who can sign in and with which roles is no row of his tables: it is told of those whom he sees.
  const known = await context.database.statement((own) => findPeople(own, ids))
  const label = (key: string) => context.text(`account.people.${key}`)
  const rows = contacts.map((one) => personRow(context, one, accountId, known.get(String(one.contactid))))
  return html`<section class="stack" aria-labelledby="account-people"><h2 class="card-title" id="account-people">${label('title')}</h2>
    <div class="table-wrap"><table class="table"><caption class="visually-hidden">${label('title')}</caption>
    <thead><tr><th scope="col">${label('name')}</th><th scope="col">${label('email')}</th><th scope="col">${label('telephone')}</th><th scope="col">${label('roles')}</th><th scope="col">${label('mayOrder')}</th></tr></thead>
    <tbody>${rows}</tbody></table></div></section>`
}

function personRow(context: PageContext, row: QueryRow, accountId: string, person: Person | undefined): Html {
  const label = (key: string) => context.text(`account.people.${key}`)
  const cell = (key: string, content: Html | string) => html`<td data-label="${label(key)}">${content}</td>`
  const roles = person?.signIn === undefined ? [] : rolesFor(context, person, accountId)
  const mayOrder = person !== undefined && mayPersonOrder(context, accountId, person)
  const badge = html`<span class="badge ${mayOrder ? 'badge-good' : 'badge-neutral'}">${label(mayOrder ? 'yes' : 'no')}</span>`
  return html`<tr>${cell('name', text(row.fullname) ?? '–')}${cell('email', text(row.emailaddress1) ?? '–')}${cell('telephone', text(row.telephone1) ?? '–')}${cell('roles', roles.length === 0 ? label('noAccess') : roles.map((role) => roleName(context, role)).join(', '))}${cell('mayOrder', badge)}</tr>`
}

/** By the same rules that decide when the person signs in. */
function mayPersonOrder(context: PageContext, accountId: string, person: Person): boolean {
  if (person.signIn === undefined || person.signIn.suspendedAt !== null) return false
  const { contactId } = person
  const nobody = { companyId: null, accounts: [], accountPath: '', fullName: '', email: '', language: '' }
  const roles = [...rolesFor(context, person, accountId), AUTHENTICATED_USERS]
  return context.permissions.may({ kind: 'contact', ...nobody, contactId, accountId, roles }, 'salesorder', 'create')
}

/** Those that hold today. */
function rolesFor(context: PageContext, person: Person, accountId: string): string[] {
  const nowMs = context.clock.nowMs()
  const holds = (from: string | null, until: string | null) =>
    (from === null || Date.parse(from) <= nowMs) && (until === null || Date.parse(until) > nowMs)
  return person.grants.filter((one) => one.accountId === accountId && holds(one.validFrom, one.validUntil)).map((one) => one.role)
}

/** The shipped roles have a name in every language; a site's own are called what they are called. */
function roleName(context: PageContext, role: string): string {
  const key = `account.role.${role.toLowerCase().replaceAll(/[^a-z]+/g, '-')}`
  const name = context.text(key)
  return name === key ? role : name
}

const ACCOUNTS_FOUND_MAX = 20

async function accountSearch(context: PageContext): Promise<Html> {
  const { tx, catalog, permissions, visitor, query } = context
  const search = (query.get('q') ?? '').replaceAll('\0', '').trim().slice(0, 100)
  const rows =
    search === ''
      ? []
      : await listRows(tx, catalog, {
          table: catalog.get('account'),
          columns: ['accountid', 'accountnumber', 'name', 'msdyn_company.cdm_companycode'],
          predicate: permissions.predicate(visitor, 'account', 'read'),
          search,
          orderBy: [{ column: 'name', descending: false }],
          rowsMax: ACCOUNTS_FOUND_MAX,
        })
  const found = rows.map(
    (row) =>
      html`<li><a href="${context.path}?account=${String(row.accountid)}">${text(row.name) ?? '–'}</a> <span class="muted">${text(row.accountnumber)}, ${text(row['msdyn_company.cdm_companycode'])}</span></li>`,
  )
  return html`<form class="toolbar" method="get" action="${context.path}" role="search">
      <div class="field"><label class="field-label" for="account-q">${context.text('account.search')}</label><input class="input" id="account-q" name="q" type="search" maxlength="100" value="${search}"></div>
      <button class="button" type="submit">${context.text('account.find')}</button></form>
    ${search === '' ? '' : rows.length === 0 ? html`<p class="empty">${context.text('account.nothingFound')}</p>` : html`<ul class="plain-list">${found}</ul>`}`
}
