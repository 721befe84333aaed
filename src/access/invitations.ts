import { uuidv7 } from 'uuidv7'
import { AppError } from '#lib/app-error.ts'
import { sqlStateOf, type Tx } from '#postgres/database.ts'
import type { Catalog } from '#tables/catalog.ts'
import { engineRows } from '#tables/predicate.ts'
import type { QueryRow } from '#tables/row-query.ts'
import { type RowId, readRowsById, setActor, updateRow } from '#tables/rows.queries.ts'
import { findIdentities, findIdentityByEmail, insertIdentity } from './identity/identity.queries.ts'
import {
  type FoundInvitation,
  findInvitation,
  type InvitationInfo,
  type InvitationType,
  insertInvitation,
  listInvitations as listInvitationRows,
  lockInvitation,
  updateRedeemed,
  updateRevoked,
} from './identity/invitations.queries.ts'
import { newSecret, sha256Of } from './identity/secrets.ts'
import { setMembership } from './memberships.ts'
import { findPasswordProblem, hashPassword, type PasswordProblem } from './passwords.ts'
import type { Policy } from './policy.ts'
import { checkRoles, giveRoles } from './roles.ts'
import type { AccessPlace } from './sign-in.ts'

/** What a contact must have to order: company, potential customer, price list, currency, ship-to country. */
const ORDERING_COLUMNS = [
  'msdyn_company',
  'parentcustomerid',
  'defaultpricelevelid',
  'transactioncurrencyid',
  'address1_country',
] as const
export type OrderingColumn = (typeof ORDERING_COLUMNS)[number]

export type InvitationRequest = {
  contactIds: readonly RowId[]
  /** Given at redemption, beside those the contact has already. */
  roles: readonly string[]
  /** For which account they get the roles, and may act from then on: each their own, where it is left out. */
  accountId?: RowId | null
  type: InvitationType
  /** For a group: how many of the invited may come in. All, where it is left out. */
  redemptionsMax?: number
  expiresAt?: Date
  createdBy: RowId | null
  now: Date
}

export type Invited = {
  contactId: RowId
  fullName: string
  email: string
  /** The secret of the link /invitation/<code>. Known here and in the mail alone. */
  code: string
  language: string | null
  /** Still empty after what the account could give: with these lacking, the contact can sign in but not order. */
  missing: readonly OrderingColumn[]
}

const INVITATION_MS = 14 * 24 * 3_600_000
const CONTACTS_MAX = 200
const UNIQUE_VIOLATION = '23505'

/**
 * Lets contacts in, each with a code of their own. A contact needs an account, a company and a mail address first; empty ordering
 * columns are filled from the account. Throws AppError `access.invalid` with every reason by contact.
 */
export async function createInvitation(
  tx: Tx,
  catalog: Catalog,
  policy: Policy,
  request: InvitationRequest,
): Promise<{ invitationId: string; invited: Invited[]; expiresAt: Date }> {
  const contactIds = [...new Set(request.contactIds)]
  const expiresAt = request.expiresAt ?? new Date(request.now.getTime() + INVITATION_MS)
  const redemptionsMax = request.type === 'single' ? 1 : (request.redemptionsMax ?? contactIds.length)
  checkRoles(policy, request.roles)
  checkExtent(request, contactIds, redemptionsMax, expiresAt)
  const contacts = await readContacts(tx, catalog, contactIds)

  if (request.createdBy !== null) await setActor(tx, request.createdBy)
  const accounts = await readRowsById(
    tx,
    catalog.get('account'),
    contacts.map((contact) => String(contact.parentcustomerid)),
  )
  const invited: Invited[] = []
  const codes: { contactId: RowId; sha256: Buffer }[] = []
  for (const contact of contacts) {
    const contactId = String(contact.contactid)
    const account = accounts.get(String(contact.parentcustomerid)) ?? {}
    const completed = await fillFromAccount(tx, catalog, contact, account)
    const { secret, sha256 } = newSecret()
    codes.push({ contactId, sha256 })
    invited.push({
      contactId,
      fullName: String(contact.fullname ?? ''),
      email: String(contact.emailaddress1),
      code: secret,
      language: textOf(contact.adx_preferredlanguage) ?? textOf(account.comptoir_languageid) ?? null,
      missing: ORDERING_COLUMNS.filter((column) => isEmpty(completed[column])),
    })
  }
  const invitationId = uuidv7()
  await insertInvitation(tx, { ...request, accountId: request.accountId ?? null, invitationId, redemptionsMax, expiresAt, codes })
  return { invitationId, invited, expiresAt }
}

/** What stands behind a code. Of a code that is no longer good the reason is told: whoever has it was invited. */
export type InvitationState =
  | { kind: 'open'; contactId: RowId; fullName: string; email: string }
  | { kind: 'refused'; reason: InvitationRefusal }
export type InvitationRefusal = 'unknown' | 'expired' | 'revoked' | 'redeemed' | 'full' | 'email_taken'

export async function readInvitation(tx: Tx, catalog: Catalog, code: string, now: Date): Promise<InvitationState> {
  return stateOf(tx, catalog, await findInvitation(tx, sha256Of(code), now))
}

export type RedemptionOutcome =
  | { kind: 'redeemed'; contactId: RowId; email: string }
  | { kind: 'refused'; reason: InvitationRefusal }
  | { kind: 'password'; problem: PasswordProblem }

/** The invited person chooses a password and can sign in from now on, with the contact's mail address and the invitation's roles. */
export async function redeemInvitation(
  place: AccessPlace,
  redemption: { code: string; password: string },
): Promise<RedemptionOutcome> {
  const { database, catalog } = place
  const now = new Date(place.clock.nowMs())
  const codeSha256 = sha256Of(redemption.code)
  const before = await database.read(async (tx) => stateOf(tx, catalog, await findInvitation(tx, codeSha256, now)))
  if (before.kind === 'refused') return before
  const problem = findPasswordProblem(redemption.password, before.email)
  if (problem !== undefined) return { kind: 'password', problem }
  const passwordHash = await hashPassword(redemption.password)
  const redeem = async (tx: Tx): Promise<RedemptionOutcome> => {
    const invitation = await lockInvitation(tx, codeSha256, now)
    const state = await stateOf(tx, catalog, invitation)
    if (state.kind === 'refused' || invitation === undefined)
      return state.kind === 'refused' ? state : { kind: 'refused', reason: 'unknown' }
    const { contactId, email } = state
    await insertIdentity(tx, { contactId, email, fullName: null, passwordHash, now })
    await admit(tx, catalog, { ...invitation, now })
    await updateRedeemed(tx, { invitationId: invitation.invitationId, contactId, now })
    return { kind: 'redeemed', contactId, email }
  }
  return database.transaction(redeem).catch((error: unknown): RedemptionOutcome => {
    // Two contacts with one address redeemed at the same moment: the database let one in.
    if (sqlStateOf(error) === UNIQUE_VIOLATION) return { kind: 'refused', reason: 'email_taken' }
    throw error
  })
}

/** The invitation's roles: for its account, of which the contact becomes a member, or else for the contact's own. */
async function admit(tx: Tx, catalog: Catalog, invitation: FoundInvitation & { now: Date }): Promise<void> {
  const { contactId, createdBy, now } = invitation
  const contact = (await readRowsById(tx, catalog.get('contact'), [contactId])).get(contactId)
  const own = textOf(contact?.parentcustomerid) ?? null
  const accountId = invitation.accountId ?? own
  if (accountId !== null && accountId !== own)
    await setMembership(tx, catalog, { contactId, accountId, grantedBy: createdBy, now })
  await giveRoles(tx, { contactId, accountId, roles: invitation.roles, grantedBy: createdBy, now })
}

/** Codes that were not redeemed are worthless from now on. Throws AppError `access.not_found`. */
export async function revokeInvitation(tx: Tx, invitationId: string, now: Date): Promise<void> {
  if (!(await updateRevoked(tx, invitationId, now)))
    throw new AppError('access.not_found', 'There is no such invitation that is open')
}

export function listInvitations(
  tx: Tx,
  page: { contactId: RowId | null; before: string | null; now: Date; rowsMax: number },
): Promise<InvitationInfo[]> {
  return listInvitationRows(tx, page)
}

async function stateOf(tx: Tx, catalog: Catalog, found: FoundInvitation | undefined): Promise<InvitationState> {
  const refused = (reason: InvitationRefusal): InvitationState => ({ kind: 'refused', reason })
  if (found === undefined) return refused('unknown')
  if (found.redeemedAt !== null || found.hasIdentity) return refused('redeemed')
  if (found.revokedAt !== null) return refused('revoked')
  if (found.expired) return refused('expired')
  if (found.redemptions >= found.redemptionsMax) return refused('full')
  const contact = (await readRowsById(tx, catalog.get('contact'), [found.contactId])).get(found.contactId)
  const email = textOf(contact?.emailaddress1)
  if (contact === undefined || contact.statecode !== 0 || email === undefined) return refused('revoked')
  if ((await findIdentityByEmail(tx, email)) !== undefined) return refused('email_taken')
  return { kind: 'open', contactId: found.contactId, fullName: String(contact.fullname ?? ''), email }
}

function checkExtent(request: InvitationRequest, contactIds: readonly RowId[], redemptionsMax: number, expiresAt: Date): void {
  const count = contactIds.length
  if (count === 0 || count > CONTACTS_MAX)
    throw new AppError('access.invalid', `An invitation is for 1 to ${CONTACTS_MAX} contacts`)
  if (request.type === 'single' && count > 1)
    throw new AppError('access.invalid', 'A single invitation is for one contact; invite several as a group')
  if (!Number.isSafeInteger(redemptionsMax) || redemptionsMax < 1 || redemptionsMax > count)
    throw new AppError('access.invalid', `Between 1 and ${count} redemptions can be allowed for ${count} contacts`)
  if (!(expiresAt > request.now)) throw new AppError('access.invalid', 'An invitation must end in the future')
}

/** The contacts in the order asked. Everything that stands against inviting them is said at once. */
async function readContacts(tx: Tx, catalog: Catalog, contactIds: readonly RowId[]): Promise<QueryRow[]> {
  const found = await readRowsById(tx, catalog.get('contact'), contactIds)
  const signedUp = new Set((await findIdentities(tx, contactIds)).map((identity) => identity.contactId))
  const problems: string[] = []
  const contacts: QueryRow[] = []
  for (const contactId of contactIds) {
    const contact = found.get(contactId)
    if (contact === undefined) {
      problems.push(`There is no contact ${contactId}`)
      continue
    }
    const who = textOf(contact.fullname) ?? contactId
    if (isEmpty(contact.msdyn_company)) problems.push(`${who} has no company (legal entity)`)
    if (isEmpty(contact.parentcustomerid)) problems.push(`${who} belongs to no customer account`)
    if (isEmpty(contact.emailaddress1)) problems.push(`${who} has no email address`)
    if (contact.statecode !== 0) problems.push(`${who} is inactive`)
    if (signedUp.has(contactId)) problems.push(`${who} can sign in already`)
    contacts.push(contact)
  }
  if (problems.length > 0) throw new AppError('access.invalid', problems.join('. '), { details: { problems } })
  return contacts
}

/** Writes what is empty on the contact and known of the account; answers the contact as it then is. */
async function fillFromAccount(tx: Tx, catalog: Catalog, contact: QueryRow, account: QueryRow): Promise<QueryRow> {
  const known: QueryRow = {
    defaultpricelevelid: account.defaultpricelevelid ?? null,
    transactioncurrencyid: account.transactioncurrencyid ?? null,
    address1_country: account.address1_country ?? account.address2_country ?? null,
  }
  const filled = Object.fromEntries(
    Object.entries(known).filter(([column, value]) => isEmpty(contact[column]) && !isEmpty(value)),
  )
  if (Object.keys(filled).length > 0)
    await updateRow(tx, catalog.get('contact'), String(contact.contactid), filled, { predicate: engineRows })
  return { ...contact, ...filled }
}

function isEmpty(value: QueryRow[string] | undefined): boolean {
  return value === null || value === undefined || value === ''
}

function textOf(value: QueryRow[string] | undefined): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined
}
