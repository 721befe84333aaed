import type { RemoteRecord } from '#connector/contract.ts'
import type { Tx } from '#postgres/database.ts'
import { COMPANY_COLUMN } from '#tables/definition.ts'
import { readRowsById } from '#tables/rows.queries.ts'
import { countChangesSetAside, setChangesAside } from '#tables/set-aside.queries.ts'
import type { Core } from './core.ts'
import type { Direction, ScopeState } from './facets-control.ts'
import { findLinksByKey } from './links.queries.ts'
import type { RemoteChange } from './remote-changes.queries.ts'
import { countRecordsSetAside, holdPausedCompanies, listPausedParts, setRecordsAside } from './scopes.queries.ts'
import type { Item } from './sync/outbound-plan.ts'
import type { TableMap } from './table-map.ts'

/** The name under which changes of a legal entity stand aside; the sentence that people read of them. */
export function partName(company: string): string {
  return `Paused for ${company}`
}

const COUNT_MAX = 10_000

/** The paused parts of the maps, with what waits for them; `queued` says how much waits for a whole direction. */
export async function listScopeStates(
  tx: Tx,
  queued: (map: string, direction: Direction) => number,
): Promise<Map<string, ScopeState[]>> {
  const parts = await listPausedParts(tx)
  if (parts.length === 0) return new Map()
  const maps = [...new Set(parts.map((part) => part.map))]
  const changes = await countChangesSetAside(tx, maps, COUNT_MAX)
  const records = await countRecordsSetAside(tx, maps, COUNT_MAX)
  const countOf = (map: string, company: string, direction: Direction) => {
    if (company === '') return queued(map, direction)
    const aside =
      direction === 'toErp'
        ? changes.find((one) => one.subscriber === map && one.part === partName(company))
        : records.find((one) => one.map === map && one.company === company)
    return aside?.count ?? 0
  }
  const states = parts.map(({ map, company, direction, since }) => {
    const directions: readonly Direction[] = direction === '' ? ['toErp', 'toPortal'] : [direction]
    const waiting = directions.reduce((sum, one) => sum + countOf(map, company, one), 0)
    const state: ScopeState = { company: company || null, direction: direction || null, state: 'paused', since, queued: waiting }
    return { map, state }
  })
  return new Map([...Map.groupBy(states, (one) => one.map)].map(([map, own]) => [map, own.map((one) => one.state)]))
}

/** Of claimed groups those that may go; the others are put aside, each change once, until their part is resumed. */
export async function withoutPausedGroups<Group extends readonly Item[]>(
  core: Core,
  tx: Tx,
  groups: readonly Group[],
): Promise<Group[]> {
  const concerned = groups.flat().filter(({ map }) => core.scopes.companies(map.name, 'toErp').size > 0)
  if (concerned.length === 0) return [...groups]
  const companyOf = await companiesOfRows(core, tx, concerned)
  // Somebody may have resumed the part and this process not know: what was put aside then would stay there.
  const paused = await holdPausedCompanies(tx, [...new Set(concerned.map(({ map }) => map.name))], 'toErp')
  const pausedIn = (item: Item) => {
    const company = companyOf.get(item)
    return paused.some((one) => one.map === item.map.name && one.company === company) ? company : undefined
  }
  const free: Group[] = []
  for (const group of groups) {
    const company = group.map(pausedIn).find((one) => one !== undefined)
    // An order and its lines go together, and wait together.
    if (company === undefined) free.push(group)
    else for (const { map, change } of group) await setChangesAside(tx, map.name, partName(company), [change])
  }
  return free
}

async function companiesOfRows(core: Core, tx: Tx, items: readonly Item[]): Promise<Map<Item, string>> {
  const ids = new Map<Item, string>()
  for (const [map, own] of Map.groupBy(items, (item) => item.map)) {
    const rows = await readRowsById(
      tx,
      map.table,
      own.map((item) => item.change.rowId),
    )
    for (const item of own) {
      // Of a row that is gone the change says what it was.
      const id = (rows.get(item.change.rowId) ?? item.change.before)[COMPANY_COLUMN]
      if (id !== null && id !== undefined) ids.set(item, String(id))
    }
  }
  const companies = await readRowsById(tx, core.catalog.get('cdm_company'), [...new Set(ids.values())])
  return new Map(
    [...ids].flatMap(([item, id]) => {
      const code = companies.get(id)?.cdm_companycode
      return typeof code === 'string' ? [[item, code.toLowerCase()] as const] : []
    }),
  )
}

type Batch = { map: TableMap; changes: RemoteChange[]; records: Map<string, RemoteRecord> }

/** The same for records that were read. */
export async function withoutPausedRecords<One extends Batch>(core: Core, batches: readonly One[]): Promise<One[]> {
  const free: One[] = []
  for (const batch of batches) {
    const isConcerned = core.scopes.companies(batch.map.name, 'toPortal').size > 0
    free.push(isConcerned ? await withoutPaused(core, batch) : batch)
  }
  return free
}

async function withoutPaused<One extends Batch>(core: Core, batch: One): Promise<One> {
  const { map, changes, records } = batch
  return core.database.transaction(async (tx) => {
    const paused = new Set((await holdPausedCompanies(tx, [map.name], 'toPortal')).map((one) => one.company))
    const gone = changes.filter((change) => !records.has(change.remoteKey)).map((change) => change.remoteKey)
    const links = await findLinksByKey(tx, map.name, gone)
    const companyOf = ({ remoteKey }: RemoteChange) => {
      const field = map.companyField === undefined ? undefined : records.get(remoteKey)?.fields[map.companyField]
      return String(field ?? links.get(remoteKey)?.company ?? '').toLowerCase()
    }
    const aside = changes.filter((change) => paused.has(companyOf(change)))
    for (const [company, own] of Map.groupBy(aside, companyOf)) await setRecordsAside(tx, company, own)
    const keys = new Set(aside.map((change) => change.remoteKey))
    return {
      ...batch,
      changes: changes.filter((change) => !keys.has(change.remoteKey)),
      records: new Map([...records].filter(([key]) => !keys.has(key))),
    }
  })
}
