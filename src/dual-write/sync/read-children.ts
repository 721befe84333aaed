import type { Condition, RemoteRecord, RemoteValue } from '#connector/contract.ts'
import { holds } from '#connector/where.ts'
import { type Core, childrenOf } from '../core.ts'
import type { TableMap } from '../table-map.ts'

/** A record that belongs to another and must not be seen later than it. */
export type Member = { map: TableMap; record: RemoteRecord }

/** Parents whose children are asked for in one question, and such questions at once. */
const PARENTS_MAX = 20
const QUESTIONS_MAX = 5
/** Of one parent's children. */
const PAGES_MAX = 20

/** The children of these parents and what belongs to them in turn, as the ERP has them, by the parent's key. */
export async function readFamilies(
  core: Core,
  parent: TableMap,
  records: readonly RemoteRecord[],
  signal: AbortSignal,
): Promise<Map<string, Member[]>> {
  const families = new Map(records.map((record): [string, Member[]] => [record.key, []]))
  for (const map of childrenOf(core, parent)) {
    const children = await readChildren(core, parent, map, records, signal)
    const further =
      childrenOf(core, map).length === 0
        ? new Map<string, Member[]>()
        : await readFamilies(core, map, [...children.values()].flat(), signal)
    for (const [key, own] of children)
      for (const record of own) families.get(key)?.push({ map, record }, ...(further.get(record.key) ?? []))
  }
  return families
}

/** The records of a child map by the parent's key. */
async function readChildren(
  core: Core,
  parent: TableMap,
  map: TableMap,
  records: readonly RemoteRecord[],
  signal: AbortSignal,
): Promise<Map<string, RemoteRecord[]>> {
  const found = new Map<string, RemoteRecord[]>()
  const parents = records.flatMap((record) => placeOf(parent, map, record) ?? [])
  const questions = [...Map.groupBy(parents, (one) => one.company).values()].flatMap((some) => chunks(core, some))
  for (let at = 0; at < questions.length; at += QUESTIONS_MAX) {
    const asked = questions.slice(at, at + QUESTIONS_MAX)
    const answers = await Promise.all(asked.map((some) => readOf(core, map, some, signal)))
    for (const [question, children] of answers.entries()) share(asked[question] ?? [], children, found)
  }
  return found
}

/** A parent, and the values by which its children name it, field by field. */
type Place = { key: string; company: string | undefined; fields: readonly string[]; values: readonly RemoteValue[] }

/** Undefined where the parent has no value to be named by. */
function placeOf(parent: TableMap, map: TableMap, record: RemoteRecord): Place | undefined {
  const through = map.lookups.find((one) => one.column.name === map.group?.through)
  const target = through?.targets.find((one) => one.table === parent.table)
  if (target === undefined) return undefined
  const company = parent.companyField === undefined ? undefined : String(record.fields[parent.companyField] ?? '')
  const values = target.parts.map((part) => {
    const field = parent.columns.find((one) => one.column?.name === part.column.name)?.field
    return field === undefined ? null : (record.fields[field] ?? null)
  })
  if (values.includes(null)) return undefined
  return { key: record.key, company, fields: target.parts.map((part) => part.field), values }
}

/** One question for each where the ERP cannot be asked for one of several values. */
function chunks(core: Core, parents: readonly Place[]): Place[][] {
  const size = core.connector.capabilities.filters.includes('in') ? PARENTS_MAX : 1
  return Array.from({ length: Math.ceil(parents.length / size) }, (_, at) => parents.slice(at * size, (at + 1) * size))
}

async function readOf(core: Core, map: TableMap, parents: readonly Place[], signal: AbortSignal): Promise<RemoteRecord[]> {
  const [first] = parents
  if (first === undefined) return []
  const where = first.fields.map((field, at): Condition => {
    const values = [...new Set(parents.map((one) => one.values[at] ?? null))]
    const [value = null] = values
    return values.length === 1
      ? { field, operator: 'eq', value, isExact: true }
      : { field, operator: 'in', value: values, isExact: true }
  })
  const children: RemoteRecord[] = []
  let after: string | undefined
  for (let page = 0; page < PAGES_MAX * parents.length; page++) {
    const { records, next } = await core.connector.readPage(
      {
        entity: map.entity,
        fields: map.fields,
        company: first.company,
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

/** Each child to the parent that it names. Several fields together may bring one that names none of them. */
function share(parents: readonly Place[], children: readonly RemoteRecord[], found: Map<string, RemoteRecord[]>): void {
  const exactly = new Map(parents.map((one) => [JSON.stringify(one.values), one]))
  for (const child of children) {
    const valuesOf = (fields: readonly string[]) => fields.map((field) => child.fields[field] ?? null)
    // Some ERPs write a value here in another way than there.
    const names = (one: Place) => one.values.every((value, at) => holds('eq', valuesOf(one.fields)[at] ?? null, value))
    const parent = exactly.get(JSON.stringify(valuesOf(parents[0]?.fields ?? []))) ?? parents.find(names)
    if (parent !== undefined) found.set(parent.key, [...(found.get(parent.key) ?? []), child])
  }
}
