import { AppError } from '#lib/app-error.ts'
import { withWinner } from '../apply/merge-first.ts'
import { type Core, pinned } from '../core.ts'
import type { Direction, DryRun, DryRunWatch, Side } from '../facets-control.ts'
import { findMap } from '../lifecycle.ts'
import { companiesOf, goesOut } from '../sync/initial-sync.ts'
import type { TableMap } from '../table-map.ts'
import { tryIncoming } from './incoming.ts'
import { tryOutgoing } from './outgoing.ts'
import { createTally, type PageWatch, type Tally } from './tally.ts'

const SAMPLES_MAX = 10

/**
 * What a first copy would do, by the code that would do it, without doing it: both sides are read in pages, each in a read-only transaction
 * of its own, and nothing is locked or written. What the ERP itself would refuse cannot be known; what it would be told is shown.
 */
export async function dryRun(
  live: Core,
  name: string,
  options: { company?: string | undefined; winner?: Side | undefined; samplesMax?: number },
  { signal, progress = () => undefined }: DryRunWatch & { signal: AbortSignal },
): Promise<DryRun> {
  const core = pinned(live)
  const found = findMap(core, name)
  const map = withWinner(found, options.winner ?? found.initialWinner)
  const companies = await wantedCompanies(core, map, options.company)
  const samplesMax = options.samplesMax ?? SAMPLES_MAX
  const tallies: Tally[] = []
  const parts = companies.length * (goesOut(map) ? 2 : 1)
  let part = 0
  for (const company of companies) {
    const start = (direction: Direction) => {
      const tally = createTally(company, direction, samplesMax)
      tallies.push(tally)
      return tally
    }
    const watch = (direction: Direction): PageWatch => {
      part += 1
      const now = { company, direction, part, parts }
      return { signal, pageDone: (rowsDone, rowsTotal) => progress({ ...now, rowsDone, rowsTotal }) }
    }
    const incoming = start('toPortal')
    const outgoing = goesOut(map) ? start('toErp') : undefined
    const adopted = await tryIncoming(core, map, company, { incoming, outgoing, samplesMax }, watch('toPortal'))
    if (outgoing !== undefined) await tryOutgoing(core, map, company, { tally: outgoing, adopted }, watch('toErp'))
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
