import { AppError } from '#lib/app-error.ts'
import { beginPass, type Part } from '../comparison.queries.ts'
import { type Core, pinned } from '../core.ts'
import type { CompareOptions } from '../facets-rows.ts'
import { findMap } from '../lifecycle.ts'
import type { TableMapState } from '../map-state.ts'
import { listMaps } from '../maps.queries.ts'
import type { TableMap } from '../table-map.ts'
import { runPass } from './pass.ts'
import { canHash, type Pass, readMemory } from './ranges.ts'
import { listCompanies } from './rows-of-keys.ts'

/** Parts that are compared side by side: while one waits for its second look, another is read. */
const PARTS_AT_ONCE = 3

/** Compares the maps now, as fast as both sides answer. Answers what was compared. */
export async function compareAll(live: Core, options: CompareOptions, signal: AbortSignal): Promise<Part[]> {
  const core = pinned(live)
  const { maps, companies, exact = true } = options
  const chosen = maps?.map((name) => findMap(core, name)) ?? core.maps
  const comparable = await listComparable(core)
  const early = maps?.find((name) => !comparable.some((one) => one.map.name === name))
  if (early !== undefined)
    throw new AppError('dual_write.conflict', `The map ${early} has not been copied yet, so there is nothing to compare`)
  const parts = comparable.filter(
    (part) =>
      chosen.includes(part.map) &&
      (companies === undefined || companies.some((one) => one.toLowerCase() === part.company.toLowerCase())),
  )
  const waiting = [...parts]
  const work = async () => {
    for (let part = waiting.shift(); part !== undefined; part = waiting.shift()) {
      const isWhole = await runPass(core, await begin(core, part, exact), signal)
      if (!isWhole) throw new AppError('dual_write.stopped', 'The comparison was interrupted: the engine was stopped')
    }
  }
  await Promise.all(Array.from({ length: PARTS_AT_ONCE }, work))
  return parts.map((part) => ({ map: part.map.name, company: part.company }))
}

/** Maps that have been copied, by legal entity ('' where they have none). */
export async function listComparable(core: Core): Promise<{ map: TableMap; company: string }[]> {
  return core.database.read(async (tx) => {
    const stored = await listMaps(tx)
    const companies = (await listCompanies(core, tx)).map((one) => one.code)
    const parts: { map: TableMap; company: string }[] = []
    for (const map of core.maps) {
      if (!isCopied(stored.get(map.name)?.state ?? 'not_running')) continue
      for (const company of map.companyField === undefined ? [''] : companies) parts.push({ map, company })
    }
    return parts
  })
}

/**
 * A new pass. Not exact where there is something cheaper than reading everything: hashes of ranges that an earlier pass remembers, or the
 * versions of the links; rows of other maps have no link that could remember one.
 */
export async function begin(core: Core, { map, company }: { map: TableMap; company: string }, exact: boolean): Promise<Pass> {
  const memory = exact ? undefined : await readMemory(core, map, company)
  const begun = await core.database.statement(beginPass)
  const isCheaper = canHash(core, map) ? memory !== undefined : core.connector.capabilities.versions && map.rows === 'own'
  return { map, company, ...begun, isExact: exact || !isCheaper, memory }
}

function isCopied(state: TableMapState): boolean {
  return state === 'running' || state === 'paused' || state === 'resuming'
}
