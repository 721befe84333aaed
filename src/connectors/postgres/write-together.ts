import type { GroupOutcome, RemoteFields, RemoteRecord, WriteGroup, WriteOutcome } from '#connector/contract.ts'
import { recordKey } from '#connector/record-key.ts'
import type { Tx } from '#postgres/database.ts'
import { fieldOf } from './expressions.ts'
import type { OwnWrites, Written } from './own-writes.ts'
import { listByKeys } from './read.queries.ts'
import { casesOf, createdFields, keyValues, recordOf, toText } from './records.ts'
import { findNoted, noteNew, waitForLocks } from './sync.queries.ts'
import type { PgColumn, PgEntity } from './tables.ts'
import { deleteRecords, insertRecords, updateRecords } from './write.queries.ts'
import { applied, digest, linksOf, type Step, stop, writeStep } from './write.ts'

export type Planned = { group: WriteGroup; steps: readonly Step[] }

/** Of a group that goes with others: they do not wait for what it waits for. */
const LOCK_MS_MAX = 200

/**
 * Many groups in one transaction: it is committed once for all. Throws where one of them fails, has been carried out already, or meets a
 * record that somebody holds: then none of them is written, and each has to go by itself.
 */
export async function writeTogether(
  tx: Tx,
  planned: readonly Planned[],
  memory: OwnWrites | undefined,
): Promise<readonly GroupOutcome[]> {
  const xid = await waitForLocks(tx, LOCK_MS_MAX)
  const going = planned.map(({ group, steps }): Going => ({ steps, attempt: group.attempt, outcomes: [], written: [] }))
  for (let round = nextRound(going); round.length > 0; round = nextRound(going))
    for (const bucket of round) await writeBucket(tx, bucket)
  const outcomes = going.map((one) => one.outcomes)
  if (memory === undefined) return outcomes
  const answered = await remember(tx, planned, outcomes)
  memory.note(
    xid,
    going.flatMap((one) => one.written),
  )
  return answered
}

/** Keeps the outcomes. A group that met another version may have been carried out already: it is answered as it was then. */
async function remember(
  tx: Tx,
  planned: readonly Planned[],
  outcomes: readonly GroupOutcome[],
): Promise<readonly GroupOutcome[]> {
  const ids = planned.map(({ group }) => `${group.id} ${digest(group)}`)
  const isWritten = (at: number) => outcomes[at]?.every((one) => one.kind === 'applied') === true
  const notes = ids.flatMap((id, at) => (isWritten(at) ? [{ id, outcomes: JSON.stringify(outcomes[at]) }] : []))
  if (!(await noteNew(tx, notes))) stop({ kind: 'conflict' })
  const noted = await findNoted(
    tx,
    ids.filter((_, at) => !isWritten(at)),
  )
  return outcomes.map((own, at) => {
    const known = noted.get(ids[at] ?? '')
    return known === undefined || isWritten(at) ? own : (JSON.parse(known) as GroupOutcome)
  })
}

/** A group on its way: its writes in order, as many of them done as there are outcomes. */
type Going = { steps: readonly Step[]; attempt: number; outcomes: WriteOutcome[]; written: Written[] }

/** Writes of one kind that go in one statement. */
type Bucket = { entity: PgEntity; operation: Step['write']['operation']; pieces: Piece[]; keys: Set<string> }

/** One write of a bucket: a create has its whole key, as everything else. Without a shape it goes by itself. */
type Piece = { going: Going; step: Step; shape: string | undefined; key: string; fields: RemoteFields }

/**
 * In each round every group gives its next writes of one kind: the same entity, operation and columns. Those of all groups go together; within
 * a group the order stays. A record that is written twice is written in two rounds.
 */
function nextRound(all: readonly Going[]): Bucket[] {
  const buckets = new Map<string, Bucket>()
  const alone: Bucket[] = []
  for (const going of all) {
    const done = going.outcomes.length
    let bucket: Bucket | undefined
    for (const step of going.steps.slice(done)) {
      if (isBehind(step, done)) break
      const piece = pieceOf(going, step)
      if (piece.shape === undefined) {
        if (bucket === undefined) alone.push(bucketOf(piece))
        break
      }
      const next: Bucket = buckets.get(piece.shape) ?? { ...bucketOf(piece), pieces: [], keys: new Set() }
      if ((bucket !== undefined && bucket !== next) || next.keys.has(piece.key)) break
      bucket = next
      bucket.pieces.push(piece)
      bucket.keys.add(piece.key)
      buckets.set(piece.shape, bucket)
    }
  }
  return [...buckets.values(), ...alone]
}

/** Its parent is not written yet. */
function isBehind({ write }: Step, done: number): boolean {
  return write.operation === 'create' && write.parent !== undefined && write.parent.index >= done
}

function bucketOf(piece: Piece): Bucket {
  const { entity, write } = piece.step
  return { entity, operation: write.operation, pieces: [piece], keys: new Set([piece.key]) }
}

function pieceOf(going: Going, step: Step): Piece {
  const { entity, write } = step
  const shapeOf = (fields: RemoteFields) => `${write.operation} ${entity.name} ${Object.keys(fields).join(' ')}`
  switch (write.operation) {
    case 'create': {
      const fields = createdFields(entity, write, linksOf(write, going.outcomes))
      const isWhole = entity.keyFields.every((name) => fields[name] !== undefined)
      const key = isWhole ? recordKey(entity.keyFields, entity.companyField, fields) : ''
      return { going, step, shape: isWhole ? shapeOf(fields) : undefined, key, fields }
    }
    case 'update': {
      const isEmpty = Object.keys(write.fields).length === 0
      return { going, step, shape: isEmpty ? undefined : shapeOf(write.fields), key: write.key, fields: write.fields }
    }
    case 'delete':
      return { going, step, shape: shapeOf({}), key: write.key, fields: {} }
  }
}

async function writeBucket(tx: Tx, bucket: Bucket): Promise<void> {
  const [first] = bucket.pieces
  if (first === undefined) return
  if (first.shape === undefined) {
    const { going, step } = first
    going.outcomes.push(await writeStep(tx, step, going.attempt, going.outcomes))
    return
  }
  const found = new Set<string>()
  const outcomes = await OPERATIONS[bucket.operation](tx, bucket, found)
  for (const piece of bucket.pieces) {
    const outcome = outcomes.get(piece.key) ?? { kind: 'conflict' }
    // Nothing of a group that consists of this alone has been written: the others need not go back.
    if (outcome.kind !== 'applied' && (bucket.operation !== 'update' || piece.going.steps.length > 1)) stop({ kind: 'conflict' })
    piece.going.outcomes.push(outcome)
    if (outcome.kind === 'applied' && !found.has(piece.key))
      piece.going.written.push({ entity: bucket.entity.name, key: outcome.key })
  }
}

type Outcomes = ReadonlyMap<string, WriteOutcome>

/** `found` are keys of records that an earlier attempt has left. */
type Write = (tx: Tx, bucket: Bucket, found: Set<string>) => Promise<Outcomes>

const OPERATIONS: Readonly<Record<Bucket['operation'], Write>> = {
  async create(tx, { entity, pieces }, found) {
    const columns = [...entity.fields.values()]
    const repeated = pieces.filter((piece) => piece.going.attempt > 1)
    const earlier = repeated.length === 0 ? [] : await listByKeys(tx, entity, listsOf(entity, repeated), columns)
    const outcomes = new Map(recordsOf(entity, earlier, columns).map((record) => [record.key, applied(record)]))
    for (const key of outcomes.keys()) found.add(key)
    const fresh = pieces.filter((piece) => !found.has(piece.key))
    if (fresh.length === 0) return outcomes
    const rows = await insertRecords(tx, entity, valuesOf(entity, fresh), columns)
    for (const record of recordsOf(entity, rows, columns)) outcomes.set(record.key, applied(record))
    return outcomes
  },
  async update(tx, { entity, pieces }) {
    const columns = [...entity.fields.values()]
    const cased = pieces.flatMap((piece) => casesOf(entity, keyValues(entity, piece.key)).map((key) => ({ piece, key })))
    const some = cased.map(({ piece }) => piece)
    const request = {
      keys: entity.keyFields.map((name) => cased.map(({ key }) => key[name] ?? '')),
      versions: some.map(({ step: { write } }) => (write.operation === 'update' ? (write.ifVersion ?? null) : null)),
      values: valuesOf(entity, some),
    }
    const rows = await updateRecords(tx, entity, request, columns)
    return new Map(recordsOf(entity, rows, columns).map((record) => [record.key, applied(record)]))
  },
  async delete(tx, { entity, pieces }) {
    await deleteRecords(tx, entity, listsOf(entity, pieces))
    return new Map(pieces.map(({ key }) => [key, { kind: 'applied', key, version: undefined, fields: undefined }]))
  },
}

function recordsOf(entity: PgEntity, rows: Parameters<typeof recordOf>[1][], columns: readonly PgColumn[]): RemoteRecord[] {
  return rows.map((row) => recordOf(entity, row, columns))
}

/** The keys' values, one list for each field of the key. */
function listsOf(entity: PgEntity, pieces: readonly Piece[]): string[][] {
  const keys = pieces.flatMap((piece) => casesOf(entity, keyValues(entity, piece.key)))
  return entity.keyFields.map((name) => keys.map((key) => key[name] ?? ''))
}

/** Columns with the values of all pieces, which have the same. */
function valuesOf(entity: PgEntity, pieces: readonly Piece[]): (readonly [PgColumn, (string | null)[]])[] {
  return Object.keys(pieces[0]?.fields ?? {}).map((name) => {
    const texts = pieces.map(({ fields }) => toText(entity, name, fields[name] ?? null)[1])
    return [fieldOf(entity, name), texts] as const
  })
}
