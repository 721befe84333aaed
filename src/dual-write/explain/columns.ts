import type { ColumnDefinition } from '#tables/definition.ts'
import type { Explanation } from '../facets-rows.ts'
import { textOf } from '../mapping/values.ts'
import { fieldsOfTarget, type TableMap } from '../table-map.ts'
import type { Known } from './gather.ts'

type Shown = Explanation['columns'][number]

/** Each column that the map carries: what the row says, what the record says in the portal's form, and what both last agreed on. */
export function columnsOf(map: TableMap, known: Known): Shown[] {
  const plain = map.columns.flatMap((one): Shown[] =>
    one.column === undefined ? [] : [shown(one.column, one.field ?? '', one, known)],
  )
  const lookups = map.lookups.map((one): Shown => {
    const fields = one.targets.flatMap(fieldsOfTarget)
    return shown(one.column, [...new Set(fields)].join(', '), one, known)
  })
  return [...lookups, ...plain]
}

function shown(
  column: ColumnDefinition,
  field: string,
  way: { toErp: boolean; toPortal: boolean },
  { row, mapped, link, record, waiting }: Known,
): Shown {
  const portal = row === undefined ? null : textOf(column, row[column.name])
  const arrives = way.toPortal && mapped !== undefined
  const raw = record?.fields[field]
  const erp = arrives ? textOf(column, mapped.values[column.name]) : raw === undefined || raw === null ? null : String(raw)
  const agreed = link?.agreed[column.name] ?? null
  const isPending = waiting.some((change) => change.columns.includes(column.name))
  // What keeps the row back, or was lost on the way: a text that was cut.
  const isOfColumn = (text: string) => text.startsWith(`${column.name}:`) || (field !== '' && text.startsWith(`${field}:`))
  const misfit = mapped?.misfits.find(isOfColumn) ?? mapped?.warnings.find(isOfColumn) ?? null
  const note =
    misfit ??
    (isPending && way.toErp ? 'Edited here; the edit has not been settled' : arrives && portal !== erp ? 'Differs' : null)
  return { column: column.name, field, direction: wordFor(way), portal, erp, agreed, note }
}

function wordFor({ toErp, toPortal }: { toErp: boolean; toPortal: boolean }): string {
  if (toErp && toPortal) return 'both ways'
  return toErp ? 'to the ERP' : 'to the portal'
}
