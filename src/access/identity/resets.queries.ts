import type { Tx } from '#postgres/database.ts'
import type { RowId } from '#tables/rows.queries.ts'

/** A link to choose a new password. Old ones of the person that no longer work go away with it. */
export async function insertPasswordReset(
  tx: Tx,
  reset: { tokenSha256: Buffer; contactId: RowId; expiresAt: Date; now: Date },
): Promise<void> {
  await tx`delete from access.password_reset where contact_id = ${reset.contactId}::uuid and (used_at is not null or expires_at <= ${reset.now})`
  await tx`
    insert into access.password_reset (token_sha256, contact_id, created_at, expires_at)
    values (${reset.tokenSha256}, ${reset.contactId}::uuid, ${reset.now}, ${reset.expiresAt})`
}

/** How many links were asked for since then: a mailbox must not be flooded. */
export async function countPasswordResets(tx: Tx, contactId: RowId, since: Date): Promise<number> {
  const [row] = await tx<{ count: number }>`
    select count(*)::int as count from access.password_reset where contact_id = ${contactId}::uuid and created_at >= ${since}`
  return row?.count ?? 0
}

export async function findPasswordReset(
  tx: Tx,
  tokenSha256: Buffer,
  now: Date,
): Promise<{ contactId: RowId; email: string } | undefined> {
  const [row] = await tx<{ contactId: RowId; email: string }>`
    select i.contact_id as "contactId", i.email from access.password_reset r join access.identity i using (contact_id)
     where r.token_sha256 = ${tokenSha256} and r.used_at is null and r.expires_at > ${now} and i.suspended_at is null`
  return row
}

/** Spends the link, and with it the others of that person. Answers false when it was spent already: of two at once, one wins. */
export async function spendPasswordResets(tx: Tx, reset: { tokenSha256: Buffer; contactId: RowId; now: Date }): Promise<boolean> {
  const rows = await tx<{ asked: boolean }>`
    update access.password_reset set used_at = ${reset.now} where contact_id = ${reset.contactId}::uuid and used_at is null
    returning token_sha256 = ${reset.tokenSha256} as asked`
  return rows.some((row) => row.asked)
}
