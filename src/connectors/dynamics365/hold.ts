import type { RecordKey, RemoteFields, RemoteRecord } from '#connector/contract.ts'
import { AppError } from '#lib/app-error.ts'
import { required } from '#lib/assert.ts'
import {
  type Applied,
  applied,
  type Create,
  createdFields,
  deleteCall,
  type Failure,
  outcomeOf,
  readCall,
  updateCall,
} from './calls.ts'
import { findChildren, type Step } from './earlier.ts'
import type { ErpEntity } from './metadata.ts'
import { recordOf } from './read.ts'
import type { Transport } from './transport.ts'

/** A header whose lines are still to come is kept from processing by this field, where its entity has it. */
const HOLD_FIELD = 'IsSalesProcessingStopped'
const PATIENCE_MS = 10_000

const GONE_MEANWHILE: Failure = { kind: 'retry', afterMs: undefined, reason: 'the record was deleted while it was looked at' }

type Group = { transport: Transport; steps: readonly Step[]; signal: AbortSignal }

/** The fields of a new header, on hold. */
export function withHold(entity: ErpEntity, fields: RemoteFields): RemoteFields {
  return isHoldable(entity) ? { ...fields, [HOLD_FIELD]: 'Yes' } : fields
}

/** What ends the hold of a header: undefined when it has none, or is to stay on hold. */
export function releaseOf(entity: ErpEntity, write: Create, current: RemoteFields): RemoteFields | undefined {
  const wanted = wantedHold(entity, write)
  return isHoldable(entity) && current[HOLD_FIELD] !== wanted ? { [HOLD_FIELD]: wanted } : undefined
}

/** A header as it is after its release, as far as can be told without reading it again. */
export function released(entity: ErpEntity, write: Create, header: Applied): Applied {
  if (!isHoldable(entity)) return header
  return { ...header, version: undefined, fields: { ...header.fields, [HOLD_FIELD]: wantedHold(entity, write) } }
}

/**
 * A header that an earlier attempt has left, of which nothing is to be written any more, as it now is: it was read before its lines, which
 * may have arrived in between with the end of its hold. With lines it was released with them, so a hold that it still has is a person's, and
 * stays. Without any it waits for lines that will not come, since they were taken back meanwhile: its hold ends here.
 */
export async function endHold(
  group: Group,
  write: Create,
  found: Applied,
  at: { index: number; hasLines: boolean },
): Promise<Applied | Failure> {
  const entity = required(group.steps[at.index]?.entity, 'the entity of a header')
  if (releaseOf(entity, write, found.fields ?? {}) === undefined) return found
  const answer = await group.transport.read(readCall(entity, found.key), group.signal)
  const record = answer === undefined ? undefined : recordOf(entity, answer)
  if (record === undefined) return GONE_MEANWHILE
  const release = releaseOf(entity, write, record.fields)
  if (release === undefined || at.hasLines) return applied(record)
  const call = updateCall(entity, record.key, release, record.version === '' ? undefined : record.version)
  const { answer: said, verdict } = await group.transport.send(call, { patienceMs: PATIENCE_MS }, group.signal)
  const update = { operation: 'update' as const, entity: entity.name, key: record.key, fields: release }
  const outcome = outcomeOf(update, entity, said, verdict)
  return outcome.kind === 'applied' ? released(entity, write, applied(record)) : outcome
}

/**
 * The header that earlier attempts have left: if there are several, as a request that was given up may have been carried out late, the one
 * that is known, else the one with lines. The others, empty and on hold, are taken away.
 */
export async function chooseHeader(
  group: Group,
  index: number,
  candidates: readonly RemoteRecord[],
): Promise<RemoteRecord | undefined> {
  if (candidates.length < 2) return candidates[0]
  const counted: { record: RemoteRecord; recordsCount: number }[] = []
  for (const record of candidates) {
    const { recordsCount } = await findChildren(group.transport, group.steps, { index, fields: record.fields }, group.signal)
    counted.push({ record, recordsCount })
  }
  const { write } = required(group.steps[index], 'a header')
  const isKnown = write.operation === 'create' && write.earlierKey !== undefined
  const chosen = (isKnown ? undefined : counted.find(({ recordsCount }) => recordsCount > 0)) ?? counted[0]
  for (const { record } of counted) {
    if (record === chosen?.record) continue
    const failure = await removeEmpty(group, index, record.key, record.fields)
    if (failure?.kind === 'retry') {
      throw new AppError('connector.unavailable', failure.reason, { details: { afterMs: failure.afterMs } })
    }
  }
  return chosen?.record
}

/** Takes a header away that has no lines and is on hold, or could not be held. Any other is not ours to delete. */
export async function removeEmpty(
  group: Group,
  index: number,
  key: RecordKey,
  fields: RemoteFields,
): Promise<Failure | undefined> {
  const entity = group.steps[index]?.entity
  if (entity === undefined || (isHoldable(entity) && fields[HOLD_FIELD] !== 'Yes')) return undefined
  const { recordsCount } = await findChildren(group.transport, group.steps, { index, fields }, group.signal)
  if (recordsCount > 0) return undefined
  const { answer, verdict } = await group.transport.send(deleteCall(entity, key), { patienceMs: PATIENCE_MS }, group.signal)
  const outcome = outcomeOf({ operation: 'delete', entity: entity.name, key }, entity, answer, verdict)
  return outcome.kind === 'applied' ? undefined : outcome
}

function isHoldable(entity: ErpEntity): boolean {
  return entity.fields.get(HOLD_FIELD)?.type === 'enum'
}

function wantedHold(entity: ErpEntity, write: Create): 'Yes' | 'No' {
  const given = createdFields(entity, write)[HOLD_FIELD]
  return given === 'Yes' || given === true ? 'Yes' : 'No'
}
