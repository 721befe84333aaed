import { AppError } from '#lib/app-error.ts'
import type { Tx } from '#postgres/database.ts'
import type { Catalog } from '#tables/catalog.ts'
import { type RowId, readRowsById } from '#tables/rows.queries.ts'
import { deleteRolesOf } from './identity/identity.queries.ts'
import { deleteMembership, listMembershipRows, type Membership, putMembership } from './identity/memberships.queries.ts'

/**
 * The contact may act for this account, too, from its next request on, between these moments where they are given; what it may do there
 * is said by the roles that it gets for it (setRoles). Throws AppError `access.invalid`: no such account or contact, the contact's own, or
 * an end before the beginning.
 */
export async function setMembership(
  tx: Tx,
  catalog: Catalog,
  membership: {
    contactId: RowId
    accountId: RowId
    validFrom?: Date | null
    validUntil?: Date | null
    grantedBy: RowId | null
    now: Date
  },
): Promise<void> {
  const { contactId, accountId, validFrom = null, validUntil = null } = membership
  const contact = (await readRowsById(tx, catalog.get('contact'), [contactId])).get(contactId)
  const account = (await readRowsById(tx, catalog.get('account'), [accountId])).get(accountId)
  if (contact === undefined) throw new AppError('access.invalid', 'There is no such contact')
  if (account === undefined) throw new AppError('access.invalid', 'There is no such customer account')
  if (contact.parentcustomerid === accountId) throw new AppError('access.invalid', 'This is the contact’s own account already')
  if (validFrom !== null && validUntil !== null && validFrom >= validUntil)
    throw new AppError('access.invalid', 'It would end before it begins')
  await putMembership(tx, { ...membership, validFrom, validUntil })
}

/** From the next request on the contact acts for this account no more, and its roles there are gone. Throws AppError `access.not_found`. */
export async function endMembership(tx: Tx, membership: { contactId: RowId; accountId: RowId }): Promise<void> {
  if (!(await deleteMembership(tx, membership.contactId, membership.accountId)))
    throw new AppError('access.not_found', 'This contact does not act for this account')
  await deleteRolesOf(tx, membership.contactId, membership.accountId)
}

/** Of these contacts, accounts beside their own. */
export function listMemberships(tx: Tx, contactIds: readonly RowId[]): Promise<Membership[]> {
  return listMembershipRows(tx, contactIds)
}
