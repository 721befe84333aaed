import { readFileSync } from 'node:fs'
import { InvalidArgumentError } from 'commander'
import type { Asked } from '#dual-write/facets.ts'
import type { Finding } from '#dual-write/facets-control.ts'
import type { MapStatus } from '#dual-write/status.ts'
import { AppError } from '#lib/app-error.ts'

/** What the commands of dual-write stand on: made once by cli.ts, and by tests with an engine of their own. */
export type MapCommandParts = {
  /** For the activity log. */
  actor: string
  print(rows: readonly object[], asJson: boolean | undefined): void
  /** A line on standard output. */
  say(text: string): void
  /** Where a command that takes long stands, for a person who waits; nothing where nobody looks. Without a text: it is done. */
  tell(text: string | undefined): void
  withEngine(work: (engine: Asked) => Promise<void>): Promise<void>
}

export const JSON_FLAG = ['--json', 'print JSON'] as const
/** Of a listing; who needs more asks the HTTP API for pages. */
export const ROWS_MAX = 1_000

/** For options: refuses what is no whole number of at least `min`, before anything is done. */
export function wholeNumber(min: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (text.trim() === '' || !Number.isSafeInteger(value) || value < min)
      throw new InvalidArgumentError(`It must be a whole number from ${min} on.`)
    return value
  }
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

export function isRowId(text: string): boolean {
  return UUID.test(text)
}

export function rowId(text: string): string {
  if (!isRowId(text)) throw new InvalidArgumentError('It must be the id of a row.')
  return text
}

/** `column=value` one by one, as a repeatable option gathers them; `column=` is the empty text. */
export function assignment(text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const at = text.indexOf('=')
  if (at < 1) throw new InvalidArgumentError('Write it as column=value.')
  return { ...before, [text.slice(0, at).trim()]: text.slice(at + 1) }
}

/** For texts that may come from a file or, with '-', from standard input. Throws AppError `request.invalid`. */
export function readText(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch (cause) {
    throw new AppError('request.invalid', `${file} cannot be read: give the path of a file`, { cause })
  }
}

/** Throws AppError `request.invalid`. */
export function readJson(file: string): unknown {
  const text = readText(file)
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new AppError('request.invalid', `${file} cannot be read as JSON`, { cause })
  }
}

/** What came of a deed: as JSON where that is asked for, else in words. */
export function answer(
  { say }: Pick<MapCommandParts, 'say'>,
  isJson: boolean | undefined,
  result: object,
  ...words: string[]
): void {
  if (isJson === true) say(JSON.stringify(result, null, 2))
  else for (const line of words) say(line)
}

/** The line of one map in `maps list`: its fields are fixed, scripts rely on them. */
export function lineOf({ name, state, rows, queued, parked, lagMs }: MapStatus): object {
  return { name, state, rows, queued: queued.toErp + queued.toPortal, parked, lagMs: Math.max(lagMs.toErp, lagMs.toPortal) }
}

/** What came of a deed on a map: in words, or as the line of the map as it is now. */
export async function answerState(
  engine: Asked,
  name: string,
  parts: MapCommandParts,
  { json }: { json?: boolean },
  words: string,
): Promise<void> {
  const map = json === true ? (await engine.status()).find((one) => one.name === name) : undefined
  answer(parts, json, map === undefined ? {} : lineOf(map), words)
}

export function findingText(one: Finding): string {
  return `${one.code} ${one.severity} ${one.at}: ${one.message} ${one.remedy}`
}

/** Does the work and tells every second how long it has taken and, where the caller knows, how far it is. */
export async function withProgress<T>(
  { tell }: Pick<MapCommandParts, 'tell'>,
  what: string,
  work: () => Promise<T>,
  howFar: () => Promise<string> = async () => '',
): Promise<T> {
  let seconds = 0
  const timer = setInterval(() => {
    seconds += 1
    void howFar()
      .catch(() => '')
      .then((text) => tell(`${what}: ${seconds} s${text === '' ? '' : `, ${text}`}`))
  }, 1_000)
  try {
    return await work()
  } finally {
    clearInterval(timer)
    tell(undefined)
  }
}
