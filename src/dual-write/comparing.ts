import { AppError } from '#lib/app-error.ts'
import { compareAll } from './compare/all.ts'
import { repair } from './compare/repair.ts'
import { listComparisons, listDifferences, type StoredComparison } from './comparison.queries.ts'
import type { Core } from './core.ts'
import type { Comparing, Comparison } from './facets-rows.ts'
import { findMap } from './lifecycle.ts'

const PAGE_ROWS_MAX = 10_000

/** Proof of equality: what differs between both sides, row by row and column by column, and how it is made good. */
export function createComparing(core: Core, signal: AbortSignal): Comparing {
  return {
    async compareMaps(options = {}) {
      const since = await compareAll(core, options, signal)
      const stored = await core.database.read(listComparisons)
      return summaryOf(stored.filter((one) => since.some((part) => part.map === one.map && part.company === one.company)))
    },
    async lastComparison() {
      const stored = await core.database.read(listComparisons)
      return summaryOf(stored.filter((one) => one.comparedAt !== null && core.maps.some((map) => map.name === one.map)))
    },
    async listDifferences({ map, company, after, rowsMax }) {
      findMap(core, map)
      if (!Number.isInteger(rowsMax) || rowsMax < 1 || rowsMax > PAGE_ROWS_MAX)
        throw new AppError('request.invalid', `rowsMax must be a whole number from 1 to ${PAGE_ROWS_MAX}`)
      const page = { map, company: company ?? null, after: after ?? '', keys: null, rowsMax }
      return core.database.read((tx) => listDifferences(tx, page))
    },
    repair: (which, actor) => repair(core, which, actor, signal),
  }
}

function summaryOf(stored: readonly StoredComparison[]): Comparison {
  const times = stored.flatMap((one) => one.comparedAt ?? []).sort()
  return {
    // What was never compared is not known to be equal.
    equal: stored.length > 0 && stored.every((one) => one.comparedAt !== null && one.differences === 0),
    at: times[0] ?? null,
    maps: stored.map(({ map, company, rows, differences, explained, comparedAt, rangesRead, rangesCompared }) => ({
      map,
      company,
      rows,
      differences,
      explained,
      comparedAt,
      rangesRead,
      rangesCompared,
    })),
  }
}
