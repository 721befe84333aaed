import type { Tx } from '#postgres/database.ts'
import type { RowId } from '#tables/rows.queries.ts'

export type AuditRow = {
  id: number
  at: string
  actor: string | null
  action: string
  subject: RowId | null
  details: Record<string, unknown>
}

/** The latest first, before the one with this number. */
export function listAuditRows(
  tx: Tx,
  page: { before: number | null; subject: RowId | null; rowsMax: number },
): Promise<AuditRow[]> {
  return tx<AuditRow>`
    select audit_id as id, at, actor, action, subject, details
      from access.audit
     where (${page.before}::bigint is null or audit_id < ${page.before}::bigint)
       and (${page.subject}::uuid is null or subject = ${page.subject}::uuid)
     order by audit_id desc limit ${page.rowsMax}`
}

export async function insertAudit(
  tx: Tx,
  entry: { actor: string; action: string; subject: RowId | null; details: Readonly<Record<string, unknown>> },
): Promise<void> {
  await tx`
    insert into access.audit (actor, action, subject, details)
    values (${entry.actor}, ${entry.action}, ${entry.subject}::uuid, ${JSON.stringify(entry.details)}::jsonb)`
}
