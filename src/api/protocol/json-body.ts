import { isJsonObject, type Json, type JsonObject } from '#lib/json.ts'
import { ApiRefusal } from './refusals.ts'

const DEPTH_MAX = 32
const VALUES_MAX = 100_000

/**
 * The JSON of a request's body. A number that a float would change (12345678901234567.10, and 1.50, whose scale says something) is
 * answered as its own text. A name that stands twice in an object, deep nesting and too many values are refused with the position: what
 * one reader takes for the first value, another takes for the last.
 */
export function parseJsonBody(text: string): Json {
  const reader = { text, at: 0, values: 0 }
  const value = readValue(reader, 0)
  skipSpace(reader)
  if (reader.at < text.length) refuse(reader, 'goes on after its end')
  return value
}

/** Throws ApiRefusal `invalid` when the body is something else. */
export function parseJsonObject(text: string): JsonObject {
  const value = parseJsonBody(text)
  if (!isJsonObject(value)) throw new ApiRefusal('invalid', 'The body is a JSON object: { "column": value, … }')
  return value
}

type Reader = { readonly text: string; at: number; values: number }

function readValue(reader: Reader, depth: number): Json {
  if (depth > DEPTH_MAX) refuse(reader, `is nested more than ${DEPTH_MAX} deep`)
  if (++reader.values > VALUES_MAX) refuse(reader, `has more than ${VALUES_MAX} values`)
  skipSpace(reader)
  const char = reader.text[reader.at]
  if (char === '{') return readObject(reader, depth)
  if (char === '[') return readArray(reader, depth)
  if (char === '"') return readString(reader)
  for (const [word, value] of WORDS)
    if (reader.text.startsWith(word, reader.at)) {
      reader.at += word.length
      return value
    }
  return readNumber(reader)
}

const WORDS = [
  ['true', true],
  ['false', false],
  ['null', null],
] as const

function readObject(reader: Reader, depth: number): JsonObject {
  // Without a prototype, '__proto__' is a name like any other.
  const object: Record<string, Json> = Object.create(null)
  reader.at++
  skipSpace(reader)
  if (takeChar(reader, '}')) return object
  for (;;) {
    skipSpace(reader)
    const start = reader.at
    const name = readString(reader)
    if (Object.hasOwn(object, name)) {
      reader.at = start
      refuse(reader, `names ${JSON.stringify(name.slice(0, 100))} twice`)
    }
    skipSpace(reader)
    if (!takeChar(reader, ':')) refuse(reader, `needs ':'`)
    object[name] = readValue(reader, depth + 1)
    skipSpace(reader)
    if (takeChar(reader, '}')) return object
    if (!takeChar(reader, ',')) refuse(reader, `needs ',' or '}'`)
  }
}

function readArray(reader: Reader, depth: number): Json[] {
  const items: Json[] = []
  reader.at++
  skipSpace(reader)
  if (takeChar(reader, ']')) return items
  for (;;) {
    items.push(readValue(reader, depth + 1))
    skipSpace(reader)
    if (takeChar(reader, ']')) return items
    if (!takeChar(reader, ',')) refuse(reader, `needs ',' or ']'`)
  }
}

const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y
const SPACE = /[ \t\r\n]*/y

function readString(reader: Reader): string {
  const { text, at: start } = reader
  if (text[start] !== '"') return refuse(reader, 'needs a text in double quotes')
  let end = start + 1
  while (end < text.length && text[end] !== '"') end += text[end] === '\\' ? 2 : 1
  try {
    const value = JSON.parse(text.slice(start, end + 1)) as string
    reader.at = end + 1
    return value
  } catch {
    return refuse(reader, 'has a text that does not end, or with a character or escape that JSON does not have')
  }
}

function readNumber(reader: Reader): number | string {
  NUMBER.lastIndex = reader.at
  const found = NUMBER.exec(reader.text)
  if (found === null) return refuse(reader, 'needs a value')
  reader.at += found[0].length
  const value = Number(found[0])
  return Number.isSafeInteger(value) && found[1] === undefined && found[2] === undefined ? value : found[0]
}

function skipSpace(reader: Reader): void {
  SPACE.lastIndex = reader.at
  reader.at += SPACE.exec(reader.text)?.[0].length ?? 0
}

function takeChar(reader: Reader, char: string): boolean {
  if (reader.text[reader.at] !== char) return false
  reader.at++
  return true
}

function refuse(reader: Reader, what: string): never {
  throw new ApiRefusal('invalid', `The body ${what}, at position ${reader.at}: it is not the JSON that is expected here`, {
    details: { position: reader.at },
  })
}
