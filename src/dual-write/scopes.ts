import type { RemoteRecord } from '#connector/contract.ts'
import type { Tx } from '#postgres/database.ts'
import { COMPANY_COLUMN } from '#tables/definition.ts'
import { readRowsById } from '#tables/rows.queries.ts'
import { setChangesAside } from '#tables/set-aside.queries.ts'
import type { Core } from './core.ts'
import { findLinksByKey } from './links.queries.ts'
import type { RemoteChange } from './remote-changes.queries.ts'
import { setRecordsAside } from './scopes.queries.ts'
import type { Item } from './sync/outbound-plan.ts'
import type { TableMap } from './table-map.ts'

/** The name under which changes of a legal entity stand aside; the sentence that people read of them. */
export function partName(company: string): string {
  return `Paused for ${company}`
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
  const pausedIn = (item: Item) => {
    const company = companyOf.get(item)
    return company !== undefined && core.scopes.companies(item.map.name, 'toErp').has(company) ? company : undefined
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
    const paused = core.scopes.companies(batch.map.name, 'toPortal')
    free.push(paused.size === 0 ? batch : await withoutPaused(core, batch, paused))
  }
  return free
}

async function withoutPaused<One extends Batch>(core: Core, batch: One, paused: ReadonlySet<string>): Promise<One> {
  const { map, changes, records } = batch
  return core.database.transaction(async (tx) => {
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
