import type { Tx } from '#postgres/database.ts'
import type { RowId } from '#tables/rows.queries.ts'

/** That a contact may act for an account beside its own. */
export type Membership = {
  contactId: RowId
  accountId: RowId
  validFrom: string | null
  validUntil: string | null
  grantedAt: string
  grantedBy: RowId | null
}

export async function putMembership(
  tx: Tx,
  membership: {
    contactId: RowId
    accountId: RowId
    validFrom: Date | null
    validUntil: Date | null
    grantedBy: RowId | null
    now: Date
  },
): Promise<void> {
  await tx`
    insert into access.membership (contact_id, account_id, valid_from, valid_until, granted_at, granted_by)
    values (${membership.contactId}::uuid, ${membership.accountId}::uuid, ${membership.validFrom}::timestamptz,
            ${membership.validUntil}::timestamptz, ${membership.now}, ${membership.grantedBy}::uuid)
    on conflict (contact_id, account_id) do update
      set valid_from = excluded.valid_from, valid_until = excluded.valid_until`
}

/** Answers whether there was one. */
export async function deleteMembership(tx: Tx, contactId: RowId, accountId: RowId): Promise<boolean> {
  const rows = await tx`
    delete from access.membership where contact_id = ${contactId}::uuid and account_id = ${accountId}::uuid returning 1 as one`
  return rows.length === 1
}

export function listMembershipRows(tx: Tx, contactIds: readonly RowId[]): Promise<Membership[]> {
  return tx<Membership>`
    select contact_id as "contactId", account_id as "accountId", valid_from as "validFrom", valid_until as "validUntil",
           granted_at as "grantedAt", granted_by as "grantedBy"
      from access.membership where contact_id = any(${contactIds}::uuid[]) order by granted_at, account_id`
}
