import { createHash } from 'node:crypto'
import type { GroupOutcome, RecordWrite, RemoteFields, RemoteRecord, WriteGroup, WriteOutcome } from '#connector/contract.ts'
import { AppError, isAppError } from '#lib/app-error.ts'
import { assert } from '#lib/assert.ts'
import { sqlStateOf, type Tx } from '#postgres/database.ts'
import { bothCases } from './expressions.ts'
import { type Failure, failureOf } from './failures.ts'
import type { OwnWrites } from './own-writes.ts'
import { listByValues } from './read.queries.ts'
import { createdFields, keyValues, recordOf, toText } from './records.ts'
import { claimGroup, noteOutcomes } from './sync.queries.ts'
import type { PgEntity } from './tables.ts'
import { deleteRecord, insertRecord, lockRecord, updateRecord } from './write.queries.ts'

type Create = Extract<RecordWrite, { operation: 'create' }>
type Update = Extract<RecordWrite, { operation: 'update' }>
type Applied = Extract<WriteOutcome, { kind: 'applied' }>
export type Step = { write: RecordWrite; entity: PgEntity }

/**
 * A group in one transaction, which keeps the outcomes beside the records where it may (`memory`): then a group that comes again is answered from
 * there. Otherwise each create of a later attempt looks for what an earlier one has left.
 */
export async function writeSteps(
  tx: Tx,
  steps: readonly Step[],
  group: WriteGroup,
  memory: OwnWrites | undefined,
): Promise<GroupOutcome> {
  if (memory === undefined || group.id === undefined) return writeAll(tx, steps, group.attempt)
  // With its content: what comes again with other values, since the row was merged meanwhile, must be written.
  const id = `${group.id} ${digest(group)}`
  const claimed = await claimGroup(tx, id)
  if ('outcomes' in claimed) return JSON.parse(claimed.outcomes) as GroupOutcome
  const outcomes = await writeAll(tx, steps, group.attempt)
  await noteOutcomes(tx, id, JSON.stringify(outcomes))
  // A repeated create may have found its record, and not written it.
  const isWritten = ({ write }: Step) => write.operation !== 'create' || group.attempt === 1
  const written = steps.flatMap((step, at) =>
    isWritten(step) ? [{ entity: step.entity.name, key: outcomes[at]?.key ?? '' }] : [],
  )
  memory.note(claimed.xid, written)
  return outcomes
}

/** In one transaction, so with the outcomes noted at its end or not at all. */
async function writeAll(tx: Tx, steps: readonly Step[], attempt: number): Promise<Applied[]> {
  const outcomes: Applied[] = []
  for (const step of steps) outcomes.push(await writeStep(tx, step, attempt, outcomes))
  return outcomes
}

export function digest({ writes }: WriteGroup): string {
  return createHash('sha256').update(JSON.stringify(writes)).digest('base64url')
}

/** What stopped a group: thrown by a step, so that the transaction ends with it. */
export function groupFailureOf(error: unknown): Failure {
  return isAppError(error, STOPPED) ? (error.details.failure as Failure) : failureOf(error)
}

/** Whether the database itself has said that the transaction failed, so that what goes again goes to one that answers. */
export function isAnswer(error: unknown): boolean {
  const state = sqlStateOf(error)
  return (
    isAppError(error, STOPPED) ||
    isAppError(error, 'connector.refused') ||
    (state !== undefined && !/^(08|53|57|58|XX)/.test(state))
  )
}

const STOPPED = 'connector.group_stopped'

export function stop(failure: Failure): never {
  throw new AppError(STOPPED, 'The group was not written', { details: { failure } })
}

export function writeStep(tx: Tx, { write, entity }: Step, attempt: number, earlier: readonly WriteOutcome[]): Promise<Applied> {
  switch (write.operation) {
    case 'create':
      return create(tx, entity, write, attempt, earlier)
    case 'update':
      return update(tx, entity, write)
    case 'delete':
      return remove(tx, entity, write.key)
  }
}

async function create(
  tx: Tx,
  entity: PgEntity,
  write: Create,
  attempt: number,
  earlier: readonly WriteOutcome[],
): Promise<Applied> {
  const links = linksOf(write, earlier)
  const fields = createdFields(entity, write, links)
  if (attempt > 1) {
    const found = await findEarlier(tx, entity, write, fields, links)
    if (found !== undefined) return applied(found)
  }
  const columns = [...entity.fields.values()]
  const row = await insertRecord(
    tx,
    entity,
    Object.entries(fields).map(([name, value]) => toText(entity, name, value)),
    columns,
  )
  // A trigger or a rule over there may take a row away without a word.
  if (row === undefined)
    return stop({ kind: 'rejected', code: 'postgres.refused', message: 'The database did not keep the row.' })
  return applied(recordOf(entity, row, columns))
}

/** The record of this create by its whole key where the fields hold it, else by what it is found by, below its parent. */
async function findEarlier(
  tx: Tx,
  entity: PgEntity,
  write: Create,
  fields: RemoteFields,
  links: RemoteFields,
): Promise<RemoteRecord | undefined> {
  const key = Object.fromEntries(entity.keyFields.flatMap((name) => (fields[name] === undefined ? [] : [[name, fields[name]]])))
  const company = entity.companyField === undefined ? undefined : fields[entity.companyField]
  const isWhole = Object.keys(key).length === entity.keyFields.length
  const findBy = Object.entries(write.findBy).filter(([, value]) => value !== null && value !== '')
  if (!isWhole && findBy.length === 0) return undefined
  const identity: RemoteFields = isWhole ? key : { ...Object.fromEntries(findBy), ...links }
  const columns = [...entity.fields.values()]
  const rest = Object.entries(identity).filter(([name]) => name !== entity.companyField)
  const values = rest.map(([name, value]) => {
    const [column, text] = toText(entity, name, value)
    return [column, text ?? ''] as const
  })
  const rows = await listByValues(tx, entity, values, columns)
  const records = rows.map((row) => recordOf(entity, row, columns))
  return records.find(
    (record) =>
      entity.companyField === undefined || bothCases(String(company)).includes(String(record.fields[entity.companyField])),
  )
}

async function update(tx: Tx, entity: PgEntity, write: Update): Promise<Applied> {
  const key = keyValues(entity, write.key)
  if (write.ifVersion !== undefined) {
    const before = await lockRecord(tx, entity, key)
    if (before?.version !== write.ifVersion) return stop({ kind: 'conflict' })
  }
  const columns = [...entity.fields.values()]
  const values = Object.entries(write.fields).map(([name, value]) => toText(entity, name, value))
  const row = values.length === 0 ? await lockRecord(tx, entity, key) : await updateRecord(tx, entity, key, values, columns)
  if (row === undefined) return stop({ kind: 'conflict' })
  if (values.length === 0) return { kind: 'applied', key: write.key, version: row.version, fields: undefined }
  return applied(recordOf(entity, row, columns))
}

async function remove(tx: Tx, entity: PgEntity, key: string): Promise<Applied> {
  await deleteRecord(tx, entity, keyValues(entity, key))
  return { kind: 'applied', key, version: undefined, fields: undefined }
}

export function applied(record: RemoteRecord): Applied {
  return { kind: 'applied', key: record.key, version: record.version, fields: record.fields }
}

/** The values that a child takes from its parent, which an earlier write of the group has made. */
export function linksOf(write: Create, earlier: readonly WriteOutcome[]): RemoteFields {
  if (write.parent === undefined) return {}
  const parent = earlier[write.parent.index]
  const values = parent?.kind === 'applied' ? parent.fields : undefined
  return Object.fromEntries(
    Object.entries(write.parent.fields).map(([own, theirs]) => {
      const value = values?.[theirs]
      assert(value !== undefined && value !== null, `the parent has ${theirs}`)
      return [own, value]
    }),
  )
}
