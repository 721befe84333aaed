import type { Tx } from '#postgres/database.ts'
import type { RowId } from '#tables/rows.queries.ts'

export type Attempt = { contactId: RowId; email: string; passwordHash: string; allowed: boolean }

/**
 * Counts a sign-in attempt before the password is looked at, so that a hundred guesses at once are a hundred attempts. Not allowed
 * while locked or suspended. From the sixth attempt on in a row each locks for longer: `lockMs` × 2, 4, 8 … up to `lockMsMax`.
 */
export async function beginAttempt(
  tx: Tx,
  attempt: { email: string; now: Date; attemptsMax: number; lockMs: number; lockMsMax: number },
): Promise<Attempt | undefined> {
  const [row] = await tx<Attempt>`
    with before as (
      select contact_id, locked_until is null or locked_until <= ${attempt.now}::timestamptz as open
        from access.identity where lower(email) = lower(${attempt.email}) for update
    )
    update access.identity i
       set failed_attempts = i.failed_attempts + b.open::int,
           locked_until = case when b.open and i.failed_attempts + 1 >= ${attempt.attemptsMax}::int
             then ${attempt.now}::timestamptz + make_interval(secs =>
               least(${attempt.lockMsMax}::float8, ${attempt.lockMs}::float8 * power(2, least(i.failed_attempts + 1 - ${attempt.attemptsMax}::int, 30))) / 1000)
             else i.locked_until end
      from before b where i.contact_id = b.contact_id
    returning i.contact_id as "contactId", i.email, i.password_hash as "passwordHash", b.open and i.suspended_at is null as allowed`
  return row
}

/** The password was right: nothing is held against the person any more. */
export async function settleAttempt(tx: Tx, contactId: RowId, now: Date): Promise<void> {
  await tx`update access.identity set failed_attempts = 0, locked_until = null, last_signed_in_at = ${now} where contact_id = ${contactId}::uuid`
}

export async function insertIdentity(
  tx: Tx,
  identity: { contactId: RowId; email: string; fullName: string | null; passwordHash: string; now: Date },
): Promise<void> {
  await tx`
    insert into access.identity (contact_id, email, full_name, password_hash, created_at, password_changed_at)
    values (${identity.contactId}::uuid, ${identity.email}, ${identity.fullName}, ${identity.passwordHash}, ${identity.now}, ${identity.now})`
}

/** A new password lifts a lock. Answers whether there is such an identity. */
export async function updatePassword(tx: Tx, contactId: RowId, passwordHash: string, now: Date): Promise<boolean> {
  const rows = await tx`
    update access.identity set password_hash = ${passwordHash}, password_changed_at = ${now}, failed_attempts = 0, locked_until = null
     where contact_id = ${contactId}::uuid returning 1 as one`
  return rows.length === 1
}

export type Identity = {
  contactId: RowId
  email: string
  fullName: string | null
  suspendedAt: string | null
  lockedUntil: string | null
  createdAt: string
  lastSignedInAt: string | null
}

export async function findIdentities(tx: Tx, contactIds: readonly RowId[]): Promise<Identity[]> {
  return tx<Identity>`
    select contact_id as "contactId", email, full_name as "fullName", suspended_at as "suspendedAt", locked_until as "lockedUntil",
           created_at as "createdAt", last_signed_in_at as "lastSignedInAt"
      from access.identity where contact_id = any(${contactIds}::uuid[])`
}

export async function findIdentityByEmail(tx: Tx, email: string): Promise<(Identity & { passwordHash: string }) | undefined> {
  const [row] = await tx<Identity & { passwordHash: string }>`
    select contact_id as "contactId", email, full_name as "fullName", suspended_at as "suspendedAt", locked_until as "lockedUntil",
           created_at as "createdAt", last_signed_in_at as "lastSignedInAt", password_hash as "passwordHash"
      from access.identity where lower(email) = lower(${email})`
  return row
}

export async function findPasswordHash(tx: Tx, contactId: RowId): Promise<{ email: string; passwordHash: string } | undefined> {
  const [row] = await tx<{ email: string; passwordHash: string }>`
    select email, password_hash as "passwordHash" from access.identity where contact_id = ${contactId}::uuid and suspended_at is null`
  return row
}

export async function updateSuspension(tx: Tx, contactId: RowId, suspendedAt: Date | null): Promise<boolean> {
  const rows = await tx`
    update access.identity set suspended_at = ${suspendedAt}::timestamptz where contact_id = ${contactId}::uuid returning 1 as one`
  return rows.length === 1
}

/** A role as it was given. Without an account it holds where the person acts for none. */
export type RoleGrant = {
  contactId: RowId
  accountId: RowId | null
  role: string
  validFrom: string | null
  validUntil: string | null
}

export async function listRoles(tx: Tx, contactIds: readonly RowId[]): Promise<RoleGrant[]> {
  return tx<RoleGrant>`
    select contact_id as "contactId", account_id as "accountId", role, valid_from as "validFrom", valid_until as "validUntil"
      from access.contact_role where contact_id = any(${contactIds}::uuid[]) order by role, account_id`
}

export type Grant = {
  contactId: RowId
  accountId: RowId | null
  roles: readonly string[]
  validFrom?: Date | null
  validUntil?: Date | null
  grantedBy: RowId | null
  now: Date
}

/** Exactly these roles for the account from now on, with these limits in time. */
export async function replaceRoles(tx: Tx, grant: Grant): Promise<void> {
  await tx`
    delete from access.contact_role
     where contact_id = ${grant.contactId}::uuid and account_id is not distinct from ${grant.accountId}::uuid and role <> all(${grant.roles}::text[])`
  await tx`
    update access.contact_role set valid_from = ${grant.validFrom ?? null}::timestamptz, valid_until = ${grant.validUntil ?? null}::timestamptz
     where contact_id = ${grant.contactId}::uuid and account_id is not distinct from ${grant.accountId}::uuid
       and (valid_from, valid_until) is distinct from (${grant.validFrom ?? null}::timestamptz, ${grant.validUntil ?? null}::timestamptz)`
  await addRoles(tx, grant)
}

export async function addRoles(tx: Tx, grant: Grant): Promise<void> {
  await tx`
    insert into access.contact_role (contact_id, account_id, role, valid_from, valid_until, granted_at, granted_by)
    select ${grant.contactId}::uuid, ${grant.accountId}::uuid, role, ${grant.validFrom ?? null}::timestamptz,
           ${grant.validUntil ?? null}::timestamptz, ${grant.now}::timestamptz, ${grant.grantedBy}::uuid from unnest(${grant.roles}::text[]) role
    on conflict do nothing`
}

/** Contacts with roles from before roles had an account. */
export async function listContactsOfEarlierRoles(tx: Tx, contactsMax: number): Promise<RowId[]> {
  const rows = await tx<{ contactId: RowId }>`
    select distinct contact_id as "contactId" from access.contact_role where not account_known limit ${contactsMax}`
  return rows.map((row) => row.contactId)
}

/** Their roles are for these accounts, one for each contact; without one (null) they hold where the contact acts for none. */
export async function settleEarlierRoles(
  tx: Tx,
  contactIds: readonly RowId[],
  accountIds: readonly (RowId | null)[],
): Promise<void> {
  await tx`
    update access.contact_role r set account_id = o.account_id, account_known = true
      from unnest(${contactIds}::uuid[], ${accountIds}::uuid[]) as o(contact_id, account_id)
     where r.contact_id = o.contact_id and not r.account_known`
}

export async function deleteRolesOf(tx: Tx, contactId: RowId, accountId: RowId): Promise<void> {
  await tx`delete from access.contact_role where contact_id = ${contactId}::uuid and account_id = ${accountId}::uuid`
}

/** People with a role who can sign in: the last administrator must not be taken away. */
export async function listIdentitiesWithRole(tx: Tx, role: string): Promise<RowId[]> {
  const rows = await tx<{ contactId: RowId }>`
    select i.contact_id as "contactId" from access.contact_role r join access.identity i using (contact_id)
     where r.role = ${role} and r.account_id is null and r.valid_until is null and i.suspended_at is null order by i.contact_id for update of i`
  return rows.map((row) => row.contactId)
}

/** People who can sign in, by the roles they have now; `everybody` stands for the role that all of them have. */
export function countRoles(tx: Tx, everybody: string, now: Date): Promise<{ role: string; people: number }[]> {
  return tx<{ role: string; people: number }>`
    select r.role, count(distinct r.contact_id)::int as people
      from access.contact_role r join access.identity i using (contact_id)
     where i.suspended_at is null and (r.valid_from is null or r.valid_from <= ${now}::timestamptz)
       and (r.valid_until is null or r.valid_until > ${now}::timestamptz)
     group by r.role
    union all
    select ${everybody}::text, count(*)::int from access.identity i where i.suspended_at is null`
}
