import { AppError } from '#lib/app-error.ts'
import type { Database, Tx } from '#postgres/database.ts'
import type { Catalog } from '#tables/catalog.ts'
import { type RowId, readRowsById } from '#tables/rows.queries.ts'
import {
  addRoles,
  type Grant,
  listContactsOfEarlierRoles,
  listIdentitiesWithRole,
  replaceRoles,
  settleEarlierRoles,
} from './identity/identity.queries.ts'
import type { Policy } from './policy.ts'
import { ADMINISTRATOR } from './visitor.ts'

/**
 * The contact has exactly these assigned roles for this account from its next request on; without an account, where it acts for none.
 * The role Administrator is one without an account. Throws AppError `access.invalid` for roles the site does not have or that are for
 * no account, `access.conflict` where nobody would be left to administer.
 */
export async function setRoles(tx: Tx, policy: Policy, grant: Grant): Promise<void> {
  checkRoles(policy, grant.roles)
  if (grant.accountId !== null && grant.roles.includes(ADMINISTRATOR))
    throw new AppError('access.invalid', `${ADMINISTRATOR} is no role for a customer account: give it without one`)
  if (grant.accountId === null && (!grant.roles.includes(ADMINISTRATOR) || grant.validUntil != null))
    await keepAnAdministrator(tx, grant.contactId)
  await replaceRoles(tx, grant)
}

/** Adds roles to those the contact has: for the account, save Administrator, which is for none. */
export async function giveRoles(tx: Tx, grant: Grant): Promise<void> {
  const [global, own] = [[ADMINISTRATOR], grant.roles.filter((role) => role !== ADMINISTRATOR)]
  if (grant.roles.includes(ADMINISTRATOR)) await addRoles(tx, { ...grant, accountId: null, roles: global })
  await addRoles(tx, { ...grant, roles: own })
}

const EARLIER_CONTACTS_MAX = 1_000

/** Roles from before roles had an account become roles for the contact's own. Once there are none of these it costs one statement. */
export async function settleRolesOfEarlier({ database, catalog }: { database: Database; catalog: Catalog }): Promise<void> {
  const settle = () =>
    database.transaction(async (tx) => {
      const contactIds = await listContactsOfEarlierRoles(tx, EARLIER_CONTACTS_MAX)
      const contacts = await readRowsById(tx, catalog.get('contact'), contactIds)
      const own = contactIds.map((id) => contacts.get(id)?.parentcustomerid ?? null)
      await settleEarlierRoles(
        tx,
        contactIds,
        own.map((id) => (id === null ? null : String(id))),
      )
      return contactIds.length
    })
  while ((await settle()) > 0);
}

/** Throws AppError `access.invalid` unless all can be assigned: built-in roles cannot. */
export function checkRoles(policy: Policy, roles: readonly string[]): void {
  for (const name of roles) {
    const role = policy.roles.find((one) => one.name === name)
    if (role === undefined) throw new AppError('access.invalid', `There is no web role ${name}`)
    if (role.builtIn)
      throw new AppError('access.invalid', `Everybody has the role ${name} or not by itself; it cannot be assigned`)
  }
}

/** Throws AppError `access.conflict` when this is the only administrator who can sign in. Holds the others until the transaction ends. */
export async function keepAnAdministrator(tx: Tx, contactId: RowId): Promise<void> {
  const administrators = await listIdentitiesWithRole(tx, ADMINISTRATOR)
  if (administrators.length === 1 && administrators[0] === contactId)
    throw new AppError('access.conflict', 'This is the last administrator who can sign in; make somebody else one first')
}
