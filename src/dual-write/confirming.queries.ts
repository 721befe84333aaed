import type { Tx } from '#postgres/database.ts'

/** The maps whose saves count once the ERP has answered become these; for every process that asks for the state of a row. */
export async function setConfirmFirst(tx: Tx, maps: readonly string[]): Promise<void> {
  await tx`
    update dual_write.map set confirm_first = name = any(${maps}::text[])
     where confirm_first is distinct from (name = any(${maps}::text[]))`
}

/** Whether saves of this table count once the ERP has answered. */
export async function isConfirmFirst(tx: Tx, table: string): Promise<boolean> {
  const [row] = await tx<{ found: boolean }>`
    select exists (select from dual_write.map where table_name = ${table} and confirm_first) as found`
  return row?.found === true
}

/** The maps whose saves count once the ERP has answered, of all tables or of one. */
export async function listConfirmFirst(tx: Tx, table: string | null = null): Promise<Set<string>> {
  const rows = await tx<{ name: string }>`
    select name from dual_write.map where confirm_first and (${table}::text is null or table_name = ${table})`
  return new Set(rows.map((row) => row.name))
}
