import { AppError } from '#lib/app-error.ts'
import { withWinner } from '../apply/merge-first.ts'
import { type Core, pinned } from '../core.ts'
import type { DryRun, Side } from '../facets-control.ts'
import { findMap } from '../lifecycle.ts'
import { companiesOf, goesOut } from '../sync/initial-sync.ts'
import type { TableMap } from '../table-map.ts'
import { tryIncoming } from './incoming.ts'
import { tryOutgoing } from './outgoing.ts'
import { createTally, type Tally } from './tally.ts'

const SAMPLES_MAX = 10

/**
 * What a first copy would do, by the code that would do it, without doing it: both sides are read in pages, each in a read-only transaction
 * of its own, and nothing is locked or written. What the ERP itself would refuse cannot be known; what it would be told is shown.
 */
export async function dryRun(
  live: Core,
  name: string,
  options: { company?: string | undefined; winner?: Side | undefined; samplesMax?: number },
  signal: AbortSignal,
): Promise<DryRun> {
  const core = pinned(live)
  const found = findMap(core, name)
  const map = withWinner(found, options.winner ?? found.initialWinner)
  const companies = await wantedCompanies(core, map, options.company)
  const tallies: Tally[] = []
  for (const company of companies) {
    const start = (direction: 'toPortal' | 'toErp') => {
      const tally = createTally(company, direction, options.samplesMax ?? SAMPLES_MAX)
      tallies.push(tally)
      return tally
    }
    const incoming = start('toPortal')
    const outgoing = goesOut(map) ? start('toErp') : undefined
    const adopted = await tryIncoming(
      core,
      map,
      company,
      { incoming, outgoing, samplesMax: options.samplesMax ?? SAMPLES_MAX },
      signal,
    )
    if (outgoing !== undefined) await tryOutgoing(core, map, company, outgoing, adopted, signal)
  }
  return { map: name, parts: tallies.map((one) => one.part), samples: tallies.flatMap((one) => one.samples) }
}

async function wantedCompanies(core: Core, map: TableMap, company: string | undefined): Promise<string[]> {
  const known = await core.database.read((tx) => companiesOf(core, tx, map))
  if (company === undefined) return known
  const wanted = known.filter((one) => one.toLowerCase() === company.toLowerCase())
  if (wanted.length > 0) return wanted
  throw new AppError(
    'request.invalid',
    map.companyField === undefined
      ? `The map ${map.name} has no legal entities: leave the company out`
      : `${company} is no legal entity that the map ${map.name} copies; there are ${known.join(', ')}`,
  )
}
