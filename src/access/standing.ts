import type { Tx } from '#postgres/database.ts'
import type { Catalog } from '#tables/catalog.ts'
import type { QueryRow } from '#tables/row-query.ts'
import { type RowId, readRowsById } from '#tables/rows.queries.ts'
import { countRoles, type RoleGrant } from './identity/identity.queries.ts'
import { listIdsWithState, listInvited } from './identity/invitations.queries.ts'
import { listMembershipRows } from './identity/memberships.queries.ts'
import { findPeople, type Person } from './people.ts'
import { AUTHENTICATED_USERS, type ContactVisitor } from './visitor.ts'

/** A person as access knows it: the accounts it belongs to and the roles it has for each, whether they hold now or not. */
export type Standing = {
  person: Person
  fullName: string
  email: string
  companyId: RowId | null
  accounts: readonly AccountStanding[]
  rolesWithoutAccount: readonly RoleStanding[]
}
export type SignInState = 'none' | 'invited' | 'active' | 'locked' | 'suspended'
export type AccountStanding = {
  accountId: RowId
  name: string
  companyId: RowId | null
  isOwn: boolean
  /** Whether the person may act for it now: the account is active, and so is the membership. */
  holds: boolean
  validFrom: string | null
  validUntil: string | null
  roles: readonly RoleStanding[]
}
export type RoleStanding = { role: string; validFrom: string | null; validUntil: string | null; holds: boolean }

/** Undefined where there is neither a contact nor a sign-in with this id. The own account comes first. */
export async function readStanding(tx: Tx, catalog: Catalog, contactId: RowId, now: Date): Promise<Standing | undefined> {
  const contact = (await readRowsById(tx, catalog.get('contact'), [contactId])).get(contactId)
  const person = (await findPeople(tx, [contactId])).get(contactId)
  if (person === undefined || (contact === undefined && person.signIn === undefined)) return undefined
  const memberships = await listMembershipRows(tx, [contactId])
  const own = textOf(contact, 'parentcustomerid')
  const ids = [...new Set([...(own === null ? [] : [own]), ...memberships.map((one) => one.accountId)])]
  const accounts = await readRowsById(tx, catalog.get('account'), ids)
  const rolesFor = (accountId: RowId | null) =>
    person.grants.filter((one) => one.accountId === accountId).map((one) => roleOf(one, now))
  return {
    person,
    fullName: textOf(contact, 'fullname') ?? person.signIn?.fullName ?? person.signIn?.email ?? '',
    email: person.signIn?.email ?? textOf(contact, 'emailaddress1') ?? '',
    companyId: textOf(contact, 'msdyn_company'),
    accounts: ids.flatMap((accountId) => {
      const account = accounts.get(accountId)
      if (account === undefined) return []
      const membership = accountId === own ? undefined : memberships.find((one) => one.accountId === accountId)
      const limits = { validFrom: membership?.validFrom ?? null, validUntil: membership?.validUntil ?? null }
      return [
        {
          accountId,
          name: textOf(account, 'name') ?? textOf(account, 'accountnumber') ?? accountId,
          companyId: textOf(account, 'msdyn_company'),
          isOwn: accountId === own,
          holds: account.statecode === 0 && isWithin(limits, now),
          ...limits,
          roles: rolesFor(accountId),
        },
      ]
    }),
    rolesWithoutAccount: rolesFor(null),
  }
}

/**
 * The visitor that this person is when it acts for the account, or for none: with the roles that hold now, as a request would have them.
 * Whether the person can sign in at all is not asked. Undefined where it may not act for the account.
 */
export function visitorOfStanding(standing: Standing, accountId: RowId | null): ContactVisitor | undefined {
  const account = standing.accounts.find((one) => one.accountId === accountId)
  if (accountId !== null && account?.holds !== true) return undefined
  const roles = (account?.roles ?? standing.rolesWithoutAccount).filter((one) => one.holds).map((one) => one.role)
  return {
    kind: 'contact',
    contactId: standing.person.contactId,
    accountId,
    accounts: [],
    accountPath: '',
    companyId: account === undefined || account.isOwn ? standing.companyId : account.companyId,
    fullName: standing.fullName,
    email: standing.email,
    roles: [...roles, AUTHENTICATED_USERS],
    language: 'en',
  }
}

/** How somebody gets in, by contact: not at all, by an invitation that is open, or with a sign-in that is good, locked or suspended. */
export async function readSignInStates(tx: Tx, people: Iterable<Person>, now: Date): Promise<Map<RowId, SignInState>> {
  const all = [...people]
  const without = all.filter((one) => one.signIn === undefined).map((one) => one.contactId)
  const invited = new Set(without.length === 0 ? [] : await listInvited(tx, without, now))
  return new Map(all.map((one) => [one.contactId, invited.has(one.contactId) ? 'invited' : stateOf(one, now)]))
}

function stateOf({ signIn }: Person, now: Date): SignInState {
  if (signIn === undefined) return 'none'
  if (signIn.suspendedAt !== null) return 'suspended'
  return signIn.lockedUntil !== null && new Date(signIn.lockedUntil) > now ? 'locked' : 'active'
}

function roleOf(grant: RoleGrant, now: Date): RoleStanding {
  const { role, validFrom, validUntil } = grant
  return { role, validFrom, validUntil, holds: isWithin(grant, now) }
}

function isWithin({ validFrom, validUntil }: { validFrom: string | null; validUntil: string | null }, now: Date): boolean {
  return (validFrom === null || new Date(validFrom) <= now) && (validUntil === null || new Date(validUntil) > now)
}

function textOf(row: QueryRow | undefined, column: string): string | null {
  const value = row?.[column] ?? null
  return value === null || value === '' ? null : String(value)
}

/** How many people who can sign in have each role now, for whatever account. */
export async function countPeopleWithRoles(tx: Tx, now: Date): Promise<Map<string, number>> {
  return new Map((await countRoles(tx, AUTHENTICATED_USERS, now)).map((one) => [one.role, one.people]))
}

/** Contacts in this state, the latest first. */
export function listContactsWithState(tx: Tx, state: Exclude<SignInState, 'none'>, now: Date, rowsMax: number): Promise<RowId[]> {
  return listIdsWithState(tx, state, now, rowsMax)
}
