import type { EntityDescription, FieldDescription } from '#connector/contract.ts'
import type { Core } from './core.ts'
import { findMap } from './lifecycle.ts'
import { insertActivity } from './maps.queries.ts'
import { sweep } from './sync/sweep.ts'
import type { TableMap } from './table-map.ts'
import { type EntitySeen, findEntitySeen, notifyMaps, setEntitySeen } from './versions.queries.ts'

const DESCRIBE_MS_MAX = 60_000

/**
 * Reads the schema of both sides and the files of the maps again, says what has changed since the last time, and queues the records that no
 * notice told of. What the map misses on the other side is kept with it; fields that came are told and stop nothing.
 */
export async function refresh(
  core: Core,
  name: string,
  actor: string,
  { follow, signal }: { follow: () => Promise<void>; signal: AbortSignal },
): Promise<{ schema: string[]; queued: number }> {
  findMap(core, name)
  await follow()
  const map = findMap(core, name)
  const entities = await core.connector.describe(AbortSignal.any([signal, AbortSignal.timeout(DESCRIBE_MS_MAX)]))
  const entity = entities.find((one) => one.name === map.entity)
  const now = entity === undefined ? null : seenOf(entity)
  const misses = missesOf(map, now)
  const queued = misses.length > 0 ? 0 : await sweep(core, map, signal)
  const schema = await core.database.transaction(async (tx) => {
    const before = await findEntitySeen(tx, name)
    const changes = [...misses, ...differences(map.entity, before, now)]
    await setEntitySeen(tx, name, now, misses)
    await insertActivity(tx, { map: name, actor, action: 'refreshed', details: { schema: changes, queued } })
    await notifyMaps(tx)
    return changes
  })
  return { schema, queued }
}

function seenOf(entity: EntityDescription): EntitySeen {
  return Object.fromEntries([...entity.fields].map(([field, description]) => [field, typeOf(description)]))
}

function typeOf({ type, nullable, enumMembers }: FieldDescription): string {
  const members = enumMembers.length > 0 ? ` (${enumMembers.join(', ')})` : ''
  return `${type}${members}${nullable ? '' : ', required'}`
}

function missesOf(map: TableMap, now: EntitySeen | null): string[] {
  if (now === null) return [`The other side has no entity ${map.entity}`]
  // Not every side says what its entities have.
  if (Object.keys(now).length === 0) return []
  const sent = map.columns.flatMap((one) => (one.toErp && one.field !== undefined ? [one.field] : []))
  return [...new Set([...map.fields, ...sent])]
    .filter((field) => now[field] === undefined)
    .map((field) => `${map.entity} has no field ${field}, which the map carries`)
}

function differences(entity: string, before: EntitySeen | null, now: EntitySeen | null): string[] {
  if (before === null || now === null) return []
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])].sort()
  return names.flatMap((name) => {
    const [was, is] = [before[name], now[name]]
    if (was === is) return []
    if (was === undefined) return [`${entity} has a new field ${name}: ${is}`]
    if (is === undefined) return [`${entity} has lost the field ${name}: ${was}`]
    return [`${entity}.${name} was ${was} and is ${is}`]
  })
}
