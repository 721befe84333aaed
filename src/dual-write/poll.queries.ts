import type { Tx } from '#postgres/database.ts'

export type PollCursor = { entity: string; cursor: string; readsThrough: boolean }

export function listPollCursors(tx: Tx): Promise<PollCursor[]> {
  return tx<PollCursor>`select entity, cursor, reads_through as "readsThrough" from dual_write.poll_cursor`
}

export async function putPollCursor(tx: Tx, { entity, cursor, readsThrough }: PollCursor): Promise<void> {
  await tx`
    insert into dual_write.poll_cursor (entity, cursor, reads_through) values (${entity}, ${cursor}, ${readsThrough})
    on conflict (entity) do update set cursor = excluded.cursor, reads_through = excluded.reads_through, at = clock_timestamp()`
}

/** Answers false when somebody else has moved it meanwhile. */
export async function advancePollCursor(tx: Tx, step: { entity: string; from: string; to: string }): Promise<boolean> {
  const rows = await tx`
    update dual_write.poll_cursor set cursor = ${step.to}, at = clock_timestamp()
     where entity = ${step.entity} and cursor = ${step.from} returning 1 as one`
  return rows.length > 0
}

export async function endReadingThrough(tx: Tx, entity: string): Promise<void> {
  await tx`update dual_write.poll_cursor set reads_through = false where entity = ${entity}`
}
