import { createHash } from 'node:crypto'
import type { RecordWrite, RemoteFields, WriteGroup } from '#connector/contract.ts'
import { recordKey } from '#connector/record-key.ts'
import type { Tx } from '#postgres/database.ts'
import { type ClaimedChange, listPendingCreates, listPendingRows } from '#tables/changes.queries.ts'
import type { QueryRow } from '#tables/row-query.ts'
import { type RowId, readRowsById } from '#tables/rows.queries.ts'
import { DELETE_REFUSED, GONE } from '../apply/gone.ts'
import { type Core, childrenOf, getMap } from '../core.ts'
import { isGivenUp } from '../given-up.ts'
import { findLinksByKey, findLinksByRow, type RowLink } from '../links.queries.ts'
import { belongsInErp, companyOf, mapChanges, mapNewRecord, readTargets, type Targets } from '../mapping/to-erp.ts'
import { sentColumns, type TableMap } from '../table-map.ts'
import { findTombstonesOfRows } from '../tombstones.queries.ts'

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
      /** The write of the group that creates the record it belongs to. */
      parent?: { item: Item; fields: Readonly<Record<string, string>> }
      /** A deleted row whose record this row takes over. */
      heirOf?: RowId
    }
  /** Nothing to tell the ERP. */
  | { kind: 'settle'; item: Item }
  /** `blocker`: the row whose own change must end first. */
  | { kind: 'wait'; item: Item; reason: string; blocker?: RowId }
  /** A person decides. */
  | { kind: 'park'; item: Item; code: string; reason: string }

type Write = Extract<Step, { kind: 'write' }>

type Seen = {
  rows: ReadonlyMap<RowId, QueryRow>
  targets: Targets
  /** Of several maps one row may have links, so these are found by map and row id, or by map and key. */
  links: ReadonlyMap<string, RowLink>
  parents: ReadonlyMap<string, RowLink>
  /** Parents that have a link, but whose creation has not ended: what belongs to them must not go ahead of its end. */
  halfMade: ReadonlySet<string>
  /** What became of the records of rows that have no link any more. */
  tombstones: ReadonlyMap<string, 'gone' | 'left'>
  /** Who has the records whose keys new rows bear. */
  holders: ReadonlyMap<string, RowLink>
}

/** Looks at the rows as they now stand and decides, without touching the ERP: with one query for each kind of thing, however many groups. */
export async function planGroups(core: Core, tx: Tx, groups: readonly Group[]): Promise<Step[][]> {
  const seen = await see(core, tx, groups.flat())
  const plans: Step[][] = []
  for (const group of groups) {
    const steps: Step[] = []
    for (const item of group) steps.push(await planItem(core, tx, item, seen, { group, before: steps }))
    plans.push(steps)
  }
  return plans
}

export async function planGroup(core: Core, tx: Tx, group: Group): Promise<Step[]> {
  return (await planGroups(core, tx, [group]))[0] ?? []
}

export function toWriteGroup(core: Core, steps: readonly Write[]): WriteGroup {
  // A row without a link that is not new may have been created before links were kept, and what is copied at the moment may hold the
  // record of a new one: the connector looks.
  const mayExist = steps.some(
    ({ write, item }) => write.operation === 'create' && (item.change.operation !== 'create' || core.copying.has(item.map.name)),
  )
  const attempt = Math.max(...steps.map((step) => step.item.change.attempt), mayExist ? 2 : 1)
  return { attempt, id: idOf(steps), writes: steps.map((step) => withParent(step, steps)) }
}

/** The same changes have the same id at every attempt; with a later edit beside them it is another group. */
function idOf(steps: readonly Write[]): string {
  const parts = steps.map(({ item: { map, change } }) => `${map.name} ${change.number} ${change.lastNumber}`)
  return createHash('sha256').update(parts.join('\n')).digest('base64url')
}

function withParent({ write, parent }: Write, steps: readonly Write[]): RecordWrite {
  if (write.operation !== 'create' || parent === undefined) return write
  const index = steps.findIndex((step) => step.item === parent.item)
  return { ...write, parent: { index, fields: parent.fields } }
}

async function see(core: Core, tx: Tx, items: readonly Item[]): Promise<Seen> {
  const rows = new Map<RowId, QueryRow>()
  const links = new Map<string, RowLink>()
  const parents = new Map<string, RowLink>()
  const halfMade = new Set<string>()
  const tombstones = new Map<string, 'gone' | 'left'>()
  for (const [map, own] of Map.groupBy(items, (item) => item.map)) {
    const ids = own.map((item) => item.change.rowId)
    for (const [id, row] of await readRowsById(tx, map.table, ids)) rows.set(id, row)
    for (const [id, link] of await findLinksByRow(tx, map.name, ids)) links.set(of(map, id), link)
    const unlinked = own.filter((item) => item.change.operation === 'update' && !links.has(of(map, item.change.rowId)))
    const forgotten = unlinked.map((item) => item.change.rowId)
    for (const [id, kind] of await findTombstonesOfRows(tx, map.name, forgotten)) tombstones.set(of(map, id), kind)
    if (map.group === undefined) continue
    const parent = getMap(core, map.group.parent).name
    const parentIds = new Set(ids.flatMap((id) => parentIdOf(map, rows.get(id)) ?? []))
    const linked = await findLinksByRow(tx, parent, [...parentIds])
    for (const [id, link] of linked) parents.set(of(map, id), link)
    if (core.connector.capabilities.atomicGroups) continue
    for (const id of await listPendingCreates(tx, parent, [...linked.keys()])) halfMade.add(of(map, id))
  }
  const present = items.flatMap(({ map, change }) => {
    const row = rows.get(change.rowId)
    return row === undefined ? [] : [{ map, row, isNew: !links.has(of(map, change.rowId)) }]
  })
  const targets = await readTargets(core, tx, present)
  const fresh = present.filter((one) => one.isNew && belongsInErp(one.map, one.row))
  return { rows, links, parents, halfMade, tombstones, targets, holders: await findHolders(tx, fresh, targets) }
}

function of(map: TableMap, idOrKey: string): string {
  return `${map.name} ${idOrKey}`
}

async function findHolders(
  tx: Tx,
  fresh: readonly { map: TableMap; row: QueryRow }[],
  targets: Targets,
): Promise<Map<string, RowLink>> {
  const holders = new Map<string, RowLink>()
  for (const [map, some] of Map.groupBy(fresh, (one) => one.map)) {
    const keys = some.flatMap(({ row }) => keyOf(map, mapNewRecord(map, row, targets).fields, companyOf(row, targets)) ?? [])
    for (const [key, link] of await findLinksByKey(tx, map.name, keys)) holders.set(of(map, key), link)
  }
  return holders
}

async function planItem(
  core: Core,
  tx: Tx,
  item: Item,
  seen: Seen,
  { group, before }: { group: Group; before: readonly Step[] },
): Promise<Step> {
  const { map, change } = item
  const row = seen.rows.get(change.rowId)
  const link = seen.links.get(of(map, change.rowId))
  if (row === undefined || change.operation === 'delete') return planDelete(core, item, row === undefined, link)
  if (!belongsInErp(map, row)) return planLeave(item, row, link)
  if (link !== undefined) {
    if (isHalfMade(core, item, seen, group)) return planCreate(core, tx, item, row, seen, undefined)
    return planUpdate(core, tx, item, row, link, seen.targets)
  }
  if (change.operation === 'update' && core.copying.has(map.name))
    return { kind: 'wait', item, reason: 'Waits for the first copy, which may bring the record of this row' }
  const became = seen.tombstones.get(of(map, change.rowId))
  if (became === 'left' || (change.operation === 'update' && isGivenUp(map, row))) return { kind: 'settle', item }
  if (became === 'gone') return { kind: 'park', item, code: GONE, reason: 'The ERP no longer has the record of this row' }

  const parentId = parentIdOf(map, row)
  const ahead = before.find((step) => step.item.change.rowId === parentId && step.item.map.name === map.group?.parent)
  const isMadeAhead = ahead?.kind === 'write' && ahead.write.operation === 'create'
  if (ahead === undefined && parentId !== undefined && seen.halfMade.has(of(map, parentId)))
    return { kind: 'wait', item, reason: 'Goes with the rest of its parent, which is not whole yet', blocker: parentId }
  const isKnown = parentId === undefined || (seen.parents.has(of(map, parentId)) && !isMadeAhead)
  const parent = isKnown ? undefined : ahead
  if (!isKnown && parent === undefined) return waitForParent(core, tx, item, parentId)
  if (parent !== undefined && parent.kind !== 'write') return { ...parent, item }
  return planCreate(core, tx, item, row, seen, parent?.write.operation === 'create' ? parent : undefined)
}

/**
 * The record that an attempt has made before it was cut off, and that was linked since: what belongs to it may still be to come, and it has to
 * be told that this is all. Where a group comes as a whole, none is ever half there.
 */
function isHalfMade(core: Core, { map, change }: Item, seen: Seen, group: Group): boolean {
  const isRepeated = change.operation === 'create' && change.attempt > 1
  if (!isRepeated || core.connector.capabilities.atomicGroups || childrenOf(core, map).length === 0) return false
  return !group.some((one) => one.map.group?.parent === map.name && seen.links.has(of(one.map, one.change.rowId)))
}

function planDelete(core: Core, item: Item, isGone: boolean, link: RowLink | undefined): Step {
  const { map } = item
  if (isGone && link === undefined && core.copying.has(map.name))
    return { kind: 'wait', item, reason: 'Waits for the first copy, which may bring the record of this row' }
  if (!isGone || link === undefined) return { kind: 'settle', item }
  switch (map.deletes.toErp) {
    case 'ignore':
      // The link stays as the memory that the row was deleted here.
      return { kind: 'settle', item }
    case 'refuse':
      return { kind: 'park', item, code: DELETE_REFUSED, reason: map.deletes.reason ?? 'The ERP keeps such records' }
    case 'mark':
      return planMark(item, link)
    case 'propagate': {
      const write: RecordWrite = { operation: 'delete', entity: map.entity, key: link.remoteKey }
      return { kind: 'write', item, write, link, company: link.company, agreed: {} }
    }
    default:
      return map.deletes.toErp satisfies never
  }
}

/** The record says that its row is gone; where the row itself is, the link stays as the memory of it. */
function planMark(item: Item, link: RowLink): Step {
  const { map } = item
  const fields = map.deletes.markErp
  if (Object.keys(fields).length === 0) return { kind: 'settle', item }
  const write: RecordWrite = { operation: 'update', entity: map.entity, key: link.remoteKey, fields }
  return { kind: 'write', item, write, link, company: link.company, agreed: {} }
}

/** A row that the ERP shall not have. What it is told, it is told once: when the row leaves. */
function planLeave(item: Item, row: QueryRow, link: RowLink | undefined): Step {
  const { map, change } = item
  if (link === undefined || map.leaves.toErp === 'keep') return { kind: 'settle', item }
  if (map.leaves.toErp === 'mark')
    return belongsInErp(map, { ...row, ...change.before }) ? planMark(item, link) : { kind: 'settle', item }
  const write: RecordWrite = { operation: 'delete', entity: map.entity, key: link.remoteKey }
  return { kind: 'write', item, write, link, company: link.company, agreed: {} }
}

async function planUpdate(core: Core, tx: Tx, item: Item, row: QueryRow, link: RowLink, targets: Targets): Promise<Step> {
  const { map, change } = item
  // What was edited while the row was outside the filter has not been told.
  const hasEntered = !belongsInErp(map, { ...row, ...change.before })
  const columns = new Set(hasEntered ? sentColumns(map) : change.columns)
  const { fields, agreed, open, misfits } = mapChanges(map, row, targets, columns, link.agreed)
  if (misfits.length > 0) return held(item, misfits)
  const [target] = open
  if (target !== undefined) {
    const reason = `Waits for ${target.table}, which the ERP does not know yet`
    return (await isOnItsWay(core, tx, target))
      ? { kind: 'wait', item, reason, blocker: target.id }
      : { kind: 'wait', item, reason }
  }
  if (Object.keys(fields).length === 0) return { kind: 'settle', item }
  const write: RecordWrite = {
    operation: 'update',
    entity: map.entity,
    key: link.remoteKey,
    fields,
    ...(link.remoteVersion === null ? {} : { ifVersion: link.remoteVersion }),
  }
  return { kind: 'write', item, write, link, company: link.company, agreed }
}

async function planCreate(core: Core, tx: Tx, item: Item, row: QueryRow, seen: Seen, parent: Write | undefined): Promise<Step> {
  const { map } = item
  const { targets } = seen
  const { fields, agreed, open, misfits } = mapNewRecord(map, row, targets)
  if (misfits.length > 0) return held(item, misfits)
  const through = map.lookups.find((one) => one.column.name === map.group?.through)
  for (const target of open) {
    if (parent !== undefined && target.table === through?.targets[0]?.table.name) continue
    // A target that is on its way is waited for; one that never goes to the ERP is left out.
    if (await isOnItsWay(core, tx, target))
      return { kind: 'wait', item, reason: `Waits for ${target.table}, which is on its way`, blocker: target.id }
  }
  const parentFields = parent === undefined ? {} : parentFieldsOf(core, map)
  for (const field of Object.keys(parentFields)) delete fields[field]
  const company = companyOf(row, targets)
  const link = seen.links.get(of(map, item.change.rowId))
  const rest = { link, company: company ?? null, agreed }
  const inherited = await planHeir(tx, item, fields, company, seen)
  if (inherited !== undefined) return 'step' in inherited ? inherited.step : { kind: 'write', item, ...inherited, ...rest }
  const findBy = findByOf(map, fields, parent === undefined ? through?.targets[0]?.parts.map((part) => part.field) : [])
  const write: RecordWrite = {
    operation: 'create',
    entity: map.entity,
    company,
    fields,
    findBy,
    ...restOfHalf(map, agreed, link, fields),
  }
  return {
    kind: 'write',
    item,
    write,
    ...rest,
    ...(parent === undefined ? {} : { parent: { item: parent.item, fields: parentFields } }),
  }
}

/**
 * Of a record that is there in part it is told what the row says and the record does not. What the row has from the record itself is no
 * word of ours: neither its number, nor the hold, which keeps the record from being worked on until the rest of it is there.
 */
function restOfHalf(
  map: TableMap,
  agreed: Readonly<Record<string, string | null>>,
  link: RowLink | undefined,
  fields: RemoteFields,
): { fields?: RemoteFields; earlierKey?: string } {
  if (link === undefined) return {}
  const same = new Set(
    map.columns.flatMap(({ field, column }) =>
      field !== undefined && column !== undefined && link.agreed[column.name] === agreed[column.name] ? [field] : [],
    ),
  )
  return {
    fields: Object.fromEntries(Object.entries(fields).filter(([field]) => !same.has(field))),
    earlierKey: link.remoteKey,
  }
}

/** The new row has the key of a record whose row was deleted here: that deletion comes first, or the record gets its row back. */
async function planHeir(
  tx: Tx,
  item: Item,
  fields: RemoteFields,
  company: string | undefined,
  seen: Seen,
): Promise<{ step: Step } | { write: RecordWrite; heirOf: RowId } | undefined> {
  const { map } = item
  const key = keyOf(map, fields, company)
  const holder = key === undefined ? undefined : seen.holders.get(of(map, key))
  if (key === undefined || holder === undefined || (await readRowsById(tx, map.table, [holder.rowId])).size > 0) return undefined
  const blocker = holder.rowId
  if ((await listPendingRows(tx, map.name, [blocker])).size > 0)
    return { step: { kind: 'wait', item, reason: 'Waits for the deletion of the row that had the same key', blocker } }
  const told = Object.entries(fields).filter(([name]) => !map.recordKey.includes(name))
  return { write: { operation: 'update', entity: map.entity, key, fields: Object.fromEntries(told) }, heirOf: blocker }
}

/** The key that a new record will have, where the row bears it already. */
function keyOf(map: TableMap, fields: RemoteFields, company: string | undefined): string | undefined {
  const whole: RemoteFields = { ...fields, ...(map.companyField === undefined ? {} : { [map.companyField]: company ?? null }) }
  if (map.recordKey.some((name) => (whole[name] ?? null) === null)) return undefined
  return recordKey(map.recordKey, map.companyField, whole)
}

/** No rule of the map says what the ERP should be told. */
function held(item: Item, misfits: readonly string[]): Step {
  return { kind: 'park', item, code: 'dual_write.held', reason: misfits.join('; ') }
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
    if (map.writes && map.table.name === target.table && (await listPendingRows(tx, map.name, [target.id])).size > 0) return true
  }
  return false
}

/** The parent takes its children along when it goes; a parent that never goes leaves them here. */
async function waitForParent(core: Core, tx: Tx, item: Item, parentId: RowId): Promise<Step> {
  const parent = getMap(core, item.map.group?.parent ?? '')
  const isPending = (await listPendingRows(tx, parent.name, [parentId])).size > 0
  if (isPending)
    return { kind: 'wait', item, reason: `Goes with its ${parent.table.name}, which is on its way`, blocker: parentId }
  return { kind: 'settle', item }
}

function parentIdOf(map: TableMap, row: QueryRow | undefined): RowId | undefined {
  const id = map.group === undefined ? undefined : row?.[map.group.through]
  return id === null || id === undefined ? undefined : String(id)
}
