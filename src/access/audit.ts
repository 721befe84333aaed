import type { Tx } from '#postgres/database.ts'
import type { RowId } from '#tables/rows.queries.ts'
import { type AuditRow, insertAudit, listAuditRows } from './identity/audit.queries.ts'

/** A change of what somebody may do: roles, memberships, sign-ins, programs and tokens by themselves, releases by who publishes them. */
export type AuditEntry = AuditRow

/** The latest first; `before` is the number of the last one that was seen. */
export function listAudit(
  tx: Tx,
  page: { before: number | null; subject: RowId | null; rowsMax: number },
): Promise<AuditEntry[]> {
  return listAuditRows(tx, page)
}

/** For what no table of rights shows: it is part of the transaction that does it, and is never changed. */
export function recordAccess(
  tx: Tx,
  entry: { actor: string; action: string; subject: RowId | null; details: Readonly<Record<string, unknown>> },
): Promise<void> {
  return insertAudit(tx, entry)
}
