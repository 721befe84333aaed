import { AppError } from '#lib/app-error.ts'
import type { Tx } from '#postgres/database.ts'
import type { Catalog } from '#tables/catalog.ts'
import { insertRows, newRowId, type RowId, readRowsById, setActor } from '#tables/rows.queries.ts'
import {
  findIdentities,
  findIdentityByEmail,
  findPasswordHash,
  type Identity,
  insertIdentity,
  listRoles,
  type RoleGrant,
  updatePassword,
  updateSuspension,
} from './identity/identity.queries.ts'
import { sha256Of } from './identity/secrets.ts'
import { deleteSessionsOf, listSessionsOf, type SessionInfo } from './identity/sessions.queries.ts'
import { findPasswordProblem, hashPassword, type PasswordProblem, verifyPassword } from './passwords.ts'
import { giveRoles, keepAnAdministrator } from './roles.ts'
import type { AccessPlace } from './sign-in.ts'
import { ADMINISTRATOR } from './visitor.ts'

/** How a contact stands with us. */
export type Person = {
  contactId: RowId
  /** Names of the assigned roles, for whatever account; they wait where there is no sign-in yet. */
  roles: readonly string[]
  /** The same one by one: for which account, and from when until when. */
  grants: readonly RoleGrant[]
  signIn: Identity | undefined
}

/** One entry for every id asked for, whether or not anything is known of it. */
export async function findPeople(tx: Tx, contactIds: readonly RowId[]): Promise<Map<RowId, Person>> {
  const identities = new Map((await findIdentities(tx, contactIds)).map((one) => [one.contactId, one]))
  const roles = Map.groupBy(await listRoles(tx, contactIds), (one) => one.contactId)
  return new Map(
    contactIds.map((contactId) => {
      const grants = roles.get(contactId) ?? []
      const names = [...new Set(grants.map((one) => one.role))]
      return [contactId, { contactId, roles: names, grants, signIn: identities.get(contactId) }]
    }),
  )
}

/** Where a person is signed in, latest first. */
export function listSessions(tx: Tx, contactId: RowId, now: Date): Promise<SessionInfo[]> {
  return listSessionsOf(tx, contactId, now)
}

/** Signs a person out everywhere. Answers of how many places. */
export function endSessions(tx: Tx, contactId: RowId): Promise<number> {
  return deleteSessionsOf(tx, contactId, null)
}

/** No sign-in, no session, from the next request on, until reactivated. Throws `access.not_found`, `access.conflict`. */
export async function suspendPerson(tx: Tx, contactId: RowId, now: Date): Promise<void> {
  await keepAnAdministrator(tx, contactId)
  if (!(await updateSuspension(tx, contactId, now))) throw notKnown()
  await deleteSessionsOf(tx, contactId, null)
}

export async function reactivatePerson(tx: Tx, contactId: RowId): Promise<void> {
  if (!(await updateSuspension(tx, contactId, null))) throw notKnown()
}

export type PasswordOutcome = { kind: 'changed' } | { kind: 'wrong_password' } | { kind: 'password'; problem: PasswordProblem }

/** Everywhere else the person is signed out. */
export async function changePassword(
  place: AccessPlace,
  change: { contactId: RowId; currentPassword: string; newPassword: string; sessionToken: string | undefined },
): Promise<PasswordOutcome> {
  const { database, clock } = place
  const known = await database.read((tx) => findPasswordHash(tx, change.contactId))
  if (!(await verifyPassword(known?.passwordHash, change.currentPassword)) || known === undefined)
    return { kind: 'wrong_password' }
  const problem = findPasswordProblem(change.newPassword, known.email)
  if (problem !== undefined) return { kind: 'password', problem }
  const passwordHash = await hashPassword(change.newPassword)
  await database.transaction(async (tx) => {
    await updatePassword(tx, change.contactId, passwordHash, new Date(clock.nowMs()))
    await deleteSessionsOf(tx, change.contactId, change.sessionToken === undefined ? null : sha256Of(change.sessionToken))
  })
  return { kind: 'changed' }
}

/**
 * A sign-in for an existing contact without an invitation, with roles for its own account: for demo people and commands. Answers false where the contact has one
 * already (nothing changes). Throws AppError `access.invalid`, `access.conflict`, `access.not_found`.
 */
export async function createSignIn(
  place: AccessPlace,
  person: { contactId: RowId; password: string; roles: readonly string[] },
): Promise<boolean> {
  const { database, catalog, clock } = place
  const passwordHash = await hashPassword(person.password)
  return database.transaction(async (tx) => {
    const now = new Date(clock.nowMs())
    if ((await findIdentities(tx, [person.contactId])).length > 0) return false
    const contact = (await readRowsById(tx, catalog.get('contact'), [person.contactId])).get(person.contactId)
    if (contact === undefined) throw new AppError('access.not_found', 'There is no such contact')
    const email = String(contact.emailaddress1 ?? '')
    await requireFreeEmail(tx, email, person.password)
    await insertIdentity(tx, { contactId: person.contactId, email, fullName: null, passwordHash, now })
    const accountId = contact.parentcustomerid === null ? null : String(contact.parentcustomerid)
    await giveRoles(tx, { contactId: person.contactId, accountId, roles: person.roles, grantedBy: null, now })
    return true
  })
}

/**
 * An administrator. With a company a contact of it without an account, so that orders can name the person; without one (nothing is
 * synced yet) a sign-in alone. Throws AppError `access.invalid`, `access.conflict`.
 */
export async function createAdministrator(
  place: AccessPlace,
  person: { email: string; fullName: string; password: string; companyId: RowId | null },
): Promise<RowId> {
  const { database, catalog, clock } = place
  const email = person.email.trim()
  if (!/^[^\s@]+@[^\s@]+$/.test(email) || email.length > 100) throw new AppError('access.invalid', 'That is not an email address')
  const fullName = person.fullName.trim() === '' ? email : person.fullName.trim().slice(0, 100)
  const passwordHash = await hashPassword(person.password)
  return database.transaction(async (tx) => {
    const now = new Date(clock.nowMs())
    await requireFreeEmail(tx, email, person.password)
    const contactId = newRowId()
    if (person.companyId !== null) await insertContact(tx, catalog, { contactId, email, fullName, companyId: person.companyId })
    await insertIdentity(tx, { contactId, email, fullName, passwordHash, now })
    await giveRoles(tx, { contactId, accountId: null, roles: [ADMINISTRATOR], grantedBy: null, now })
    return contactId
  })
}

/** Who signs in with this address. */
export async function findPersonByEmail(tx: Tx, email: string): Promise<Identity | undefined> {
  const found = await findIdentityByEmail(tx, email)
  if (found === undefined) return undefined
  const { passwordHash: _secret, ...identity } = found
  return identity
}

async function requireFreeEmail(tx: Tx, email: string, password: string): Promise<void> {
  if (email === '') throw new AppError('access.invalid', 'The contact has no email address to sign in with')
  if (findPasswordProblem(password, email) !== undefined)
    throw new AppError(
      'access.invalid',
      'The password needs at least 10 different enough characters and must not be the email address',
    )
  if ((await findIdentityByEmail(tx, email)) !== undefined)
    throw new AppError('access.conflict', `Somebody signs in with ${email} already`)
}

async function insertContact(
  tx: Tx,
  catalog: Catalog,
  person: { contactId: RowId; email: string; fullName: string; companyId: RowId },
): Promise<void> {
  const words = person.fullName.split(/\s+/)
  const lastname = words.length > 1 ? (words.pop() ?? '') : ''
  await setActor(tx, person.contactId)
  await insertRows(tx, catalog.get('contact'), [
    {
      contactid: person.contactId,
      firstname: words.join(' ').slice(0, 50),
      lastname: lastname.slice(0, 50),
      emailaddress1: person.email,
      msdyn_company: person.companyId,
    },
  ])
}

function notKnown(): AppError {
  return new AppError('access.not_found', 'This contact has no sign-in')
}
