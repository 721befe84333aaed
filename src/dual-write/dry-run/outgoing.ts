import type { Tx } from '#postgres/database.ts'
import type { ClaimedChange } from '#tables/changes.queries.ts'
import type { QueryRow } from '#tables/row-query.ts'
import { type RowId, readRowsById } from '#tables/rows.queries.ts'
import { type Core, getMap } from '../core.ts'
import { findLinksByRow } from '../links.queries.ts'
import { listIds, OUT_ROWS_MAX, splitWanted } from '../sync/copy-out.ts'
import { type Item, planGroup, type Step } from '../sync/outbound-plan.ts'
import type { TableMap } from '../table-map.ts'
import type { PageWatch, Tally, Tried } from './tally.ts'

/** Portal → ERP, page by page: rows without a link that no record would be linked to. */
export async function tryOutgoing(
  core: Core,
  map: TableMap,
  company: string,
  { tally, adopted }: { tally: Tally; adopted: ReadonlySet<RowId> },
  { signal, pageDone }: PageWatch,
): Promise<void> {
  let cursor: string | null = null
  let rowsDone = 0
  while (!signal.aborted) {
    const page = { company, cursor }
    const ids: RowId[] = await core.database.read(async (tx) => {
      const found = await listIds(core, tx, map, page)
      const links = await findLinksByRow(tx, map.name, found)
      const open = found.filter((id) => !links.has(id) && !adopted.has(id))
      const { rows, excluded } = await splitWanted(tx, map, await readRowsById(tx, map.table, open))
      tally.add(excluded.map((key) => ({ kind: 'excluded', key, reason: null, columns: [] })))
      tally.add(await tryRows(core, tx, map, rows))
      return found
    })
    rowsDone += ids.length
    pageDone(rowsDone, null)
    if (ids.length < OUT_ROWS_MAX) return
    cursor = ids.at(-1) ?? null
  }
}

async function tryRows(core: Core, tx: Tx, map: TableMap, rows: readonly QueryRow[]): Promise<Tried[]> {
  const parents = await parentItems(core, tx, map, rows)
  const steps = await planGroup(core, tx, [...parents, ...rows.map((row) => itemOf(map, row))])
  return steps.filter((step) => step.item.map.name === map.name).map(triedOf)
}

/** Rows travel with a parent that is as new to the ERP as they are. */
async function parentItems(core: Core, tx: Tx, map: TableMap, rows: readonly QueryRow[]): Promise<Item[]> {
  const { group } = map
  if (group === undefined) return []
  const parent = getMap(core, group.parent)
  const ids = [...new Set(rows.flatMap((row) => (row[group.through] === null ? [] : [String(row[group.through])])))]
  const links = await findLinksByRow(tx, parent.name, ids)
  const open = ids.filter((id) => !links.has(id))
  const wanted = await splitWanted(tx, parent, await readRowsById(tx, parent.table, open))
  return [...(await parentItems(core, tx, parent, wanted.rows)), ...wanted.rows.map((row) => itemOf(parent, row))]
}

/** A create as the first copy would queue it. */
function itemOf(map: TableMap, row: QueryRow): Item {
  const change: ClaimedChange = {
    number: 0,
    lastNumber: 0,
    table: map.table.name,
    rowId: String(row[map.table.idColumn]),
    operation: 'create',
    columns: [...map.table.columns.keys()],
    before: {},
    transactionId: 0,
    attempt: 1,
    capturedAt: '',
    actor: null,
  }
  return { map, change }
}

function triedOf(step: Step): Tried {
  const key = step.item.change.rowId
  if (step.kind === 'settle') return { kind: 'excluded', key, reason: null, columns: [] }
  if (step.kind !== 'write') return { kind: 'refused', key, reason: step.reason, columns: [] }
  const fields = 'fields' in step.write ? Object.entries(step.write.fields) : []
  const columns = fields.map(([field, value]) => ({
    column: field,
    before: null,
    after: value === null ? null : String(value),
    decidedBy: 'only the portal has the row',
  }))
  return { kind: 'created', key, reason: null, columns }
}
