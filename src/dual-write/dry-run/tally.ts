import type { DryRun, DryRunSample } from '../facets-control.ts'
import type { TableMap } from '../table-map.ts'

/** What would become of one row. */
export type Tried = Pick<DryRunSample, 'key' | 'reason' | 'columns'> & {
  kind: 'created' | 'changed' | 'unchanged' | 'deleted' | 'refused' | 'excluded'
}

/** Counts what would happen in one part, and keeps the first of each kind as samples. */
export type Tally = { add(tried: readonly Tried[]): void; part: DryRun['parts'][number]; samples: DryRunSample[] }

/** Of one part, page by page. */
export type PageWatch = { signal: AbortSignal; pageDone(rowsDone: number, rowsTotal: number | null): void }

export function createTally(company: string, direction: 'toPortal' | 'toErp', samplesMax: number): Tally {
  const part = { company, direction, created: 0, changed: 0, unchanged: 0, deleted: 0, refused: 0, excluded: 0 }
  const samples: DryRunSample[] = []
  return {
    part,
    samples,
    add(tried) {
      for (const { kind, ...rest } of tried) {
        part[kind] += 1
        if (kind === 'unchanged' || kind === 'excluded') continue
        if (samples.filter((one) => one.kind === kind).length < samplesMax) samples.push({ company, direction, kind, ...rest })
      }
    },
  }
}

/** Of the table's columns, the portal's form of both values. */
export type SampleColumn = DryRunSample['columns'][number]

/** Which rule decides a column where both sides have the row. */
export function ruleText(map: TableMap, column: string): string {
  const one =
    map.columns.find((other) => other.column?.name === column) ?? map.lookups.find((other) => other.column.name === column)
  if (one === undefined || !one.toErp) return 'the column comes from the ERP alone'
  if (!one.toPortal) return 'the column goes to the ERP alone'
  return typeof one.wins === 'object' ? `portal while ${one.wins.text}` : `wins: ${one.wins}`
}
