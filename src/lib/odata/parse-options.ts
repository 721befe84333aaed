import { AppError } from '../app-error.ts'
import type { ExpandItem, KeyPredicate, OrderBy, QueryOptions, SelectItem } from './ast.ts'
import {
  atEnd,
  type Cursor,
  countNode,
  cursorOver,
  DEPTH_MAX,
  expectChar,
  expectEnd,
  fail,
  found,
  here,
  peek,
  skipSpace,
  take,
  takeChar,
  takePath,
  takeQualifiedName,
} from './cursor.ts'
import { expectLiteral } from './literal.ts'
import { parseFilter } from './parse-filter.ts'

/** The system query options this parser reads. `$search`, `$apply`, `$compute` and unknown ones are the caller's to refuse. */
export const SYSTEM_OPTIONS = ['$filter', '$orderby', '$select', '$expand', '$top', '$skip', '$count'] as const

/** Parses those of the (already decoded) query parameters that are system query options; others are left alone. */
export function parseQueryOptions(parameters: Iterable<readonly [name: string, value: string]>): QueryOptions {
  const options: QueryOptions = {}
  const seen = new Set<string>()
  for (const [name, value] of parameters) {
    if (!(SYSTEM_OPTIONS as readonly string[]).includes(name)) continue
    if (seen.has(name)) throw new AppError('odata.invalid', `${name} is given more than once`, { details: { position: 0 } })
    seen.add(name)
    readOption(options, name, value, 0, 0)
  }
  return options
}

export function parseOrderBy(text: string, base = 0): OrderBy[] {
  return list(cursorOver(text, '$orderby', base), (cursor) => {
    const position = here(cursor)
    const path = takePath(cursor)
    const direction = take(cursor, DIRECTION)
    return { path, descending: direction?.trim() === 'desc', position }
  })
}

export function parseSelect(text: string, base = 0): SelectItem[] {
  return list(cursorOver(text, '$select', base), (cursor) => {
    const position = here(cursor)
    return { path: takeChar(cursor, '*') ? ['*'] : takePath(cursor), position }
  })
}

/** `nav`, `nav($select=a;$filter=b eq 1)`, nested as deep as the limit allows. */
export function parseExpand(text: string, base = 0): ExpandItem[] {
  return expandAt(text, base, 0)
}

/** A whole number of rows, zero or more. */
export function parseRowCount(name: string, text: string, base = 0): number {
  const value = Number(text)
  if (!/^\d{1,15}$/.test(text)) fail(cursorOver(text, name, base), 'is a whole number, zero or more')
  return value
}

/** What stands between the parentheses of `Set(…)`. */
export function parseKey(text: string, base = 0): KeyPredicate {
  const cursor = cursorOver(text, 'the key', base)
  skipSpace(cursor)
  if (!NAMED_PART.test(text)) {
    const literal = expectLiteral(cursor)
    skipSpace(cursor)
    expectEnd(cursor)
    return { kind: 'value', literal }
  }
  const parts = list(cursor, () => {
    const at = cursor.at
    const name = takeQualifiedName(cursor) ?? fail(cursor, `needs a field name instead of ${found(cursor)}`)
    skipSpace(cursor)
    expectChar(cursor, '=')
    skipSpace(cursor)
    return { name, literal: expectLiteral(cursor), at }
  })
  const names = new Set<string>()
  for (const { name, at } of parts) {
    if (names.has(name)) fail(cursor, `names '${name}' twice`, at)
    names.add(name)
  }
  return { kind: 'named', parts: parts.map(({ name, literal }) => ({ name, literal })) }
}

const DIRECTION = /[ \t]+(asc|desc)(?=[\s,]|$)/y
const NAMED_PART = /^\s*[\p{L}_][\p{L}\p{Nd}_]*\s*=/u

function expandAt(text: string, base: number, depth: number): ExpandItem[] {
  const cursor = cursorOver(text, '$expand', base)
  if (depth > DEPTH_MAX) fail(cursor, `is nested more than ${DEPTH_MAX} deep`)
  return list(cursor, () => {
    const position = here(cursor)
    const path = takeChar(cursor, '*') ? ['*'] : takePath(cursor)
    const options: QueryOptions = {}
    if (takeChar(cursor, '(')) readNestedOptions(cursor, options, depth + 1)
    return { path, options, position }
  })
}

function readNestedOptions(cursor: Cursor, options: QueryOptions, depth: number): void {
  do {
    skipSpace(cursor)
    const start = cursor.at
    const name = take(cursor, OPTION_NAME)
    if (name === undefined) fail(cursor, `needs an option such as $select instead of ${found(cursor)}`)
    if (!(SYSTEM_OPTIONS as readonly string[]).includes(name))
      fail(cursor, `has '${name}', which is not an option of $expand`, start)
    if (Object.hasOwn(options, FIELD_OF[name] ?? '')) fail(cursor, `gives ${name} twice`, start)
    skipSpace(cursor)
    expectChar(cursor, '=')
    const valueAt = cursor.at
    skipValue(cursor)
    readOption(options, name, cursor.text.slice(valueAt, cursor.at), cursor.base + valueAt, depth)
  } while (takeChar(cursor, ';'))
  expectChar(cursor, ')')
}

const OPTION_NAME = /\$[a-z]+/y
const FIELD_OF: Readonly<Record<string, keyof QueryOptions>> = {
  $filter: 'filter',
  $orderby: 'orderBy',
  $select: 'select',
  $expand: 'expand',
  $top: 'top',
  $skip: 'skip',
  $count: 'count',
}

/** To the `;` or `)` that ends the value: those inside strings and inner parentheses do not count. */
function skipValue(cursor: Cursor): void {
  let open = 0
  for (let quoted = false; !atEnd(cursor); cursor.at++) {
    const char = peek(cursor)
    if (char === "'") quoted = !quoted
    else if (quoted) continue
    else if (char === '(') open++
    else if (open === 0 && (char === ';' || char === ')')) return
    else if (char === ')') open--
  }
}

function readOption(options: QueryOptions, name: string, value: string, base: number, depth: number): void {
  if (name === '$filter') options.filter = parseFilter(value, base)
  else if (name === '$orderby') options.orderBy = parseOrderBy(value, base)
  else if (name === '$select') options.select = parseSelect(value, base)
  else if (name === '$expand') options.expand = expandAt(value, base, depth)
  else if (name === '$top') options.top = parseRowCount(name, value, base)
  else if (name === '$skip') options.skip = parseRowCount(name, value, base)
  else options.count = parseCount(value, base)
}

function parseCount(text: string, base: number): boolean {
  if (text !== 'true' && text !== 'false') fail(cursorOver(text, '$count', base), 'is true or false')
  return text === 'true'
}

/** One or more items between commas, to the end of the text. */
function list<T>(cursor: Cursor, read: (cursor: Cursor) => T): T[] {
  const items: T[] = []
  do {
    skipSpace(cursor)
    countNode(cursor)
    items.push(read(cursor))
    skipSpace(cursor)
  } while (takeChar(cursor, ','))
  expectEnd(cursor)
  return items
}
