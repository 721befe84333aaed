import { listInvitations } from '#access/invitations.ts'
import { findPeople, listSessions, type Person } from '#access/people.ts'
import { readStanding, type Standing } from '#access/standing.ts'
import { findSyncStates } from '#dual-write/sync-state.ts'
import { AppError } from '#lib/app-error.ts'
import type { Tx } from '#postgres/database.ts'
import { engineRows } from '#tables/predicate.ts'
import type { QueryRow } from '#tables/row-query.ts'
import { findRow } from '#tables/rows.queries.ts'
import type { ContactDetail, ContactSummary, OrderColumn, SignInState } from '../wire.ts'
import { textOf } from './lists.ts'
import type { StudioServices } from './services.ts'

const INVITATIONS_MAX = 20

export const CONTACT_COLUMNS = ['fullname', 'emailaddress1', 'parentcustomerid', 'parentcustomerid.name'] as const

const DETAIL_COLUMNS = [
  ...CONTACT_COLUMNS,
  'msdyn_contactpersonid',
  'telephone1',
  'jobtitle',
  'adx_preferredlanguage',
  'msdyn_company',
  'msdyn_company.cdm_name',
  'msdyn_company.cdm_companycode',
  'defaultpricelevelid',
  'defaultpricelevelid.name',
  'transactioncurrencyid',
  'transactioncurrencyid.isocurrencycode',
  'address1_country',
]

/** What a contact needs to order: the column that must be filled, and where its name for people stands. */
const ORDER_COLUMNS: readonly { column: OrderColumn; filled: string; shown: string }[] = [
  { column: 'company', filled: 'msdyn_company', shown: 'msdyn_company.cdm_name' },
  { column: 'account', filled: 'parentcustomerid', shown: 'parentcustomerid.name' },
  { column: 'priceList', filled: 'defaultpricelevelid', shown: 'defaultpricelevelid.name' },
  { column: 'currency', filled: 'transactioncurrencyid', shown: 'transactioncurrencyid.isocurrencycode' },
  { column: 'country', filled: 'address1_country', shown: 'address1_country' },
]

/** What `column` is called where people read it: 'msdyn_company' → 'company'. */
export function orderColumnOf(column: string): OrderColumn | undefined {
  return ORDER_COLUMNS.find((one) => one.filled === column)?.column
}

/** Rows with CONTACT_COLUMNS as lists show them, with the roles of each. */
export async function summarizeContacts(tx: Tx, rows: readonly QueryRow[]): Promise<ContactSummary[]> {
  const people = await findPeople(
    tx,
    rows.map((row) => String(row.contactid)),
  )
  return rows.map((row) => summaryOf(row, people.get(String(row.contactid))))
}

/** Throws AppError `studio.not_found`. */
export async function readContact(tx: Tx, services: StudioServices, id: string): Promise<ContactDetail> {
  const { catalog, clock } = services
  const row = await findRow(tx, catalog, { table: catalog.get('contact'), columns: DETAIL_COLUMNS, predicate: engineRows }, id)
  if (row === undefined) throw new AppError('studio.not_found', 'There is no such contact')
  const now = new Date(clock.nowMs())
  const standing = await readStanding(tx, catalog, id, now)
  const person = standing?.person
  const sessions = await listSessions(tx, id, now)
  const invitations = await listInvitations(tx, { contactId: id, before: null, now, rowsMax: INVITATIONS_MAX })
  return {
    ...summaryOf(row, person),
    ...accountsOf(standing),
    number: textOf(row, 'msdyn_contactpersonid'),
    phone: textOf(row, 'telephone1'),
    jobTitle: textOf(row, 'jobtitle'),
    language: textOf(row, 'adx_preferredlanguage'),
    orderColumns: ORDER_COLUMNS.map(({ column, filled, shown }) => ({
      column,
      value: textOf(row, filled) === null ? null : (textOf(row, shown) ?? textOf(row, filled)),
    })),
    signIn: {
      kind: signInKind(person, now),
      sessions: sessions.length,
      lastSeenAt: sessions[0]?.lastSeenAt ?? person?.signIn?.lastSignedInAt ?? null,
    },
    invitations: invitations.map(({ invitationId, roles, createdAt, expiresAt, state }) => ({
      id: invitationId,
      roles,
      createdAt,
      expiresAt,
      state,
    })),
    sync: (await findSyncStates(tx, 'contact', [id])).get(id) ?? { kind: 'unlinked' },
  }
}

function accountsOf(standing: Standing | undefined): Pick<ContactDetail, 'ownRoles' | 'areRolesLimited' | 'otherAccounts'> {
  const accounts = standing?.accounts ?? []
  const own = [...accounts.filter((one) => one.isOwn).flatMap((one) => one.roles), ...(standing?.rolesWithoutAccount ?? [])]
  return {
    ownRoles: own.map((one) => one.role),
    areRolesLimited: own.some((one) => one.validFrom !== null || one.validUntil !== null),
    otherAccounts: accounts
      .filter((one) => !one.isOwn)
      .map((one) => ({ id: one.accountId, name: one.name, roles: one.roles.map(({ role }) => role) })),
  }
}

function summaryOf(row: QueryRow, person: Person | undefined): ContactSummary {
  return {
    id: String(row.contactid),
    fullName: textOf(row, 'fullname') ?? '',
    email: textOf(row, 'emailaddress1'),
    accountId: textOf(row, 'parentcustomerid'),
    accountName: textOf(row, 'parentcustomerid.name'),
    roles: [...(person?.roles ?? [])],
  }
}

function signInKind(person: Person | undefined, now: Date): SignInState['kind'] {
  const signIn = person?.signIn
  if (signIn === undefined) return 'none'
  if (signIn.suspendedAt !== null) return 'suspended'
  return signIn.lockedUntil !== null && new Date(signIn.lockedUntil) > now ? 'locked' : 'active'
}
