import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { Worker } from 'node:worker_threads'
import { parse } from 'csv-parse'
import { AppError, messageOf } from '#lib/app-error.ts'
import { armed } from '#lib/spreadsheet.ts'
import { type Encoding, guessEncoding, guessSeparator } from './detect.ts'
import { readZipSize } from './zip-size.ts'

/** A file that was sent, as lines of cells: CSV as it stands, a workbook once it has been read into lines. */
export type Source = { kind: 'csv'; path: string; encoding: Encoding; separator: string } | { kind: 'xlsx'; path: string }
/** `number`: of its row in the file, where the first one below the heads is 2, as spreadsheets count. */
export type Line = { number: number; cells: readonly string[] }

export const ROWS_MAX = 200_000
const COLUMNS_MAX = 400
const LINE_CHARACTERS_MAX = 1_048_576
const UNPACKED_BYTES_MAX = 256 * 1024 * 1024
const ZIP_ENTRIES_MAX = 2_000
const READING_MS_MAX = 60_000
const WORKER_MEGABYTES = 768
const HEAD_BYTES = 65_536

/** Finds out what a file is. Throws AppError `studio.invalid` for a workbook that is none, or that would be too much. */
export async function openSource(path: string): Promise<Source> {
  const file = await open(path)
  try {
    const { size } = await file.stat()
    const head = Buffer.alloc(Math.min(size, HEAD_BYTES))
    await file.read(head, 0, head.length, 0)
    if (head.subarray(0, 4).toString('latin1') !== 'PK\x03\x04') {
      const guessed = guessEncoding(head)
      // The first letter beyond ASCII may stand anywhere in the file.
      const encoding = guessed === 'utf-8' && !(await isUtf8(path)) ? 'windows-1252' : guessed
      return { kind: 'csv', path, encoding, separator: guessSeparator(new TextDecoder(encoding).decode(head)) }
    }
    const zip = await readZipSize(file, size)
    if (zip === undefined || zip.entries > ZIP_ENTRIES_MAX) throw refuse('it is no workbook that Excel would open')
    if (zip.unpackedBytes > UNPACKED_BYTES_MAX)
      throw refuse(`unpacked it would have more than ${UNPACKED_BYTES_MAX / 1_048_576} MB; save it as CSV`)
  } finally {
    await file.close()
  }
  await readWorkbook(path, `${path}.lines`)
  return { kind: 'xlsx', path: `${path}.lines` }
}

/** The lines of a file, the heads first. Throws AppError `studio.invalid` where the file cannot be read as what it is said to be. */
export async function* readLines(source: Source): AsyncGenerator<Line> {
  let number = 1
  for await (const cells of source.kind === 'csv' ? csvRecords(source) : storedRecords(source.path)) {
    if (cells.length > COLUMNS_MAX) throw refuse(`line ${number} has more than ${COLUMNS_MAX} cells`)
    if (number > ROWS_MAX + 1) throw refuse(`it has more than ${ROWS_MAX} rows; split it`)
    yield { number, cells }
    number++
  }
}

async function isUtf8(path: string): Promise<boolean> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  try {
    for await (const chunk of createReadStream(path)) decoder.decode(chunk as Buffer, { stream: true })
    decoder.decode()
    return true
  } catch {
    return false
  }
}

async function* csvRecords({ path, encoding, separator }: Extract<Source, { kind: 'csv' }>): AsyncGenerator<string[]> {
  const parser = parse({
    bom: true,
    delimiter: separator,
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    max_record_size: LINE_CHARACTERS_MAX,
  })
  const bytes = createReadStream(path)
  const feed = async () => {
    const decoder = new TextDecoder(encoding)
    for await (const chunk of bytes)
      if (!parser.write(decoder.decode(chunk as Buffer, { stream: true })))
        await new Promise((done) => parser.once('drain', done))
    parser.end(decoder.decode())
  }
  const feeding = feed().catch((error: unknown) => parser.destroy(error as Error))
  try {
    let isFirst = true
    for await (const record of parser as AsyncIterable<string[]>) {
      // Excel's own mark of the separator is no line of heads.
      if (!(isFirst && /^sep=/.test(record[0] ?? ''))) yield record.map(armed)
      isFirst = false
    }
    await feeding
  } catch (cause) {
    throw new AppError('studio.invalid', `The file cannot be read: ${messageOf(cause)}`, { cause })
  } finally {
    bytes.destroy()
    parser.destroy()
  }
}

async function* storedRecords(path: string): AsyncGenerator<string[]> {
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY }))
    yield JSON.parse(line) as string[]
}

/** In a thread with limits of memory and time: a workbook can be made to take any amount of both. */
async function readWorkbook(from: string, to: string): Promise<void> {
  const worker = new Worker(new URL('./xlsx-worker.ts', import.meta.url), {
    workerData: { from, to, rowsMax: ROWS_MAX, columnsMax: COLUMNS_MAX },
    resourceLimits: { maxOldGenerationSizeMb: WORKER_MEGABYTES },
  })
  let timer: NodeJS.Timeout | undefined
  try {
    await new Promise<void>((resolve, reject) => {
      timer = setTimeout(
        () => reject(refuse(`reading it took longer than ${READING_MS_MAX / 1_000} s; save it as CSV`)),
        READING_MS_MAX,
      )
      worker.on('message', (told: { kind: string; reason?: string }) =>
        told.kind === 'read' ? resolve() : reject(refuse(told.reason ?? 'it cannot be read')),
      )
      worker.on('error', (cause) => reject(refuse('it is no workbook that can be read', cause)))
      worker.on('exit', () => reject(refuse('it is no workbook that can be read')))
    })
    await stat(to)
  } finally {
    clearTimeout(timer)
    await worker.terminate()
  }
}

function refuse(reason: string, cause?: unknown): AppError {
  return new AppError('studio.invalid', `The file cannot be imported: ${reason}`, { cause })
}
