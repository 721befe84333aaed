import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream, createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import type { Visitor } from '#access/visitor.ts'
import { AppError, messageOf } from '#lib/app-error.ts'
import { CSV_START, csvLine, type SheetColumn } from '#lib/spreadsheet.ts'
import type { TableDefinition } from '#tables/definition.ts'
import type { FieldProblem, ImportCounts, ImportInfo, ImportSettings } from '../../../wire-data.ts'
import type { StudioServices } from '../../services.ts'
import { type LineOutcome, type Plan, runBatch } from './batch.ts'
import { guessDayOrder, guessDecimalMark } from './detect.ts'
import { createLookups } from './lookups.ts'
import { guessMapping, guessMatch } from './mapping.ts'
import { sentenceOf } from './sentences.ts'
import { type Line, openSource, readLines, type Source } from './source.ts'

/**
 * One file on its way into a table. It is looked at, tried as often as one likes, and run; each is one pass through the file, some lines at
 * a time, in the background. What is refused is written to a file beside it as it comes: memory holds a handful of lines.
 */
export type ImportJob = {
  readonly id: string
  readonly table: string
  info(): ImportInfo
  /** Reads the head again with other settings. Throws AppError `studio.invalid`. */
  set(settings: ImportSettings): Promise<void>
  start(pass: 'dry' | 'run'): void
  cancel(): void
  /** The refused lines of the last pass with their problems, as a file; undefined when there are none. */
  refusedLines(language: string): AsyncGenerator<string> | undefined
  close(): Promise<void>
}

const BATCH_LINES = 500
const SAMPLE_LINES = 50
const SHOWN_REFUSALS = 100

type Parts = { services: StudioServices; visitor: Visitor; table: TableDefinition; id: string; path: string; name: string }

/** What the file's lines start with, and how many rows it has. */
type Head = { heads: string[]; samples: Line[]; rows: number }
/** How the file is read. */
type Reading = { source: Source; head: Head; settings: ImportSettings }
/** How far the last pass is: written by the pass, read by those who ask. */
type Progress = { state: ImportInfo['state']; refused: ImportInfo['refused']; cancelled: boolean }

export async function openImport(parts: Parts): Promise<ImportJob> {
  const { table, path } = parts
  const source = await openSource(path)
  const fileHash = await hashOf(path)
  const head = await look(source)
  const refusedPath = `${path}.refused`
  const progress: Progress = { state: { kind: 'ready' }, refused: [], cancelled: false }
  let reading: Reading = { source, head, settings: firstSettings(table, source, head) }
  let running: Promise<void> | undefined

  return {
    id: parts.id,
    table: table.name,
    info: () => ({
      id: parts.id,
      table: table.name,
      fileName: parts.name,
      kind: reading.source.kind,
      heads: reading.head.heads,
      samples: reading.head.samples.map((line) => [...line.cells]),
      rows: reading.head.rows,
      settings: reading.settings,
      state: progress.state,
      refused: progress.refused,
    }),
    async set(next) {
      requireIdle(running)
      reading = await readAgain(parts, reading, next)
      progress.state = { kind: 'ready' }
      progress.refused = []
    },
    start(pass) {
      requireIdle(running)
      progress.cancelled = false
      running = work(parts, { ...reading, pass, fileHash, refusedPath }, progress).finally(() => {
        running = undefined
      })
    },
    cancel: () => {
      progress.cancelled = true
    },
    refusedLines: (language) =>
      hasRefused(progress.state) ? refusedFile(refusedPath, { table, heads: reading.head.heads, language }) : undefined,
    async close() {
      progress.cancelled = true
      await running
      for (const file of [path, `${path}.lines`, refusedPath]) await rm(file, { force: true })
    },
  }
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

/** One pass through the file. */
async function look(source: Source): Promise<Head> {
  let heads: string[] = []
  const samples: Line[] = []
  let rows = 0
  for await (const line of readLines(source)) {
    if (line.number === 1) heads = line.cells.map((cell) => cell.trim())
    else {
      rows++
      if (samples.length < SAMPLE_LINES) samples.push(line)
    }
  }
  if (heads.every((head) => head === ''))
    throw new AppError('studio.invalid', 'The file is empty: its first line names the columns')
  return { heads, samples, rows }
}

function firstSettings(table: TableDefinition, source: Source, head: Head): ImportSettings {
  const cells = head.samples.flatMap((line) => [...line.cells]).map((cell) => cell.trim())
  return {
    encoding: source.kind === 'csv' ? source.encoding : 'utf-8',
    separator: source.kind === 'csv' ? source.separator : ',',
    decimalMark: source.kind === 'csv' ? guessDecimalMark(cells) : '.',
    dayOrder: guessDayOrder(cells),
    timeZone: 'UTC',
    ...firstMapping(table, head.heads),
  }
}

function firstMapping(table: TableDefinition, heads: readonly string[]): { mapping: (string | null)[]; matchBy: string } {
  const mapping = guessMapping(table, heads)
  return { mapping: [...mapping], matchBy: guessMatch(table, mapping) }
}

function requireIdle(running: Promise<void> | undefined): void {
  if (running !== undefined) throw new AppError('studio.conflict', 'This import is at work; wait for its end, or cancel it')
}

/** The reading by other settings: another encoding or separator makes other heads, which are mapped anew. */
async function readAgain({ table, path }: Parts, { source, head }: Reading, next: ImportSettings): Promise<Reading> {
  const changed = source.kind === 'csv' && (source.encoding !== next.encoding || source.separator !== next.separator)
  if (!changed) {
    checkMapping(table, head.heads, next)
    return { source, head, settings: next }
  }
  const asked: Source = { kind: 'csv', path, encoding: next.encoding, separator: next.separator }
  const looked = await look(asked)
  return { source: asked, head: looked, settings: { ...next, ...firstMapping(table, looked.heads) } }
}

function checkMapping(table: TableDefinition, heads: readonly string[], { mapping, matchBy }: ImportSettings): void {
  const named = mapping.filter((name) => name !== null)
  if (mapping.length !== heads.length) throw new AppError('studio.invalid', 'Each head of the file has one place in the mapping')
  if (new Set(named).size < named.length) throw new AppError('studio.invalid', 'Two heads of the file fill the same column')
  if (named.length === 0) throw new AppError('studio.invalid', 'No head of the file fills a column')
  const needed = matchBy === 'none' ? [] : matchBy === 'id' ? [table.idColumn] : table.keys.get(matchBy)
  if (needed === undefined) throw new AppError('studio.invalid', `${table.name} has no key ${matchBy}`)
  const missing = needed.filter((name) => !named.includes(name))
  if (missing.length > 0)
    throw new AppError('studio.invalid', `To find rows by ${matchBy}, the file must fill ${missing.join(', ')}`)
}

type Work = Reading & { pass: 'dry' | 'run'; fileHash: string; refusedPath: string }

/** Tells how it goes in `progress`, also how it ended: a pass that fails is a state, for nobody waits for it. */
async function work(parts: Parts, asked: Work, progress: Progress): Promise<void> {
  const { services, table } = parts
  const { pass, source } = asked
  const counts: ImportCounts = { read: 0, created: 0, updated: 0, unchanged: 0, refused: 0 }
  const startedMs = services.clock.nowMs()
  progress.state = { kind: 'working', pass, counts }
  progress.refused = []
  const out = createWriteStream(asked.refusedPath)
  try {
    const plan = planOf(parts, asked)
    await runPass(parts, { source, plan, keep: pass === 'run', isCancelled: () => progress.cancelled }, async (outcome) => {
      counts.read++
      counts[outcome.kind]++
      if (outcome.kind !== 'refused') return
      if (progress.refused.length < SHOWN_REFUSALS)
        progress.refused.push({ line: outcome.line.number, problems: outcome.problems })
      if (!out.write(`${JSON.stringify([outcome.line.cells, outcome.problems])}\n`)) await once(out, 'drain')
    })
    const tookMs = services.clock.nowMs() - startedMs
    progress.state = { kind: progress.cancelled ? 'cancelled' : 'done', pass, counts, tookMs }
  } catch (error) {
    services.log.error({ table: table.name, reason: messageOf(error) }, 'an import ended early')
    const reason =
      error instanceof AppError ? error.message : 'Something went wrong on our side; what was written stays, run it again'
    progress.state = { kind: 'failed', pass, counts, reason }
  } finally {
    out.end()
    await once(out, 'close')
  }
}

function planOf({ services, table }: Parts, { settings, fileHash }: Work): Plan {
  const { decimalMark, dayOrder, timeZone, mapping, matchBy } = settings
  return { table: services.catalog.get(table.name), mapping, matchBy, writing: { decimalMark, dayOrder, timeZone }, fileHash }
}

/** One pass through the file; each line's outcome is told as it comes. */
async function runPass(
  { services, visitor }: Parts,
  pass: { source: Source; plan: Plan; keep: boolean; isCancelled: () => boolean },
  tell: (outcome: LineOutcome) => Promise<void>,
): Promise<void> {
  const ground = { services, visitor, lookups: createLookups(services.catalog), seen: new Map<string, number>() }
  for await (const lines of batches(pass.source)) {
    if (pass.isCancelled()) return
    for (const outcome of await runBatch(ground, pass.plan, lines, pass.keep)) await tell(outcome)
  }
}

async function* batches(source: Source): AsyncGenerator<Line[]> {
  let batch: Line[] = []
  for await (const line of readLines(source)) {
    if (line.number === 1) continue
    batch.push(line)
    if (batch.length < BATCH_LINES) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

function hasRefused(state: ImportInfo['state']): boolean {
  return state.kind !== 'ready' && state.kind !== 'working' && state.counts.refused > 0
}

async function* refusedFile(
  path: string,
  file: { table: TableDefinition; heads: readonly string[]; language: string },
): AsyncGenerator<string> {
  const columns = [...file.heads, 'problem'].map((label): SheetColumn => ({ label, kind: 'text' }))
  yield CSV_START + csvLine(columns, [...file.heads, file.language === 'fr' ? 'problème' : 'problem'])
  let rest = ''
  for await (const chunk of createReadStream(path, 'utf8')) {
    const lines = (rest + String(chunk)).split('\n')
    rest = lines.pop() ?? ''
    yield lines
      .map((text) => {
        const [cells, problems] = JSON.parse(text) as [string[], FieldProblem[]]
        const whole = file.heads.map((_, i) => cells[i] ?? '')
        return csvLine(columns, [...whole, sentenceOf(file.table, problems, file.language)])
      })
      .join('')
  }
}
