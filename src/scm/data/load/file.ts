import { createReadStream } from 'node:fs'
import { parse } from 'csv-parse'
import { messageOf } from '#lib/app-error.ts'

export type CsvRecord = { line: number; cells: readonly string[] }

/** A file's header and then its records, one by one, with the line each begins on. A broken record ends the file with a reason. */
export async function* readCsv(file: string): AsyncGenerator<CsvRecord | { line: number; problem: string }> {
  const parser = createReadStream(file).pipe(
    parse({ bom: true, info: true, relax_column_count: true, skip_empty_lines: true, max_record_size: RECORD_BYTES_MAX }),
  )
  let lastLine = 0
  try {
    for await (const item of parser as AsyncIterable<{ record: string[]; info: { lines: number } }>) {
      const { record, info } = item
      // `lines` is where the record ends; cells may hold line breaks.
      const breaks = record.reduce((sum, cell) => sum + (cell.match(/\n/g)?.length ?? 0), 0)
      lastLine = info.lines
      yield { line: info.lines - breaks, cells: record }
    }
  } catch (error) {
    yield { line: lastLine + 1, problem: `the file cannot be read any further: ${messageOf(error)}` }
  }
}

const RECORD_BYTES_MAX = 1024 * 1024
