import { parseRecordKey } from '#connector/record-key.ts'
import { AppError } from '#lib/app-error.ts'
import type { Tx } from '#postgres/database.ts'
import { discardChangesOfRow, queueChanges } from '#tables/queued-changes.queries.ts'
import { lockRowsById, setActor } from '#tables/rows.queries.ts'
import type { Core } from './core.ts'
import type { Adopting } from './facets-rows.ts'
import { moveReferences } from './identity/move-references.ts'
import { suggestPairs } from './identity/suggest.ts'
import { findMap } from './lifecycle.ts'
import { deleteLinks, findLinksByKey, findLinksByRow, putLinks } from './links.queries.ts'
import { insertActivity } from './maps.queries.ts'
import { putRemoteChanges } from './remote-changes.queries.ts'
import { sentColumns, type TableMap } from './table-map.ts'

type Pair = Parameters<Adopting['adoptPairs']>[0][number]

/** Which row is which record, beyond the integration key: existing data is adopted, and records may be renumbered and merged. */
export function createAdopting(core: Core, signal: AbortSignal): Adopting {
  return {
    suggestPairs: ({ map, company, rules, rowsMax }) =>
      suggestPairs(core, { map: findMap(core, map), company, rules: rules ?? [], rowsMax }, signal),
    adoptPairs: (pairs, actor) => adoptPairs(core, pairs, actor),
    renumber: (of, actor) => core.database.transaction((tx) => renumber(core, tx, of, actor)),
    mergeRecords: (of, actor) => core.database.transaction((tx) => mergeRecords(core, tx, of, actor)),
  }
}

async function adoptPairs(core: Core, pairs: readonly Pair[], actor: string): ReturnType<Adopting['adoptPairs']> {
  const refused: { remoteKey: string; reason: string }[] = []
  let adopted = 0
  for (const [name, group] of Map.groupBy(pairs, (pair) => pair.map)) {
    const map = findMap(core, name)
    await core.database.transaction(async (tx) => {
      for (const pair of group) {
        const reason = await adopt(tx, map, pair, actor)
        if (reason === undefined) adopted += 1
        else refused.push({ remoteKey: pair.remoteKey, reason })
      }
      await insertActivity(tx, {
        map: name,
        actor,
        action: 'adopted existing data',
        details: { pairs: group.length, refused: refused.length },
      })
    })
  }
  return { adopted, refused }
}

/**
 * Links the pair with nothing agreed on: the record is read again and its values fill the row, but for columns of the portal's where the
 * portal's values stay, which go out as edits of the person. Answers why not.
 */
async function adopt(tx: Tx, map: TableMap, pair: Pair, actor: string): Promise<string | undefined> {
  const row = (await lockRowsById(tx, map.table, [pair.rowId])).get(pair.rowId)
  if (row === undefined) return 'The row does not exist any more'
  if ((await findLinksByRow(tx, map.name, [pair.rowId])).size > 0) return 'The row is linked to a record already'
  if ((await findLinksByKey(tx, map.name, [pair.remoteKey])).size > 0) return 'The record is linked to another row already'
  checkKey(map, pair.remoteKey)
  const company = map.companyField === undefined ? null : (parseRecordKey(pair.remoteKey)[map.companyField] ?? null)
  await putLinks(tx, map.name, [{ rowId: pair.rowId, remoteKey: pair.remoteKey, company, agreed: {}, remoteVersion: null }])
  if (pair.winner === 'erp') await discardChangesOfRow(tx, map.name, pair.rowId)
  else if (map.writes) {
    await setActor(tx, actor)
    const columns = sentColumns(map).filter((name) => !map.key.includes(name) && (row[name] ?? null) !== null)
    await queueChanges(tx, map.name, map.table.name, columns.length === 0 ? [] : [{ rowId: pair.rowId, columns }])
  }
  await putRemoteChanges(tx, [{ map: map.name, remoteKey: pair.remoteKey, eventId: null }])
  return undefined
}

/** The link keeps its row and its agreed values; the record is read again under its new key. */
async function renumber(core: Core, tx: Tx, of: { map: string; from: string; to: string }, actor: string): Promise<void> {
  const map = findMap(core, of.map)
  checkKey(map, of.to)
  const links = await findLinksByKey(tx, map.name, [of.from, of.to], true)
  const link = links.get(of.from)
  if (link === undefined) throw notLinked(map, of.from)
  if (links.has(of.to))
    throw new AppError('dual_write.conflict', `${of.to} is linked to a row of its own: merge the two records instead`)
  const company = map.companyField === undefined ? null : (parseRecordKey(of.to)[map.companyField] ?? null)
  await putLinks(tx, map.name, [{ ...link, remoteKey: of.to, company, remoteVersion: null }])
  await putRemoteChanges(tx, [{ map: map.name, remoteKey: of.to, eventId: null }])
  await insertActivity(tx, {
    map: map.name,
    actor,
    action: 'renumbered',
    details: { from: of.from, to: of.to, rowId: link.rowId },
  })
}

/** What pointed to the row of the lost record points to that of the kept one; the row that is left over is marked as inactive. */
async function mergeRecords(
  core: Core,
  tx: Tx,
  of: { map: string; lost: string; kept: string },
  actor: string,
): Promise<{ moved: number }> {
  const map = findMap(core, of.map)
  const links = await findLinksByKey(tx, map.name, [of.lost, of.kept], true)
  const [lost, kept] = [links.get(of.lost), links.get(of.kept)]
  if (lost === undefined || kept === undefined) throw notLinked(map, lost === undefined ? of.lost : of.kept)
  if (lost.rowId === kept.rowId) throw new AppError('request.invalid', 'A record cannot be merged with itself')
  const moved = await moveReferences(core, tx, map, { from: lost.rowId, to: kept.rowId })
  await deleteLinks(tx, map.name, [lost.rowId])
  await putRemoteChanges(tx, [{ map: map.name, remoteKey: of.kept, eventId: null }])
  await insertActivity(tx, {
    map: map.name,
    actor,
    action: 'merged two records',
    details: { lost: of.lost, kept: of.kept, lostRow: lost.rowId, keptRow: kept.rowId, moved },
  })
  return { moved }
}

function notLinked(map: TableMap, key: string): AppError {
  const form = map.recordKey.map((field) => `${field}=…`).join(',')
  return new AppError('dual_write.not_found', `No row of ${map.name} is linked to ${key}: write a key of the ERP as ${form}`)
}

function checkKey(map: TableMap, key: string): void {
  const given = Object.keys(parseRecordKey(key)).join(', ')
  const wanted = map.recordKey.join(', ')
  if (given !== wanted) throw new AppError('request.invalid', `A key of ${map.entity} names ${wanted}; this one names ${given}`)
}
