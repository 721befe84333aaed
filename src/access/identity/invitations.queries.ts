import type { Tx } from '#postgres/database.ts'
import type { RowId } from '#tables/rows.queries.ts'

export type InvitationType = 'single' | 'group'

export async function insertInvitation(
  tx: Tx,
  invitation: {
    invitationId: string
    type: InvitationType
    roles: readonly string[]
    accountId: RowId | null
    redemptionsMax: number
    expiresAt: Date
    createdBy: RowId | null
    now: Date
    codes: readonly { contactId: RowId; sha256: Buffer }[]
  },
): Promise<void> {
  await tx`
    insert into access.invitation (invitation_id, type, roles, account_id, redemptions_max, expires_at, created_at, created_by)
    values (${invitation.invitationId}::uuid, ${invitation.type}, ${invitation.roles}::text[], ${invitation.accountId}::uuid, ${invitation.redemptionsMax},
            ${invitation.expiresAt}, ${invitation.now}, ${invitation.createdBy}::uuid)`
  await tx`
    insert into access.invitation_contact (invitation_id, contact_id, code_sha256)
    select ${invitation.invitationId}::uuid, contact_id, code
      from unnest(${invitation.codes.map((one) => one.contactId)}::uuid[], ${invitation.codes.map((one) => one.sha256)}::bytea[]) as c(contact_id, code)`
}

export type FoundInvitation = {
  invitationId: string
  contactId: RowId
  roles: string[]
  accountId: RowId | null
  createdBy: RowId | null
  redemptionsMax: number
  redemptions: number
  redeemedAt: string | null
  revokedAt: string | null
  expired: boolean
  hasIdentity: boolean
}

/** By code. Locks the invitation: of two redemptions at once, the second sees the first. */
export async function lockInvitation(tx: Tx, codeSha256: Buffer, now: Date): Promise<FoundInvitation | undefined> {
  await tx`
    select 1 from access.invitation i join access.invitation_contact c using (invitation_id) where c.code_sha256 = ${codeSha256} for update of i`
  return findInvitation(tx, codeSha256, now)
}

export async function findInvitation(tx: Tx, codeSha256: Buffer, now: Date): Promise<FoundInvitation | undefined> {
  const [row] = await tx<FoundInvitation>`
    select i.invitation_id as "invitationId", c.contact_id as "contactId", i.roles, i.account_id as "accountId", i.created_by as "createdBy",
           i.redemptions_max as "redemptionsMax", c.redeemed_at as "redeemedAt", i.revoked_at as "revokedAt",
           i.expires_at <= ${now}::timestamptz as expired,
           (select count(*)::int from access.invitation_contact r where r.invitation_id = i.invitation_id and r.redeemed_at is not null) as redemptions,
           exists (select 1 from access.identity x where x.contact_id = c.contact_id) as "hasIdentity"
      from access.invitation_contact c join access.invitation i using (invitation_id)
     where c.code_sha256 = ${codeSha256}`
  return row
}

export async function updateRedeemed(tx: Tx, invitation: { invitationId: string; contactId: RowId; now: Date }): Promise<void> {
  await tx`
    update access.invitation_contact set redeemed_at = ${invitation.now}
     where invitation_id = ${invitation.invitationId}::uuid and contact_id = ${invitation.contactId}::uuid`
}

/** Answers whether there was one to revoke. */
export async function updateRevoked(tx: Tx, invitationId: string, now: Date): Promise<boolean> {
  const rows = await tx`
    update access.invitation set revoked_at = ${now} where invitation_id = ${invitationId}::uuid and revoked_at is null returning 1 as one`
  return rows.length === 1
}

export type InvitationInfo = {
  invitationId: string
  type: InvitationType
  roles: string[]
  contactIds: RowId[]
  redemptions: number
  redemptionsMax: number
  expiresAt: string
  createdAt: string
  createdBy: RowId | null
  state: 'open' | 'redeemed' | 'expired' | 'revoked'
}

/** Newest first, of one contact or of all. */
export async function listInvitations(
  tx: Tx,
  page: { contactId: RowId | null; before: string | null; now: Date; rowsMax: number },
): Promise<InvitationInfo[]> {
  return tx<InvitationInfo>`
    select i.invitation_id as "invitationId", i.type, i.roles, i.redemptions_max as "redemptionsMax", i.expires_at as "expiresAt",
           i.created_at as "createdAt", i.created_by as "createdBy", c."contactIds", c.redemptions,
           case when i.revoked_at is not null then 'revoked' when c.redemptions >= i.redemptions_max then 'redeemed'
                when i.expires_at <= ${page.now}::timestamptz then 'expired' else 'open' end as state
      from access.invitation i
     cross join lateral (
       select array_agg(contact_id order by contact_id) as "contactIds", (count(*) filter (where redeemed_at is not null))::int as redemptions
         from access.invitation_contact x where x.invitation_id = i.invitation_id) c
     where (${page.contactId}::uuid is null or ${page.contactId}::uuid = any(c."contactIds"))
       and (${page.before}::uuid is null
            or (i.created_at, i.invitation_id) < (select created_at, invitation_id from access.invitation where invitation_id = ${page.before}::uuid))
     order by i.created_at desc, i.invitation_id desc limit ${page.rowsMax}`
}

/** Of these contacts, those who have been invited and can still come. */
export async function listInvited(tx: Tx, contactIds: readonly RowId[], now: Date): Promise<RowId[]> {
  const rows = await tx<{ contactId: RowId }>`
    select distinct c.contact_id as "contactId"
      from access.invitation_contact c join access.invitation i using (invitation_id)
     where c.contact_id = any(${contactIds}::uuid[]) and c.redeemed_at is null and i.revoked_at is null and i.expires_at > ${now}::timestamptz`
  return rows.map((row) => row.contactId)
}

/** The latest first. Who is suspended is not locked, too; who can sign in is not invited. */
export async function listIdsWithState(
  tx: Tx,
  state: 'invited' | 'active' | 'locked' | 'suspended',
  now: Date,
  rowsMax: number,
): Promise<RowId[]> {
  const rows = await tx<{ contactId: RowId }>`
    with known as (
      select i.contact_id, i.created_at,
             case when i.suspended_at is not null then 'suspended' when i.locked_until > ${now}::timestamptz then 'locked' else 'active' end as state
        from access.identity i
      union all
      select c.contact_id, max(v.created_at), 'invited'
        from access.invitation_contact c join access.invitation v using (invitation_id)
       where c.redeemed_at is null and v.revoked_at is null and v.expires_at > ${now}::timestamptz
         and not exists (select 1 from access.identity i where i.contact_id = c.contact_id)
       group by c.contact_id
    )
    select contact_id as "contactId" from known where state = ${state} order by created_at desc, contact_id limit ${rowsMax}`
  return rows.map((row) => row.contactId)
}
