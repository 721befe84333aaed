import type { Tx } from '#postgres/database.ts'

/** Where a database stands: what a copy of it does not share with it. */
export type Place = { systemIdentifier: string; databaseOid: number; erp: string }

export type StoredEnvironment = Place & {
  installation: string
  former: string[]
  epoch: number
  armed: boolean
  reason: string | null
  armedBy: string | null
  armedAt: string | null
}

export async function readPlace(tx: Tx): Promise<Omit<Place, 'erp'>> {
  const [row] = await tx<Omit<Place, 'erp'>>`
    select (select system_identifier::text from pg_control_system()) as "systemIdentifier",
           (select oid::bigint from pg_database where datname = current_database()) as "databaseOid"`
  return row ?? { systemIdentifier: '', databaseOid: 0 }
}

/** An installation that has never written is armed by its first start. Answers whether this was it. */
export async function insertEnvironment(tx: Tx, place: Place): Promise<boolean> {
  const rows = await tx`
    insert into dual_write.environment (installation, system_identifier, database_oid, erp, armed, armed_by, armed_at)
    values (gen_random_uuid(), ${place.systemIdentifier}, ${place.databaseOid}, ${place.erp}, true, 'first start', clock_timestamp())
    on conflict (is_only) do nothing
    returning 1 as one`
  return rows.length > 0
}

export async function findEnvironment(tx: Tx): Promise<StoredEnvironment | undefined> {
  const [row] = await tx<StoredEnvironment>`
    select installation, former, system_identifier as "systemIdentifier", database_oid as "databaseOid", erp, epoch, armed, reason,
           armed_by as "armedBy", armed_at as "armedAt"
      from dual_write.environment`
  return row
}

/** Answers whether it was armed until now. */
export async function disarm(tx: Tx, reason: string): Promise<boolean> {
  const rows = await tx`update dual_write.environment set armed = false, reason = ${reason} where armed returning 1 as one`
  return rows.length > 0
}

/** Under a new name, so that what it writes is told from what the other one writes; and ahead of every folder that knows it. */
export async function rearm(tx: Tx, place: Place, actor: string, epochMin: number): Promise<void> {
  await tx`
    update dual_write.environment
       set former = (former || installation)[greatest(1, cardinality(former) - 98):], installation = gen_random_uuid(),
           system_identifier = ${place.systemIdentifier}, database_oid = ${place.databaseOid}, erp = ${place.erp},
           epoch = greatest(epoch, ${epochMin}) + 1, armed = true, reason = null, armed_by = ${actor}, armed_at = clock_timestamp()`
}

/** Counts on. Undefined while it is not armed. */
export async function advanceEpoch(tx: Tx): Promise<{ installation: string; epoch: number } | undefined> {
  const [row] = await tx<{ installation: string; epoch: number }>`
    update dual_write.environment set epoch = epoch + 1 where armed returning installation, epoch`
  return row
}
