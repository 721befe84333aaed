import { Readable } from 'node:stream'
import { stringify } from 'csv-stringify'
import type { Asked } from '#dual-write/facets.ts'
import type { OutcomePage } from '#dual-write/facets-control.ts'

const PAGE_ROWS_MAX = 1_000
const COLUMNS = ['map', 'company', 'direction', 'key', 'kind', 'code', 'reason', 'at'] as const

/** The outcomes of an initial sync as a CSV file, read page by page while it is sent. */
export function outcomesFile(engine: Asked, which: Omit<OutcomePage, 'after' | 'rowsMax'>): Readable {
  return Readable.from(readAll(engine, which)).pipe(
    stringify({ header: true, columns: [...COLUMNS], bom: true, escape_formulas: true, record_delimiter: 'windows' }),
  )
}

async function* readAll(engine: Asked, which: Omit<OutcomePage, 'after' | 'rowsMax'>): AsyncGenerator<unknown> {
  let after: string | undefined
  do {
    const page = await engine.listCopyOutcomes({ ...which, after, rowsMax: PAGE_ROWS_MAX })
    yield* page.rows
    after = page.next ?? undefined
  } while (after !== undefined)
}
