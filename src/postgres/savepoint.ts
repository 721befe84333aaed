import type { Tx } from './database.ts'
import { sql } from './sql.ts'

/** How a step of a transaction ends: kept, or taken back with everything it has written, and the transaction goes on. */
export type Step<T> = { keep: boolean; value: T }

/**
 * A part of a transaction that is kept or taken back by itself. When `work` throws, it is taken back too: the transaction can go on, even
 * after a statement that PostgreSQL has refused.
 */
export async function inStep<T>(tx: Tx, work: () => Promise<Step<T>>): Promise<T> {
  await tx.run(sql`savepoint comptoir_step`)
  let step: Step<T>
  try {
    step = await work()
  } catch (error) {
    await takeBack(tx)
    throw error
  }
  if (step.keep) await tx.run(sql`release savepoint comptoir_step`)
  else await takeBack(tx)
  return step.value
}

async function takeBack(tx: Tx): Promise<void> {
  await tx.run(sql`rollback to savepoint comptoir_step`)
  await tx.run(sql`release savepoint comptoir_step`)
}
