import type { GroupOutcome, RemoteFields, WriteGroup } from '#connector/contract.ts'
import { assert, required } from '#lib/assert.ts'
import type { Clock } from '#lib/clock.ts'
import type { Verdict } from './answer.ts'
import { type BatchItem, formatBatch, parseBatch } from './batch.ts'
import {
  type Applied,
  applied,
  type Create,
  createCall,
  createdFields,
  deleteCall,
  type Failure,
  outcomeOf,
  readCall,
  updateCall,
} from './calls.ts'
import { childrenOf, findCandidates, findChildren, identityOf, linksOf, type Step } from './earlier.ts'
import { chooseHeader, endHold, released, releaseOf, removeEmpty, withHold } from './hold.ts'
import type { ErpEntity } from './metadata.ts'
import { recordOf } from './read.ts'
import type { Call, Transport } from './transport.ts'

export type Writing = {
  transport: Transport
  entityOf(name: string, signal: AbortSignal): Promise<ErpEntity>
  /** Where /data is, for the addresses inside a batch. */
  root: string
  clock: Clock
}

/** Half a group is there: the rest waits for a pause to end rather than leave it so. */
const MID_GROUP_PATIENCE_MS = 10_000

type Run = Writing & { steps: readonly Step[]; done: (Applied | undefined)[]; signal: AbortSignal }

/**
 * Writes a group: one write as it is, several as one change set. A record whose number the ERP gives and its lines cannot go in one
 * change set, so they follow the protocol of docs/decisions/0005: the header first, on hold; then all its lines and the end of the
 * hold as one change set; the header is taken away again when that is refused. Cut off anywhere, the next attempt completes it.
 */
export async function writeGroup(writing: Writing, group: WriteGroup, signal: AbortSignal): Promise<GroupOutcome> {
  const steps: Step[] = []
  for (const write of group.writes) steps.push({ write, entity: await writing.entityOf(write.entity, signal) })
  const run: Run = {
    ...writing,
    transport: signed(writing.transport, group.environment),
    steps,
    done: steps.map(() => undefined),
    signal,
  }
  for (const { write, entity } of steps) if (write.operation === 'create' && write.parent === undefined) identityOf(entity, write)
  if (group.attempt > 1) await findEarlier(run)
  const failure = (await endHolds(run)) ?? (await createParents(run)) ?? (await writeRest(run, group.attempt))
  return steps.map((_, index) => failure ?? required(run.done[index], 'the outcome of a write'))
}

/** Every request says which installation it comes from: whoever looks into the ERP's log can tell a copy from its original. */
function signed(transport: Transport, environment: string | undefined): Transport {
  if (environment === undefined) return transport
  const sign = (call: Call): Call => ({ ...call, headers: { ...call.headers, 'x-comptoir-environment': environment } })
  return { ...transport, send: (call, options, signal) => transport.send(sign(call), options, signal) }
}

/** Takes what earlier attempts have left as done: headers and single records, and the lines below them. */
async function findEarlier(run: Run): Promise<void> {
  const { steps, done, transport, signal } = run
  for (const [index, { write, entity }] of steps.entries()) {
    if (write.operation !== 'create' || write.parent !== undefined || done[index] !== undefined) continue
    const candidates = await findCandidates(transport, { write, entity }, signal)
    const isParent = childrenOf(steps, index).length > 0
    const found = isParent ? await chooseHeader(run, index, candidates) : candidates[0]
    if (found === undefined) continue
    done[index] = applied(found)
    if (!isParent) continue
    const children = await findChildren(transport, steps, { index, fields: found.fields }, signal)
    for (const [child, outcome] of children.done) done[child] = outcome
  }
}

/** Of headers that were found with all that belongs to them. */
async function endHolds(run: Run): Promise<Failure | undefined> {
  for (const [index, { write, entity }] of run.steps.entries()) {
    const header = run.done[index]
    if (header === undefined || write.operation !== 'create' || write.parent !== undefined) continue
    const children = childrenOf(run.steps, index)
    if (bringsKey(entity, write) || children.some((child) => run.done[child] === undefined)) continue
    const ended = await endHold(run, write, header, { index, hasLines: children.length > 0 })
    if (ended.kind !== 'applied') return ended
    run.done[index] = ended
  }
  return undefined
}

/** Headers whose number the ERP gives: they must be there before their lines can name them. */
async function createParents(run: Run): Promise<Failure | undefined> {
  for (const index of numberedParents(run.steps)) {
    if (run.done[index] !== undefined) continue
    const { write, entity } = stepAt(run, index)
    const call = createCall(entity, withHold(entity, createdFields(entity, write)))
    const { answer, verdict } = await run.transport.send(call, { patienceMs: patienceOf(run) }, run.signal)
    const outcome = outcomeOf(write, entity, answer, verdict)
    if (outcome.kind !== 'applied') return (await removeEmptyParents(run)) ?? outcome
    run.done[index] = outcome
  }
  return undefined
}

/** All that is not done yet, together: alone as a plain request, else as one change set. */
async function writeRest(run: Run, attempt: number): Promise<Failure | undefined> {
  const left = run.steps.flatMap((_, index) => (run.done[index] === undefined ? [index] : []))
  if (left.length === 0) return undefined
  const failure = run.steps.length === 1 ? await writeOne(run, 0) : await writeChangeSet(run, left)
  if (failure === undefined || (failure.kind !== 'rejected' && failure.kind !== 'conflict')) return failure
  // What an earlier attempt sent may have arrived only now, and be what stands in the way.
  const mayBeThere = attempt > 1 || numberedParents(run.steps).length > 0
  if (mayBeThere && (await arrivedMeanwhile(run))) return endHolds(run)
  return (await removeEmptyParents(run)) ?? failure
}

async function writeOne(run: Run, index: number): Promise<Failure | undefined> {
  const { write, entity } = required(run.steps[index], 'a step')
  const { answer, verdict } = await run.transport.send(callOf(run, index), { patienceMs: 0 }, run.signal)
  const outcome = outcomeOf(write, entity, answer, verdict)
  if (outcome.kind !== 'applied') return outcome
  run.done[index] = outcome
  return undefined
}

async function writeChangeSet(run: Run, left: readonly number[]): Promise<Failure | undefined> {
  const held = numberedParents(run.steps).filter((index) => childrenOf(run.steps, index).some((child) => left.includes(child)))
  const calls = [...left.map((index) => callOf(run, index)), ...held.flatMap((index) => releaseCalls(run, index))]
  const reads = held.map(
    (index): BatchItem => ({ kind: 'read', call: readCall(stepAt(run, index).entity, doneAt(run, index).key) }),
  )
  const name = Math.floor(run.clock.random() * 2 ** 48).toString(36)
  const batch = formatBatch([{ kind: 'changeSet', calls }, ...reads], run.root, name)
  const call: Call = {
    method: 'POST',
    path: '/data/$batch',
    headers: { 'Content-Type': batch.contentType, accept: 'multipart/mixed' },
    body: batch.body,
  }
  const { answer, verdict } = await run.transport.send(call, { patienceMs: patienceOf(run) }, run.signal)
  if (verdict.kind === 'gone') return { kind: 'rejected', code: 'dynamics365.invalid', message: verdict.message }
  if (verdict.kind !== 'ok') return verdict
  const parts = answer === undefined ? undefined : parseBatch(answer.headers['content-type'] ?? '', answer.body)
  const [writes = [], ...shown] = parts ?? []
  const verdicts = writes.map((part) => run.transport.judgePart(call, part))
  const refusedAt = verdicts.findIndex((one) => one.kind !== 'ok')
  if (refusedAt >= 0) {
    const at = Number(writes[refusedAt]?.contentId) - 1
    return afterRefusal(run, left, left[at], required(verdicts[refusedAt], 'a verdict'))
  }
  if (writes.length < calls.length) return { kind: 'retry', afterMs: undefined, reason: 'the answer to a batch was not whole' }
  for (const [at, index] of left.entries()) {
    const { write, entity } = required(run.steps[index], 'a step')
    const outcome = outcomeOf(write, entity, writes[at], { kind: 'ok' })
    if (outcome.kind !== 'applied') return outcome
    run.done[index] = outcome
  }
  for (const [at, index] of held.entries()) {
    const part = shown[at]?.[0]
    const record = part?.status === 200 ? recordOf(stepAt(run, index).entity, part) : undefined
    run.done[index] =
      record === undefined ? released(stepAt(run, index).entity, stepAt(run, index).write, doneAt(run, index)) : applied(record)
  }
  return undefined
}

/** A delete of what is gone has happened; the others are sent again without it. Anything else is the group's failure. */
async function afterRefusal(
  run: Run,
  left: readonly number[],
  index: number | undefined,
  verdict: Verdict,
): Promise<Failure | undefined> {
  const write = index === undefined ? undefined : run.steps[index]?.write
  assert(verdict.kind !== 'ok', 'a refusal is not ok')
  if (verdict.kind !== 'gone') return verdict
  if (index === undefined || write === undefined) return { kind: 'conflict' }
  const entity = required(run.steps[index]?.entity, 'an entity')
  const outcome = outcomeOf(write, entity, undefined, verdict)
  if (outcome.kind !== 'applied') return outcome
  run.done[index] = outcome
  const others = left.filter((other) => other !== index)
  return others.length === 0 ? undefined : writeChangeSet(run, others)
}

async function arrivedMeanwhile(run: Run): Promise<boolean> {
  const known = [...run.done]
  await findEarlier(run)
  for (const index of numberedParents(run.steps)) {
    const parent = run.done[index]
    if (parent === undefined) continue
    const { done } = await findChildren(run.transport, run.steps, { index, fields: fieldsOf(run, index) }, run.signal)
    for (const [child, outcome] of done) run.done[child] ??= outcome
  }
  if (run.done.every((one) => one !== undefined)) return true
  run.done.splice(0, run.done.length, ...known)
  return false
}

async function removeEmptyParents(run: Run): Promise<Failure | undefined> {
  for (const index of numberedParents(run.steps)) {
    const parent = run.done[index]
    if (parent === undefined) continue
    const failure = await removeEmpty(run, index, parent.key, fieldsOf(run, index))
    if (failure !== undefined) return failure
  }
  return undefined
}

function callOf(run: Run, index: number): Call {
  const { write, entity } = required(run.steps[index], 'a step')
  switch (write.operation) {
    case 'create':
      return createCall(
        entity,
        createdFields(entity, write, write.parent === undefined ? {} : linksOf(write, fieldsOf(run, write.parent.index))),
      )
    case 'update':
      return updateCall(entity, write.key, write.fields, write.ifVersion)
    case 'delete':
      return deleteCall(entity, write.key)
  }
}

/** Fields of a header: as the ERP shows it, or as it will be created when it brings its own key. */
function fieldsOf(run: Run, index: number): RemoteFields {
  const { write, entity } = stepAt(run, index)
  return run.done[index]?.fields ?? createdFields(entity, write)
}

function releaseCalls(run: Run, index: number): Call[] {
  const { write, entity } = stepAt(run, index)
  const fields = releaseOf(entity, write, fieldsOf(run, index))
  return fields === undefined ? [] : [updateCall(entity, doneAt(run, index).key, fields)]
}

/** Headers with lines that do not bring the whole of their key. */
function numberedParents(steps: readonly Step[]): number[] {
  return steps.flatMap(({ write, entity }, index) => {
    if (write.operation !== 'create' || childrenOf(steps, index).length === 0) return []
    return bringsKey(entity, write) ? [] : [index]
  })
}

function bringsKey(entity: ErpEntity, write: Create): boolean {
  const fields = createdFields(entity, write)
  return entity.keyFields.every((name) => fields[name] !== undefined)
}

function patienceOf(run: Run): number {
  return numberedParents(run.steps).some((index) => run.done[index] !== undefined) ? MID_GROUP_PATIENCE_MS : 0
}

function stepAt(run: Run, index: number): Step & { write: Create } {
  const step = run.steps[index]
  assert(step?.write.operation === 'create', 'a header is a create')
  return { entity: step.entity, write: step.write }
}

function doneAt(run: Run, index: number): Applied {
  return required(run.done[index], 'the header')
}
