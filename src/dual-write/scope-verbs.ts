import { AppError } from '#lib/app-error.ts'
import type { Tx } from '#postgres/database.ts'
import { findCompanyId } from '#tables/rows.queries.ts'
import { releaseChangesSetAside } from '#tables/set-aside.queries.ts'
import { type Core, childrenOf } from './core.ts'
import type { MapScope } from './facets-control.ts'
import type { TableMapState } from './map-state.ts'
import { deletePausedPart, insertPausedPart, releaseRecordsSetAside } from './scopes.queries.ts'
import { partName } from './scopes.ts'
import type { TableMap } from './table-map.ts'

/** A part of a map as a person named it, checked; undefined for the whole map. Throws AppError `request.invalid`. */
export async function scopeOf(core: Core, tx: Tx, map: TableMap, asked: MapScope): Promise<MapScope | undefined> {
  const company = asked.company?.trim().toLowerCase()
  const { direction } = asked
  if (company === undefined && direction === undefined) return undefined
  if (direction !== undefined && direction !== 'toErp' && direction !== 'toPortal')
    throw new AppError('request.invalid', `${String(direction)} is no direction: it is toErp or toPortal`)
  if (direction === 'toErp' && !map.writes)
    throw new AppError('request.invalid', `Nothing of the map ${map.name} goes to the ERP: it has one direction, toPortal`)
  if (company !== undefined && map.companyField === undefined)
    throw new AppError('request.invalid', `Rows of the map ${map.name} belong to no legal entity: leave it out`)
  if (company !== undefined && !(await isCompany(core, tx, company)))
    throw new AppError('request.invalid', `There is no legal entity ${company}`)
  return { ...(company === undefined ? {} : { company }), ...(direction === undefined ? {} : { direction }) }
}

export async function pausePart(tx: Tx, map: TableMap, state: TableMapState, scope: MapScope, actor: string): Promise<void> {
  if (state === 'not_running')
    throw new AppError('dual_write.conflict', `The map ${map.name} is not running: there is nothing to pause`)
  if (!(await insertPausedPart(tx, partOf(map, scope), actor)))
    throw new AppError('dual_write.conflict', `${wordsOf(scope)} of the map ${map.name} is paused already`)
}

/** Exactly what stood aside for this part goes on. What another pause covers is put aside again when its turn comes. */
export async function releasePart(core: Core, tx: Tx, map: TableMap, scope: MapScope): Promise<void> {
  if (!(await deletePausedPart(tx, partOf(map, scope))))
    throw new AppError('dual_write.conflict', `${wordsOf(scope)} of the map ${map.name} is not paused`)
  const { company, direction } = scope
  if (company === undefined) return
  // An order stood aside with its lines, and lines with their order.
  const family = core.maps.filter(
    (other) => other === map || other.name === map.group?.parent || childrenOf(core, map).includes(other),
  )
  if (direction !== 'toPortal')
    await releaseChangesSetAside(
      tx,
      family.map((one) => one.name),
      partName(company),
    )
  if (direction !== 'toErp') await releaseRecordsSetAside(tx, map.name, company)
}

function partOf(map: TableMap, { company = '', direction }: MapScope) {
  return { map: map.name, company, direction: direction ?? ('' as const) }
}

function wordsOf({ company, direction }: MapScope): string {
  return [company ?? 'Every legal entity', direction].filter((one) => one !== undefined).join(', ')
}

async function isCompany(core: Core, tx: Tx, code: string): Promise<boolean> {
  return core.catalog.tables.has('cdm_company') && (await findCompanyId(tx, code)) !== undefined
}
