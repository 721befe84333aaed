import { AppError } from '#lib/app-error.ts'
import type { Tx } from '#postgres/database.ts'
import type { Core } from './core.ts'
import { lockMapState } from './maps.queries.ts'
import type { TableMap } from './table-map.ts'

/** Whether a map that carries the same rows another way runs: then this one does not begin by itself. */
export async function isBesideExcluded(core: Core, tx: Tx, map: TableMap): Promise<boolean> {
  return (await findBeside(core, tx, map)) !== undefined
}

/** Throws AppError `dual_write.conflict`: for people who start the map. */
export async function refuseBesideExcluded(core: Core, tx: Tx, map: TableMap): Promise<void> {
  const other = await findBeside(core, tx, map)
  if (other === undefined) return
  throw new AppError(
    'dual_write.conflict',
    `The maps ${map.name} and ${other.name} carry the same rows in two ways: stop ${other.name} before ${map.name} is started`,
  )
}

async function findBeside(core: Core, tx: Tx, map: TableMap): Promise<TableMap | undefined> {
  for (const other of core.maps) {
    if (!map.excludes.includes(other.name) && !other.excludes.includes(map.name)) continue
    if (((await lockMapState(tx, other.name)) ?? 'not_running') !== 'not_running') return other
  }
  return undefined
}
