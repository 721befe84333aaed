import type { RemoteFields, RemoteRecord } from '#connector/contract.ts'
import { type Core, childrenOf } from '../core.ts'
import type { TableMap } from '../table-map.ts'

/** A record that belongs to another and must not be seen later than it. */
export type Member = { map: TableMap; record: RemoteRecord }

const PARENTS_AT_ONCE_MAX = 10
const PAGES_MAX = 20

/** The children of these parents and what belongs to them in turn, as the ERP has them, by the parent's key. */
export async function readFamilies(
  core: Core,
  parent: TableMap,
  records: readonly RemoteRecord[],
  signal: AbortSignal,
): Promise<Map<string, Member[]>> {
  const families = new Map<string, Member[]>()
  for (let at = 0; at < records.length; at += PARENTS_AT_ONCE_MAX) {
    const some = records.slice(at, at + PARENTS_AT_ONCE_MAX)
    const read = await Promise.all(some.map((record) => readFamily(core, parent, record, signal)))
    for (const [index, record] of some.entries()) families.set(record.key, read[index] ?? [])
  }
  return families
}

async function readFamily(core: Core, parent: TableMap, record: RemoteRecord, signal: AbortSignal): Promise<Member[]> {
  const members: Member[] = []
  for (const map of childrenOf(core, parent)) {
    const children = await readOf(core, parent, map, record, signal)
    members.push(...children.map((child) => ({ map, record: child })))
    if (childrenOf(core, map).length === 0) continue
    for (const [, further] of await readFamilies(core, map, children, signal)) members.push(...further)
  }
  return members
}

async function readOf(
  core: Core,
  parent: TableMap,
  map: TableMap,
  record: RemoteRecord,
  signal: AbortSignal,
): Promise<RemoteRecord[]> {
  const where = parentFields(parent, map, record)
  if (where === undefined) return []
  const company = parent.companyField === undefined ? undefined : String(record.fields[parent.companyField] ?? '')
  const children: RemoteRecord[] = []
  let after: string | undefined
  for (let page = 0; page < PAGES_MAX; page++) {
    const { records, next } = await core.connector.readPage(
      {
        entity: map.entity,
        fields: map.fields,
        company,
        where,
        rowsMax: core.connector.capabilities.pageRowsMax,
        ...(after === undefined ? {} : { after }),
      },
      signal,
    )
    children.push(...records)
    if (next === undefined) break
    after = next
  }
  return children
}

/** The child's fields that name the parent, with the parent's values. */
function parentFields(parent: TableMap, map: TableMap, record: RemoteRecord): RemoteFields | undefined {
  const through = map.lookups.find((one) => one.column.name === map.group?.through)
  const target = through?.targets.find((one) => one.table === parent.table)
  if (target === undefined) return undefined
  const where: Record<string, RemoteFields[string]> = {}
  for (const part of target.parts) {
    const field = parent.columns.find((one) => one.column?.name === part.column.name)?.field
    const value = field === undefined ? undefined : record.fields[field]
    if (value === undefined || value === null) return undefined
    where[part.field] = value
  }
  return where
}
