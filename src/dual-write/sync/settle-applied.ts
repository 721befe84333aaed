import type { RemoteRecord, WriteOutcome } from '#connector/contract.ts'
import type { Tx } from '#postgres/database.ts'
import { postponeChange, settleChanges } from '#tables/changes.queries.ts'
import { parkChange } from '#tables/parked-changes.queries.ts'
import { type RowId, readRowsById } from '#tables/rows.queries.ts'
import { applyRecords } from '../apply/apply-records.ts'
import { deleteErpChanges } from '../conflicts.queries.ts'
import { CONFLICT, type Core } from '../core.ts'
import {
  type Agreed,
  deleteLinks,
  findLinksByKey,
  findLinksByRow,
  type LinkWrite,
  putLinks,
  type RowLink,
} from '../links.queries.ts'
import { setMapError } from '../maps.queries.ts'
import { putRemoteChanges } from '../remote-changes.queries.ts'
import type { TableMap } from '../table-map.ts'
import { listLookedAt, putTombstones } from '../tombstones.queries.ts'
import type { Item, Step } from './outbound-plan.ts'

type Write = Extract<Step, { kind: 'write' }>
export type Done = { step: Write; outcome: Extract<WriteOutcome, { kind: 'applied' }> }

/**
 * Row links, what the ERP answered and the end of the changes are one transaction: writes of one map, in a number of statements that does
 * not depend on how many they are.
 */
export async function settleApplied(core: Core, tx: Tx, map: TableMap, done: readonly Done[]): Promise<void> {
  const links = await findLinksByRow(tx, map.name, done.map(rowIdOf), true)
  const holders = await findHolders(core, tx, map, done)
  const free: Done[] = []
  for (const one of done) {
    if (holders.get(one)?.isThere !== true) free.push(one)
    else await parkTaken(tx, one)
  }
  // What another worker has taken over after a lost lease is left to it: it finds what we wrote and settles it.
  const mine = await settleWritten(core, tx, map, free)
  await forgetDeleted(
    tx,
    map,
    mine.filter(({ step }) => step.write.operation === 'delete'),
  )
  const kept = mine.filter(({ step }) => step.write.operation !== 'delete')
  const former = kept.flatMap((one) => holders.get(one)?.rowId ?? [])
  if (former.length > 0) await deleteLinks(tx, map.name, former)
  await deleteErpChanges(
    tx,
    map.name,
    kept.flatMap((one) => sentAgain(one, links.get(rowIdOf(one)))),
  )
  await putLinks(
    tx,
    map.name,
    kept.map((one) => linkOf(core, one, links.get(rowIdOf(one)))),
  )
  const isOvertaken = (one: Done) => isOlderThan(links.get(rowIdOf(one)), one)
  const [overtaken, current] = [kept.filter(isOvertaken), kept.filter((one) => !isOvertaken(one))]
  await takeAnswers(core, tx, map, current)
  // Somebody may have deleted there what we had just made, before it was known here whose record that was.
  const made = current.filter(({ step }) => step.write.operation === 'create').map(({ outcome }) => outcome.key)
  await readAgain(tx, map, [...overtaken.map(({ outcome }) => outcome.key), ...(await listLookedAt(tx, map.name, made))])
}

/**
 * The link was written since the write was planned: whoever did that has read the record later than our answer says, or may have. Who has
 * read the very version that we wrote, since its notice was faster than the answer, knows the same.
 */
function isOlderThan(link: RowLink | undefined, { step, outcome }: Done): boolean {
  const isSame = outcome.version !== undefined && link?.remoteVersion === outcome.version
  return link?.revision !== step.link?.revision && !isSame
}

function rowIdOf({ step }: Done): RowId {
  return step.item.change.rowId
}

async function parkTaken(tx: Tx, { step: { item }, outcome }: Done): Promise<void> {
  await park(tx, item, { code: CONFLICT, reason: `The ERP's record ${outcome.key} belongs to another row already` })
}

export async function park(tx: Tx, { map, change }: Item, why: { code: string; reason: string }): Promise<void> {
  await parkChange(tx, map.name, change, { code: why.code, reason: why.reason })
  await setMapError(tx, map.name, why.reason)
}

type Holder = { rowId: RowId; isThere: boolean }

/** Whose record it was until now: a deleted row's, which gives it up, or that of a row that is still here, which keeps it. */
async function findHolders(core: Core, tx: Tx, map: TableMap, done: readonly Done[]): Promise<Map<Done, Holder>> {
  const asked = done.filter(
    ({ step }) => step.heirOf !== undefined || (step.write.operation === 'create' && step.item.change.attempt > 1),
  )
  const keys = asked.map(({ outcome }) => outcome.key)
  const links = await findLinksByKey(tx, map.name, keys, true)
  const others = asked.flatMap((one) => {
    const rowId = links.get(one.outcome.key)?.rowId
    return rowId === undefined || rowId === rowIdOf(one) ? [] : [{ one, rowId }]
  })
  if (others.length === 0) return new Map()
  core.index.forget()
  const rowIds = others.map(({ rowId }) => rowId)
  const rows = await readRowsById(tx, map.table, rowIds)
  return new Map(others.map(({ one, rowId }) => [one, { rowId, isThere: rows.has(rowId) }]))
}

/**
 * What answers a repeated create may be the record that an earlier attempt has left, as the row was then: of edits since, the ERP may
 * know nothing.
 */
function isPerhapsOlder(core: Core, { write, item: { map, change } }: Write): boolean {
  return write.operation === 'create' && (change.attempt > 1 || change.operation !== 'create' || core.copying.has(map.name))
}

/** Answers those that no other worker has by now. Edits that the ERP may not know of stay, and go once the record is linked. */
async function settleWritten(core: Core, tx: Tx, map: TableMap, done: readonly Done[]): Promise<Done[]> {
  const older = new Set(done.filter(({ step }) => isPerhapsOlder(core, step)))
  const stays = ({ step }: Done) => step.item.change.operation !== 'create'
  const ended = await settleChanges(
    tx,
    map.name,
    done.flatMap((one) => {
      const { change } = one.step.item
      if (!older.has(one)) return [change]
      return stays(one) ? [] : [{ ...change, lastNumber: change.number }]
    }),
  )
  for (const one of older) {
    const why = { afterMs: 0, code: CONFLICT, reason: 'The ERP had the record already' }
    if (stays(one)) await postponeChange(tx, map.name, one.step.item.change, why)
  }
  return done.filter((one) => ended.has(one.step.item.change.number) || (older.has(one) && stays(one)))
}

async function forgetDeleted(tx: Tx, map: TableMap, done: readonly Done[]): Promise<void> {
  if (done.length === 0) return
  await deleteLinks(tx, map.name, done.map(rowIdOf))
  await putTombstones(
    tx,
    map.name,
    done.map(({ outcome }) => ({ remoteKey: outcome.key, rowId: null, kind: 'gone' as const })),
  )
}

/** Columns of which it is noted what the ERP has made of an earlier value. */
function sentAgain(one: Done, link: RowLink | undefined): { rowId: RowId; column: string }[] {
  const sent = Object.keys(one.step.agreed).filter((column) => link?.sent?.includes(column))
  return sent.map((column) => ({ rowId: rowIdOf(one), column }))
}

function linkOf(core: Core, one: Done, link: RowLink | undefined): LinkWrite {
  const { step, outcome } = one
  const isOlder = isOlderThan(link, one)
  const answered = outcome.fields === undefined ? (outcome.version ?? null) : null
  return {
    rowId: step.item.change.rowId,
    remoteKey: outcome.key,
    company: step.company,
    agreed: { ...link?.agreed, ...(isPerhapsOlder(core, step) ? {} : agreedBy(step, link)) },
    remoteVersion: isOlder ? (link?.remoteVersion ?? null) : answered,
    sent: Object.keys(step.agreed),
  }
}

/** What both sides agree on through this write; in a column on which they have agreed otherwise meanwhile, that is the newer word. */
function agreedBy({ agreed, link: planned }: Write, link: RowLink | undefined): Agreed {
  const isSame = (column: string) => link?.agreed[column] === planned?.agreed[column]
  return Object.fromEntries(Object.entries(agreed).filter(([column]) => isSame(column)))
}

/** What the ERP made of them: from its answers, or by reading them. */
async function takeAnswers(core: Core, tx: Tx, map: TableMap, done: readonly Done[]): Promise<void> {
  const again: string[] = []
  const records: RemoteRecord[] = []
  for (const { step, outcome } of done) {
    const { key, fields, version } = outcome
    if (fields !== undefined) records.push({ key, fields, version: version ?? '' })
    else if (version === undefined || step.write.operation === 'create') again.push(key)
  }
  // The way of a notice says what becomes of it: no other may come.
  for (const { record, result } of await applyRecords(core, tx, map, records, { quiet: false, adopt: true }))
    if (['waits', 'held', 'excluded'].includes(result.kind)) again.push(record.key)
  await readAgain(tx, map, again)
}

async function readAgain(tx: Tx, map: TableMap, keys: readonly string[]): Promise<void> {
  await putRemoteChanges(
    tx,
    keys.map((remoteKey) => ({ map: map.name, remoteKey, eventId: null })),
  )
}
