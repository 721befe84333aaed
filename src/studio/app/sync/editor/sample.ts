import type { Finding, MapPreview, PreviewedColumn, PreviewedRow } from '#dual-write/facets-control.ts'
import { columnOf, type Entry } from './map-text.ts'

/** What one entry makes of the record and the row that are looked at. */
export type Sample = { toPortal: PreviewedColumn | undefined; toErp: PreviewedColumn | undefined }

export function sampleOf(entry: Entry, record: PreviewedRow | undefined, row: PreviewedRow | undefined): Sample {
  return { toPortal: findColumn(entry, record), toErp: findColumn(entry, row) }
}

/** A sample's name for people: its value of the key, which an id is not. */
export function nameOf(row: PreviewedRow, side: 'erp' | 'portal', keyColumns: readonly string[]): string {
  if (side === 'erp') return row.key
  const key = keyColumns.flatMap((name) => row.columns.find((one) => one.column === name)?.source ?? [])
  return key.length === 0 ? row.key : key.join(' · ')
}

/** The entry that a finding is about; undefined for the map as a whole. */
export function entryOf(finding: Finding): number | undefined {
  const at = /^columns\[(\d+)\]/.exec(finding.at)?.[1]
  return at === undefined ? undefined : Number(at)
}

export function keysOf(preview: MapPreview | undefined, side: 'erp' | 'portal', keyColumns: readonly string[]): string[] {
  const rows = side === 'erp' ? preview?.toPortal : preview?.toErp
  return (rows ?? []).map((row) => nameOf(row, side, keyColumns))
}

function findColumn(entry: Entry, row: PreviewedRow | undefined): PreviewedColumn | undefined {
  const column = columnOf(entry)
  const isOurs = (one: PreviewedColumn) => column === undefined || one.column === column || one.column === null
  const isTheirs = (one: PreviewedColumn) => entry.field === undefined || one.field?.split(', ').includes(entry.field) === true
  return (
    row?.columns.find((one) => isOurs(one) && isTheirs(one)) ??
    row?.columns.find((one) => column !== undefined && one.column === column)
  )
}
