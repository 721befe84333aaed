import type { Literal } from './ast.ts'
import { type Cursor, cursorOver, expectEnd, fail, found, take, takeChar, takeQualifiedName } from './cursor.ts'

/** Parameter aliases of a request: '@p1' → the text of its value. */
export type Aliases = ReadonlyMap<string, string>

/** A literal at the cursor, or undefined (and the cursor where it was) when something else stands there. */
export function takeLiteral(cursor: Cursor, aliases?: Aliases): Literal | undefined {
  const start = cursor.at
  const aliased = aliasedText(cursor, aliases)
  if (aliased !== undefined) {
    const inner = cursorOver(aliased, cursor.text.slice(start, cursor.at))
    const literal = expectLiteral(inner)
    expectEnd(inner)
    return literal
  }
  if (takeChar(cursor, "'")) return { type: 'string', value: restOfString(cursor) }
  for (const [pattern, make] of PATTERNS) {
    const text = take(cursor, pattern)
    if (text !== undefined) return make(text)
  }
  const looksLikeNumber = take(cursor, NUMBER_START)
  if (looksLikeNumber !== undefined) fail(cursor, `has a malformed literal`, start)
  const name = takeQualifiedName(cursor)
  if (name !== undefined && takeChar(cursor, "'")) return prefixed(cursor, name, restOfString(cursor), start)
  cursor.at = start
  return undefined
}

/** The text that a parameter alias at the cursor stands for; undefined (and the cursor where it was) where there is none. */
export function aliasedText(cursor: Cursor, aliases: Aliases | undefined): string | undefined {
  const start = cursor.at
  const name = aliases === undefined ? undefined : take(cursor, ALIAS)
  if (name === undefined) return undefined
  return aliases?.get(name) ?? fail(cursor, `uses ${name.slice(0, 60)}, and no parameter of that name is given`, start)
}

export function expectLiteral(cursor: Cursor): Literal {
  return takeLiteral(cursor) ?? fail(cursor, `needs a value instead of ${found(cursor)}`)
}

// A literal ends where no name or number could go on: 12abc is neither a number nor a name.
const END = '(?![\\p{L}\\p{Nd}_.:-])'
const DATE = '-?\\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\\d|3[01])'
const TIME = '(?:[01]\\d|2[0-3]):[0-5]\\d(?::[0-5]\\d(?:\\.\\d{1,12})?)?'
const ZONE = '(?:Z|z|[+-](?:[01]\\d|2[0-3]):[0-5]\\d)'
const GUID = '[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}'

/** In the order of trial: the longer forms first, as a date begins like a number. */
const PATTERNS: readonly (readonly [RegExp, (text: string) => Literal])[] = [
  [sticky(GUID), (text) => ({ type: 'guid', value: text.toLowerCase() })],
  [sticky(`${DATE}[Tt]${TIME}${ZONE}`), (text) => ({ type: 'dateTime', value: text.toUpperCase() })],
  [sticky(DATE), (text) => ({ type: 'date', value: text })],
  [sticky(TIME), (text) => ({ type: 'time', value: text })],
  [sticky('[+-]?\\d+(?:\\.\\d+)?(?:[eE][+-]?\\d+)?'), (text) => ({ type: 'number', text })],
  [sticky('null'), () => ({ type: 'null' })],
  [sticky('true'), () => ({ type: 'boolean', value: true })],
  [sticky('false'), () => ({ type: 'boolean', value: false })],
]

const ALIAS = /@[\p{L}_][\p{L}\p{Nd}_]{0,60}/uy
const NUMBER_START = /[+-]?\d/y
const DURATION = /^[+-]?P(\d+D)?(T(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?$/

function sticky(pattern: string): RegExp {
  return new RegExp(`${pattern}${END}(?!')(?!/)(?!\\()`, 'uy')
}

/** Behind the opening quote, up to and with the closing one; a doubled quote is a quote. */
function restOfString(cursor: Cursor): string {
  const start = cursor.at
  let value = ''
  for (;;) {
    const quote = cursor.text.indexOf("'", cursor.at)
    if (quote < 0) fail(cursor, 'has a string that is never closed', start - 1)
    value += cursor.text.slice(cursor.at, quote)
    cursor.at = quote + 1
    if (!takeChar(cursor, "'")) return value
    value += "'"
  }
}

function prefixed(cursor: Cursor, prefix: string, value: string, start: number): Literal {
  if (prefix === 'duration') {
    if (!DURATION.test(value) || /[PT]$/.test(value)) fail(cursor, `has '${value}', which is not a duration`, start)
    return { type: 'duration', value }
  }
  if (!prefix.includes('.')) fail(cursor, `has a literal of the form ${prefix}'…', which OData v4 does not know`, start)
  return { type: 'enum', enumType: prefix, member: value }
}
