import type { Tx } from '#postgres/database.ts'

/** Takes the next number and keeps the sequence locked until the transaction ends, so that none is lost or given twice. */
export async function takeNumber(tx: Tx, company: string, name: string): Promise<{ number: number; format: string } | undefined> {
  const rows = await tx<{ number: number; format: string }>`
    update scm.number_sequence set "Next" = "Next" + 1
     where "dataAreaId" = ${company} and "Name" = ${name}
    returning "Next" - 1 as number, "Format" as format`
  return rows[0]
}

export async function createSequence(tx: Tx, sequence: { company: string; name: string; format: string }): Promise<void> {
  await tx`
    insert into scm.number_sequence ("dataAreaId", "Name", "Format") values (${sequence.company}, ${sequence.name}, ${sequence.format})
    on conflict ("dataAreaId", "Name") do nothing`
}
