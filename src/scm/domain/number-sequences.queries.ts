import type { Tx } from '#postgres/database.ts'

/** Takes the next number. It is gone for good, whatever becomes of the transaction, and nobody waits for it. */
export async function takeNumber(tx: Tx, company: string, name: string): Promise<{ number: number; format: string } | undefined> {
  const rows = await tx<{ number: number; format: string }>`
    select nextval(format('scm.%I', scm.sequence_name("dataAreaId", "Name"))::regclass) as number, "Format" as format
      from scm.number_sequence where "dataAreaId" = ${company} and "Name" = ${name}`
  return rows[0]
}

export async function createSequence(tx: Tx, sequence: { company: string; name: string; format: string }): Promise<void> {
  await tx`
    insert into scm.number_sequence ("dataAreaId", "Name", "Format") values (${sequence.company}, ${sequence.name}, ${sequence.format})
    on conflict ("dataAreaId", "Name") do nothing`
}
