import type { ChangePage, ReadChanges, RemoteNotice } from '#connector/contract.ts'
import { AppError } from '#lib/app-error.ts'
import type { Clock } from '#lib/clock.ts'
import { isJsonObject } from '#lib/json.ts'
import type { ErpEntity } from './metadata.ts'
import { readPage } from './read.ts'
import type { Transport } from './transport.ts'

/** What a cursor says; it travels as JSON. */
type Cursor = {
  /** Everything that was changed before is told, as ISO 8601. */
  from: string
  /** Versions of what was told already and is looked at again. */
  told: Record<string, string>
  /** In the middle of a reading: when it began, and where it goes on. */
  reading?: { beganMs: number; after: string; told: Record<string, string> }
}

/** As long as a transaction over there may last, and as far as its clock may be from ours. */
const OVERLAP_MS = 10 * 60_000
/** Beyond, records are told again: that costs, and harms nobody. */
const TOLD_MAX = 1_000

/**
 * Changes by the time of the last change, for environments whose data events are not set up. Few entities show that time; deletes and changes
 * that were written directly into the database are never told this way.
 */
export async function readChanges(
  { transport, clock }: { transport: Transport; clock: Clock },
  entity: ErpEntity,
  request: ReadChanges,
  signal: AbortSignal,
): Promise<ChangePage> {
  const { modifiedField } = entity
  if (modifiedField === undefined)
    throw new AppError('connector.refused', `${entity.name} does not show when a record was changed; it is read through instead`)
  const nowMs = clock.nowMs()
  if (request.since === undefined) return pageOf([], { from: new Date(nowMs - OVERLAP_MS).toISOString(), told: {} }, false)
  const cursor = parseCursor(request.since)
  const { beganMs = nowMs, after, told = {} } = cursor.reading ?? {}
  const page = await readPage(
    transport,
    entity,
    {
      entity: entity.name,
      fields: [],
      company: undefined,
      where: [{ field: modifiedField, operator: 'ge', value: cursor.from }],
      rowsMax: request.rowsMax,
      ...(after !== undefined && { after }),
    },
    signal,
  )
  const seen = { ...told, ...Object.fromEntries(page.records.map((record) => [record.key, record.version])) }
  const notices = page.records
    .filter((record) => cursor.told[record.key] !== record.version)
    .map(
      (record): RemoteNotice => ({
        eventId: `${record.key} ${record.version}`,
        entity: entity.name,
        key: record.key,
        operation: 'update',
      }),
    )
  const kept = Object.keys(seen).length > TOLD_MAX ? {} : seen
  if (page.next !== undefined) return pageOf(notices, { ...cursor, reading: { beganMs, after: page.next, told: kept } }, true)
  return pageOf(notices, { from: new Date(beganMs - OVERLAP_MS).toISOString(), told: kept }, false)
}

function pageOf(notices: RemoteNotice[], cursor: Cursor, more: boolean): ChangePage {
  return { notices, next: JSON.stringify(cursor), more }
}

function parseCursor(text: string): Cursor {
  try {
    const cursor: unknown = JSON.parse(text)
    if (isJsonObject(cursor) && typeof cursor.from === 'string' && isJsonObject(cursor.told)) return cursor as unknown as Cursor
  } catch {
    // Told below.
  }
  throw new AppError('connector.refused', 'This is not a cursor of the connector dynamics365')
}
