import type { RemoteFields, RemoteRecord } from '#connector/contract.ts'
import { type Core, childrenOf } from '../core.ts'
import type { TableMap } from '../table-map.ts'

const PARENTS_MAX = 50
const PAGES_MAX = 20

/** The children of these parents, as the ERP has them. For more parents than a batch should wait for, notices bring them. */
export async function readChildren(
  core: Core,
  parent: TableMap,
  records: readonly RemoteRecord[],
  signal: AbortSignal,
): Promise<{ map: TableMap; records: RemoteRecord[] }[]> {
  const found: { map: TableMap; records: RemoteRecord[] }[] = []
  if (records.length > PARENTS_MAX) return found
  for (const map of childrenOf(core, parent)) {
    const children = await Promise.all(records.map((record) => readOf(core, parent, map, record, signal)))
    if (children.some((one) => one.length > 0)) found.push({ map, records: children.flat() })
  }
  return found
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
  try {
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
  } catch (error) {
    // Their own notices bring them; the parent need not wait for an extra.
    core.log.debug({ map: map.name, reason: String(error) }, 'children could not be read along with their parent')
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
