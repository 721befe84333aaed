import { AppError } from '#lib/app-error.ts'
import type { Tx } from '#postgres/database.ts'
import { type RowId, readRowsById } from '#tables/rows.queries.ts'
import type { Core } from './core.ts'
import { columnsOf } from './explain/columns.ts'
import { gather, type Known } from './explain/gather.ts'
import { stepsOf } from './explain/steps.ts'
import { verdictOf } from './explain/verdict.ts'
import type { Explaining, Explanation } from './facets-rows.ts'
import { findMap } from './lifecycle.ts'
import { findLinksByKey, findLinksByRow } from './links.queries.ts'
import type { TableMap } from './table-map.ts'
import { listMapsOfRow } from './trace.queries.ts'

const MAPS_MAX = 20

type Sought = Parameters<Explaining['explain']>[0]
type Subject = { map: TableMap; rowId: RowId | null; remoteKey: string | null }

/** Why a row did or did not travel: from what happened to it, what waits for it, and what its map says of it. */
export function createExplaining(core: Core, signal: AbortSignal): Explaining {
  return {
    async explain(sought) {
      const subjects = await core.database.read((tx) => findSubjects(core, tx, sought))
      const explanations: Explanation[] = []
      for (const subject of subjects.slice(0, MAPS_MAX)) {
        const known = await gather(core, { ...subject, until: sought.at ?? null }, signal)
        explanations.push(toExplanation(subject, known, sought.at ?? null))
      }
      return explanations
    },
  }
}

function toExplanation(subject: Subject, known: Known, until: string | null): Explanation {
  const { map, rowId, remoteKey } = subject
  return {
    map: map.name,
    direction: map.writes ? null : 'toPortal',
    rowId: known.link?.rowId ?? rowId,
    remoteKey: known.link?.remoteKey ?? remoteKey,
    verdict: verdictOf(map, known, until),
    steps: stepsOf(map, known, until),
    columns: columnsOf(map, known),
  }
}

async function findSubjects(core: Core, tx: Tx, sought: Sought): Promise<Subject[]> {
  const { rowId, remoteKey } = sought
  const only = sought.map === undefined ? undefined : findMap(core, sought.map)
  if (rowId === undefined && remoteKey === undefined)
    throw new AppError('request.invalid', 'Say which row by its id, or which record by its map and key')
  if (rowId !== undefined) return subjectsOfRow(core, tx, rowId, only)
  if (only === undefined) throw new AppError('request.invalid', 'The key of a record needs the map that knows it')
  const key = remoteKey ?? ''
  const link = (await findLinksByKey(tx, only.name, [key])).get(key)
  return [{ map: only, rowId: link?.rowId ?? null, remoteKey: key }]
}

/** Each map of the row's table, whether it knows the row or not: not knowing it is what may have to be explained. */
async function subjectsOfRow(core: Core, tx: Tx, rowId: RowId, only: TableMap | undefined): Promise<Subject[]> {
  const known = new Set(await listMapsOfRow(tx, rowId))
  let maps = only === undefined ? core.maps.filter((map) => known.has(map.name)) : [only]
  const first = maps[0]
  if (only === undefined) {
    const table = first?.table ?? (await findTable(core, tx, rowId))
    maps = core.maps.filter((map) => map.table === table && map.rows === 'own' && (map.start === 'auto' || known.has(map.name)))
  }
  const subjects: Subject[] = []
  for (const map of maps) {
    const link = (await findLinksByRow(tx, map.name, [rowId])).get(rowId)
    subjects.push({ map, rowId, remoteKey: link?.remoteKey ?? null })
  }
  return subjects
}

async function findTable(core: Core, tx: Tx, rowId: RowId): Promise<TableMap['table'] | undefined> {
  for (const table of new Set(core.maps.map((map) => map.table)))
    if ((await readRowsById(tx, table, [rowId])).size > 0) return table
  return undefined
}
