import type { Json } from '#lib/json.ts'
import type { Tx } from '#postgres/database.ts'

/** A job that exists if and only if the transaction commits. */
export async function addJob(tx: Tx, job: { task: string; payload: Json; attemptsMax: number }): Promise<void> {
  await tx`select graphile_worker.add_job(${job.task}, ${JSON.stringify(job.payload)}::json, max_attempts => ${job.attemptsMax}::int)`
}
