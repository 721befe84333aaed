import type { RecordWrite, RemoteFields, RemoteRecord } from '#connector/contract.ts'
import { AppError } from '#lib/app-error.ts'
import { assert } from '#lib/assert.ts'
import { type Applied, applied, type Create, createdFields, readCall } from './calls.ts'
import type { ErpEntity } from './metadata.ts'
import { findRecords, recordOf } from './read.ts'
import type { Transport } from './transport.ts'
import { sameValue } from './values.ts'

/** A write with the description of its entity. */
export type Step = { write: RecordWrite; entity: ErpEntity }

/** More records than this with the same identifying values are not ours. */
const CANDIDATES_MAX = 20

/**
 * What identifies the record of a create: its whole key where the fields hold it (a line's number is its own only within its order), else
 * `findBy`. Throws AppError `connector.refused` where there is neither, as such a create could not be repeated safely.
 */
export function identityOf(entity: ErpEntity, write: Create, links: RemoteFields = {}): RemoteFields {
  const fields = createdFields(entity, write, links)
  const key = entity.keyFields.flatMap((name) => {
    const value = fields[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  if (key.length === entity.keyFields.length) return Object.fromEntries(key)
  const values = Object.values(write.findBy)
  if (values.length > 0 && values.every((value) => value !== null && value !== '')) return write.findBy
  throw new AppError(
    'connector.refused',
    `A new record of ${entity.name} has neither its key nor values to find it again by, so it cannot be sent safely`,
    { details: { entity: entity.name } },
  )
}

/**
 * The records that an earlier attempt at this create may have left: in the order of their keys, the one that is known first. Throws AppError
 * `connector.unavailable` when the one that is known to be left has gone: its notice will tell.
 */
export async function findCandidates(
  transport: Transport,
  step: Step & { write: Create },
  signal: AbortSignal,
): Promise<RemoteRecord[]> {
  const { write, entity } = step
  const records = await findRecords(transport, entity, { company: write.company, values: identityOf(entity, write) }, signal)
  if (write.earlierKey === undefined) return records.slice(0, CANDIDATES_MAX)
  const answer = await transport.read(readCall(entity, write.earlierKey), signal)
  const known = answer === undefined ? undefined : recordOf(entity, answer)
  if (known === undefined)
    throw new AppError('connector.unavailable', `${write.earlierKey} was deleted before all of it was there`)
  return [known, ...records.filter((one) => one.key !== known.key).slice(0, CANDIDATES_MAX)]
}

/** Which steps are creates below the one at `parent`. */
export function childrenOf(steps: readonly Step[], parent: number): number[] {
  return steps.flatMap(({ write }, index) => (write.operation === 'create' && write.parent?.index === parent ? [index] : []))
}

/** The values that a child takes from its parent's fields. */
export function linksOf(write: Create, parentFields: RemoteFields): RemoteFields {
  return Object.fromEntries(
    Object.entries(write.parent?.fields ?? {}).map(([own, theirs]) => {
      const value = parentFields[theirs]
      assert(value !== undefined && value !== null, `the parent has ${theirs}`)
      return [own, value]
    }),
  )
}

export type ChildrenFound = { done: Map<number, Applied>; recordsCount: number }

/** Those children of a record that are there already, and how many records of their kind it has in all: one question per entity. */
export async function findChildren(
  transport: Transport,
  steps: readonly Step[],
  parent: { index: number; fields: RemoteFields },
  signal: AbortSignal,
): Promise<ChildrenFound> {
  const found: ChildrenFound = { done: new Map(), recordsCount: 0 }
  const byEntity = Map.groupBy(childrenOf(steps, parent.index), (index) => steps[index]?.entity)
  for (const [entity, indexes] of byEntity) {
    const first = writeAt(steps, indexes[0])
    assert(entity !== undefined, 'a step has an entity')
    const records = await findRecords(
      transport,
      entity,
      { company: first.company, values: linksOf(first, parent.fields) },
      signal,
    )
    found.recordsCount += records.length
    for (const index of indexes) {
      const write = writeAt(steps, index)
      const identity = identityOf(entity, write, linksOf(write, parent.fields))
      const record = records.find(({ fields }) =>
        Object.entries(identity).every(([name, value]) => sameValue(entity, name, fields[name], value)),
      )
      if (record !== undefined) found.done.set(index, applied(record))
    }
  }
  return found
}

function writeAt(steps: readonly Step[], index: number | undefined): Create {
  const write = index === undefined ? undefined : steps[index]?.write
  assert(write?.operation === 'create', 'a child is a create')
  return write
}
