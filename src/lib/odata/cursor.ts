import { AppError } from '../app-error.ts'

/** A place in a text that is being parsed, with what has been spent of the limits. */
export type Cursor = {
  readonly text: string
  /** What is being parsed, for messages: '$filter'. */
  readonly what: string
  /** Added to positions, when the text is a part of a longer one. */
  readonly base: number
  at: number
  nodes: number
  depth: number
}

export const TEXT_LENGTH_MAX = 65_536
export const NODES_MAX = 10_000
export const DEPTH_MAX = 100

const SPACE = /[ \t\r\n]+/y
const NAME = /[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Nd}\p{Mn}\p{Mc}\p{Pc}\p{Cf}]{0,127}/uy

export function cursorOver(text: string, what: string, base = 0): Cursor {
  const cursor = { text, what, base, at: 0, nodes: 0, depth: 0 }
  if (text.length > TEXT_LENGTH_MAX) fail(cursor, `is longer than ${TEXT_LENGTH_MAX} characters`)
  return cursor
}

/** Stops the parse: says what is wrong, and where (counted from 1 in the sentence, from 0 in the details). */
export function fail(cursor: Cursor, reason: string, at = cursor.at): never {
  const position = cursor.base + at
  throw new AppError('odata.invalid', `${cursor.what} ${reason} (at character ${position + 1})`, {
    details: { position, reason },
  })
}

/** The position as the reader of the whole text counts it. */
export function here(cursor: Cursor): number {
  return cursor.base + cursor.at
}

/** True when there was any. */
export function skipSpace(cursor: Cursor): boolean {
  return take(cursor, SPACE) !== undefined
}

export function atEnd(cursor: Cursor): boolean {
  return cursor.at >= cursor.text.length
}

export function peek(cursor: Cursor): string {
  return cursor.text[cursor.at] ?? ''
}

/** What a sticky expression matches here; the cursor moves behind it. */
export function take(cursor: Cursor, sticky: RegExp): string | undefined {
  sticky.lastIndex = cursor.at
  const found = sticky.exec(cursor.text)?.[0]
  if (found !== undefined) cursor.at += found.length
  return found
}

export function takeChar(cursor: Cursor, char: string): boolean {
  if (peek(cursor) !== char) return false
  cursor.at++
  return true
}

export function expectChar(cursor: Cursor, char: string): void {
  if (!takeChar(cursor, char)) fail(cursor, `needs '${char}' instead of ${found(cursor)}`)
}

export function expectEnd(cursor: Cursor): void {
  if (!atEnd(cursor)) fail(cursor, `has ${found(cursor)}, which does not belong there`)
}

/** An identifier, or several joined by dots: `Name`, `Microsoft.Dynamics.DataEntities.NoYes`. */
export function takeQualifiedName(cursor: Cursor): string | undefined {
  const start = cursor.at
  if (take(cursor, NAME) === undefined) return undefined
  while (peek(cursor) === '.') {
    cursor.at++
    if (take(cursor, NAME) === undefined) fail(cursor, `needs a name instead of ${found(cursor)}`)
  }
  return cursor.text.slice(start, cursor.at)
}

/** Names joined by slashes. `$count` and `$ref` may close it. */
export function takePath(cursor: Cursor): string[] {
  const names: string[] = []
  do {
    const name = takeQualifiedName(cursor) ?? take(cursor, CLOSING_SEGMENT)
    if (name === undefined) fail(cursor, `needs a name instead of ${found(cursor)}`)
    names.push(name)
  } while (takeChar(cursor, '/'))
  return names
}

const CLOSING_SEGMENT = /\$(count|ref)\b/y

/** What stands between this parenthesis and the one that closes it, strings and inner parentheses within; the cursor moves behind. */
export function takeInside(cursor: Cursor): { text: string; at: number } {
  expectChar(cursor, '(')
  const start = cursor.at
  let open = 1
  for (let quoted = false; !atEnd(cursor); cursor.at++) {
    const char = peek(cursor)
    if (char === "'") quoted = !quoted
    else if (quoted) continue
    else if (char === '(') open++
    else if (char === ')' && --open === 0) {
      const text = cursor.text.slice(start, cursor.at++)
      return { text, at: cursor.base + start }
    }
  }
  return fail(cursor, 'has a parenthesis that is never closed', start - 1)
}

/** Counts one node; every recursion passes here, so that no input can exhaust memory or the stack. */
export function countNode(cursor: Cursor): void {
  cursor.nodes++
  if (cursor.nodes > NODES_MAX) fail(cursor, `has more than ${NODES_MAX} parts`)
}

export function nested<T>(cursor: Cursor, read: () => T): T {
  cursor.depth++
  if (cursor.depth > DEPTH_MAX) fail(cursor, `is nested more than ${DEPTH_MAX} deep`)
  const result = read()
  cursor.depth--
  return result
}

/** What stands here, for messages. */
export function found(cursor: Cursor): string {
  if (atEnd(cursor)) return 'the end'
  const rest = cursor.text.slice(cursor.at, cursor.at + 20)
  return `'${rest.split(/[\s,()]/, 1)[0] || rest[0]}'`
}
