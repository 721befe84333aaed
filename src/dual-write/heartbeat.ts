import type { Core } from './core.ts'
import { putBeat } from './series.queries.ts'

const PROBE_MS_MAX = 20_000

/**
 * Without traffic nothing can be measured end to end unless something is written to the ERP, which nobody asked for. The beat therefore
 * says less, and that truly: that the way to the ERP (the question with the same rights as a write) and the way from it (a record read)
 * were open, and how long they took.
 */
export async function probe(core: Core, signal: AbortSignal): Promise<void> {
  const during = AbortSignal.any([signal, AbortSignal.timeout(PROBE_MS_MAX)])
  const [map] = core.maps
  const toErpMs = await msOf(core, () => core.connector.ping(during))
  await core.database.statement((tx) => putBeat(tx, 'toErp', toErpMs))
  if (map === undefined) return
  const request = { entity: map.entity, fields: map.recordKey, company: undefined, rowsMax: 1 }
  const toPortalMs = await msOf(core, () => core.connector.readPage(request, during))
  await core.database.statement((tx) => putBeat(tx, 'toPortal', toPortalMs))
}

async function msOf(core: Core, question: () => Promise<unknown>): Promise<number> {
  const fromMs = core.clock.nowMs()
  await question()
  return core.clock.nowMs() - fromMs
}
