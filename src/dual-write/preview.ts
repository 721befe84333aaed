import { parse } from 'yaml'
import type { RemoteRecord, RemoteValue } from '#connector/contract.ts'
import type { Expression } from '#lib/expression/ast.ts'
import type { Tx } from '#postgres/database.ts'
import { engineRows } from '#tables/predicate.ts'
import type { QueryRow } from '#tables/row-query.ts'
import { listRows } from '#tables/rows.queries.ts'
import type { Core } from './core.ts'
import type { Finding, MapPreview, PreviewedColumn, PreviewedRow } from './facets-control.ts'
import { buildMap } from './map.ts'
import { portalRows } from './mapping/filters.ts'
import { rowsOfDatabase } from './mapping/ground.ts'
import type { ValueLists } from './mapping/map-file.ts'
import { belongsInErp, type ErpValues, mapNewRecord, readTargets } from './mapping/to-erp.ts'
import { type MappedRecord, mapRecords, waitsFor } from './mapping/to-portal.ts'
import { textOf } from './mapping/values.ts'
import { selectionOf } from './sync/copy-pages.ts'
import { type ColumnMap, erpColumnsOf, fieldsOfTarget, type LookupMap, type TableMap } from './table-map.ts'

const ROWS_MAX = 50

/**
 * A few real records and rows through a map as its text stands, each column with what goes in, what comes out, and why not: for an editor
 * that shows it while somebody types. Reads both sides, writes neither.
 */
export async function previewMap(
  core: Core,
  { text, lists, rowsMax }: { text: string; lists: ValueLists; rowsMax: number },
  findings: Finding[],
  signal: AbortSignal,
): Promise<MapPreview> {
  const isReadable = !findings.some((one) => one.code === 'CMP2001' || one.code === 'DIPV1029')
  const map = isReadable ? buildMap(core.catalog, parse(text), lists).map : undefined
  if (map === undefined) return { findings, toPortal: [], toErp: [] }
  const count = Math.max(1, Math.min(rowsMax, ROWS_MAX))
  const records = await readRecords(core, map, count, signal)
  return core.database.read(async (tx) => ({
    findings,
    toPortal: (await mapRecords(rowsOfDatabase(core, tx), map, records)).map((one) => recordView(map, one)),
    toErp: map.writes ? await previewRows(core, tx, map, count) : [],
  }))
}

async function readRecords(core: Core, map: TableMap, rowsMax: number, signal: AbortSignal): Promise<RemoteRecord[]> {
  const page = await core.connector.readPage({ ...selectionOf(core, map, ''), fields: map.fields, rowsMax }, signal)
  return page.records
}

async function previewRows(core: Core, tx: Tx, map: TableMap, rowsMax: number): Promise<PreviewedRow[]> {
  const rows = await listRows(tx, core.catalog, {
    table: map.table,
    columns: [...map.table.columns.keys()],
    predicate: portalRows(core.catalog, map) ?? engineRows,
    rowsMax,
  })
  const targets = await readTargets(
    core,
    tx,
    rows.map((row) => ({ map, row })),
  )
  return rows.map((row) => rowView(map, row, mapNewRecord(map, row, targets)))
}

function recordView(map: TableMap, one: MappedRecord): PreviewedRow {
  const note = (name: string | undefined, field: string | undefined) =>
    [...one.misfits, ...one.warnings].find((text) => text.startsWith(`${name}:`) || text.startsWith(`${field}:`)) ?? null
  const columns = map.columns.flatMap((own): PreviewedColumn[] => {
    if (!own.toPortal || own.column === undefined) return []
    const { fields } = one.record
    const value = textOf(own.column, one.values[own.column.name])
    return [
      { ...ends(own), source: sourceOf(own.portalExpression, fields, own.field), value, note: note(own.column.name, own.field) },
    ]
  })
  const lookups = map.lookups.flatMap((own): PreviewedColumn[] => {
    if (!own.toPortal) return []
    const missing = one.missing.filter((open) => open.column === own.column.name)
    const names = [...new Set(own.targets.flatMap(fieldsOfTarget))]
    return [
      {
        ...lookupEnds(own),
        source: names.map((name) => textOfRemote(one.record.fields[name]) ?? '').join(', '),
        value: textOf(own.column, one.values[own.column.name]),
        note: missing.length === 0 ? null : waitsFor(missing).reason,
      },
    ]
  })
  return { key: one.record.key, excluded: one.excluded, columns: [...lookups, ...columns] }
}

function rowView(map: TableMap, row: QueryRow, sent: ErpValues): PreviewedRow {
  const columns = map.columns.flatMap((own): PreviewedColumn[] => {
    if (!own.toErp) return []
    const outputs = own.erpExpressions.length > 0 ? own.erpExpressions : [{ field: own.field ?? '', expression: undefined }]
    return outputs.map(({ field, expression }) => ({
      column: own.column?.name ?? (erpColumnsOf(own).join(', ') || null),
      field,
      source: sourceOf(expression, row, own.column?.name),
      value: textOfRemote(sent.fields[field]),
      note:
        [...sent.misfits, ...sent.warnings].find(
          (text) => text.startsWith(`${field}:`) || text.startsWith(`${own.column?.name}:`),
        ) ?? null,
    }))
  })
  const lookups = map.lookups.flatMap((own): PreviewedColumn[] => {
    if (!own.toErp) return []
    const names = [...new Set(own.targets.flatMap(fieldsOfTarget))]
    const isOpen =
      sent.open.some((target) => own.targets.some((one) => one.table.name === target.table)) && row[own.column.name] !== null
    return [
      {
        ...lookupEnds(own),
        source: textOf(own.column, row[own.column.name]),
        value: names.map((name) => textOfRemote(sent.fields[name]) ?? '').join(', '),
        note: isOpen ? 'The ERP does not know the row it points to' : null,
      },
    ]
  })
  return { key: String(row[map.table.idColumn]), excluded: !belongsInErp(map, row), columns: [...lookups, ...columns] }
}

function ends(own: ColumnMap): Pick<PreviewedColumn, 'column' | 'field'> {
  return { column: own.column?.name ?? null, field: own.field ?? (own.portalExpression?.names.join(', ') || null) }
}

function lookupEnds(own: LookupMap): Pick<PreviewedColumn, 'column' | 'field'> {
  return { column: own.column.name, field: [...new Set(own.targets.flatMap(fieldsOfTarget))].join(', ') }
}

/** What goes in: one value, or those of an expression by name. */
function sourceOf(
  expression: Expression | undefined,
  values: Readonly<Record<string, RemoteValue | undefined>>,
  name: string | undefined,
): string | null {
  if (expression === undefined) return name === undefined ? null : textOfRemote(values[name])
  return expression.names.map((one) => `${one}: ${textOfRemote(values[one]) ?? ''}`).join(', ')
}

function textOfRemote(value: RemoteValue | undefined): string | null {
  return value === null || value === undefined || value === '' ? null : String(value)
}
