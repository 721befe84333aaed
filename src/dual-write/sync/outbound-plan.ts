import type { RecordWrite, RemoteFields, WriteGroup } from '#connector/contract.ts'
import type { Tx } from '#postgres/database.ts'
import { type ClaimedChange, listPendingColumns } from '#tables/changes.queries.ts'
import type { QueryRow } from '#tables/row-query.ts'
import { type RowId, readRowsById } from '#tables/rows.queries.ts'
import { type Core, getMap } from '../core.ts'
import { findLinksByRow, type RowLink } from '../links.queries.ts'
import { belongsInErp, companyOf, mapChanges, mapNewRecord, readTargets, type Targets } from '../mapping/to-erp.ts'
import type { TableMap } from '../table-map.ts'

export type Item = { map: TableMap; change: ClaimedChange }

/** Changes that go to the ERP together: one row's, or a new parent's with its children's. */
export type Group = readonly Item[]

/** What is to be done with one claimed change. */
export type Step =
  | {
      kind: 'write'
      item: Item
      write: RecordWrite
      link: RowLink | undefined
      company: string | null
      /** What both sides agree on once it is applied. */
      agreed: Record<string, string | null>
    }
  /** Nothing to tell the ERP. */
  | { kind: 'settle'; item: Item; forgetLink: boolean }
  | { kind: 'wait'; item: Item; reason: string }

type Seen = { rows: Map<RowId, QueryRow>; links: Map<RowId, RowLink>; parents: Map<RowId, RowLink> }

/** Looks at the rows as they now stand and decides, without touching the ERP. */
export async function planGroup(core: Core, tx: Tx, group: Group): Promise<Step[]> {
  const seen = await see(core, tx, group)
  const items = group.flatMap((item) => {
    const row = seen.rows.get(item.change.rowId)
    return row === undefined ? [] : [{ map: item.map, row }]
  })
  const targets = await readTargets(core, tx, items)
  const steps: Step[] = []
  for (const item of group) steps.push(await planItem(core, tx, item, group, seen, targets, steps))
  return steps
}

export function toWriteGroup(steps: readonly Extract<Step, { kind: 'write' }>[]): WriteGroup {
  // A row without a link that is not new may have been created before links were kept: the connector looks.
  const mayExist = steps.some((step) => step.write.operation === 'create' && step.item.change.operation !== 'create')
  const attempt = Math.max(...steps.map((step) => step.item.change.attempt), mayExist ? 2 : 1)
  return { attempt, writes: steps.map((step) => step.write) }
}

async function see(core: Core, tx: Tx, group: Group): Promise<Seen> {
  const seen: Seen = { rows: new Map(), links: new Map(), parents: new Map() }
  for (const [map, items] of Map.groupBy(group, (item) => item.map)) {
    const ids = items.map((item) => item.change.rowId)
    for (const [id, row] of await readRowsById(tx, map.table, ids)) seen.rows.set(id, row)
    for (const [id, link] of await findLinksByRow(tx, map.name, ids)) seen.links.set(id, link)
    if (map.group === undefined) continue
    const parents = ids.flatMap((id) => parentIdOf(map, seen.rows.get(id)) ?? [])
    const parentMap = getMap(core, map.group.parent)
    for (const [id, link] of await findLinksByRow(tx, parentMap.name, [...new Set(parents)])) seen.parents.set(id, link)
  }
  return seen
}

async function planItem(
  core: Core,
  tx: Tx,
  item: Item,
  group: Group,
  seen: Seen,
  targets: Targets,
  before: readonly Step[],
): Promise<Step> {
  const { map, change } = item
  const row = seen.rows.get(change.rowId)
  const link = seen.links.get(change.rowId)
  if (row === undefined || change.operation === 'delete') return planDelete(item, row === undefined, link)
  if (!belongsInErp(map, row)) return { kind: 'settle', item, forgetLink: false }
  if (link !== undefined) return planUpdate(item, row, link, targets)

  const parentId = parentIdOf(map, row)
  const parent = before.find((step) => step.item.change.rowId === parentId)
  if (map.group !== undefined && parentId !== undefined && parent === undefined && !seen.parents.has(parentId))
    return waitForParent(core, tx, item, parentId)
  if (parent !== undefined && parent.kind !== 'write') return { ...parent, item }
  return planCreate(core, tx, item, row, targets, parent === undefined ? undefined : group.indexOf(parent.item))
}

function planDelete(item: Item, isGone: boolean, link: RowLink | undefined): Step {
  const { map } = item
  if (!isGone || link === undefined) return { kind: 'settle', item, forgetLink: false }
  // With the policy `ignore` the link stays as the memory that the row was deleted here.
  if (map.deletes.toErp === 'ignore') return { kind: 'settle', item, forgetLink: false }
  const write: RecordWrite = { operation: 'delete', entity: map.entity, key: link.remoteKey }
  return { kind: 'write', item, write, link, company: link.company, agreed: {} }
}

function planUpdate(item: Item, row: QueryRow, link: RowLink, targets: Targets): Step {
  const { map, change } = item
  const { fields, agreed, open } = mapChanges(map, row, targets, new Set(change.columns), link.agreed)
  if (open.length > 0) return { kind: 'wait', item, reason: `Waits for ${open[0]?.table}, which the ERP does not know yet` }
  if (Object.keys(fields).length === 0) return { kind: 'settle', item, forgetLink: false }
  const write: RecordWrite = {
    operation: 'update',
    entity: map.entity,
    key: link.remoteKey,
    fields,
    ...(link.remoteVersion === null ? {} : { ifVersion: link.remoteVersion }),
  }
  return { kind: 'write', item, write, link, company: link.company, agreed }
}

async function planCreate(
  core: Core,
  tx: Tx,
  item: Item,
  row: QueryRow,
  targets: Targets,
  parentIndex: number | undefined,
): Promise<Step> {
  const { map } = item
  const { fields, agreed, open } = mapNewRecord(map, row, targets)
  const through = map.lookups.find((one) => one.column.name === map.group?.through)
  for (const target of open) {
    if (parentIndex !== undefined && target.table === through?.targets[0]?.table.name) continue
    // A target that is on its way is waited for; one that never goes to the ERP is left out.
    if (await isOnItsWay(core, tx, target))
      return { kind: 'wait', item, reason: `Waits for ${target.table}, which is on its way` }
  }
  const parentFields = parentIndex === undefined ? {} : parentFieldsOf(core, map)
  for (const field of Object.keys(parentFields)) delete fields[field]
  const company = companyOf(row, targets)
  const findBy = findByOf(map, fields, parentIndex === undefined ? through?.targets[0]?.parts.map((part) => part.field) : [])
  const write: RecordWrite = {
    operation: 'create',
    entity: map.entity,
    company,
    fields,
    findBy,
    ...(parentIndex === undefined ? {} : { parent: { index: parentIndex, fields: parentFields } }),
  }
  return { kind: 'write', item, write, link: undefined, company: company ?? null, agreed }
}

/** Nothing unless all of it has values: a part alone would find another record. A line alone is found within its order only. */
function findByOf(map: TableMap, fields: RemoteFields, parentFields: readonly string[] = []): RemoteFields {
  const values = [...map.findBy, ...(map.findBy.length > 0 ? parentFields : [])].map(
    (name) => [name, fields[name] ?? null] as const,
  )
  return values.every(([, value]) => value !== null) ? Object.fromEntries(values) : {}
}

/** Child field → the parent's field it repeats. */
function parentFieldsOf(core: Core, map: TableMap): Record<string, string> {
  const parent = getMap(core, map.group?.parent ?? '')
  const through = map.lookups.find((one) => one.column.name === map.group?.through)
  const parts = through?.targets.find((target) => target.table === parent.table)?.parts ?? []
  return Object.fromEntries(
    parts.flatMap((part) => {
      const field = parent.columns.find((one) => one.column?.name === part.column.name)?.field
      return field === undefined ? [] : [[part.field, field]]
    }),
  )
}

async function isOnItsWay(core: Core, tx: Tx, target: { table: string; id: RowId }): Promise<boolean> {
  for (const map of core.maps) {
    if (map.writes && map.table.name === target.table && (await listPendingColumns(tx, map.name, [target.id])).size > 0)
      return true
  }
  return false
}

/** The parent takes its children along when it goes; a parent that never goes leaves them here. */
async function waitForParent(core: Core, tx: Tx, item: Item, parentId: RowId): Promise<Step> {
  const parent = getMap(core, item.map.group?.parent ?? '')
  const isPending = (await listPendingColumns(tx, parent.name, [parentId])).size > 0
  if (isPending) return { kind: 'wait', item, reason: `Goes with its ${parent.table.name}, which is on its way` }
  return { kind: 'settle', item, forgetLink: false }
}

function parentIdOf(map: TableMap, row: QueryRow | undefined): RowId | undefined {
  const id = map.group === undefined ? undefined : row?.[map.group.through]
  return id === null || id === undefined ? undefined : String(id)
}
