import { AppError } from '../app-error.ts'
import type { ExpandItem, KeyPredicate, QueryOptions } from './ast.ts'
import {
  atEnd,
  type Cursor,
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
import { type Aliases, expectLiteral } from './literal.ts'
import { parseApply } from './parse-apply.ts'
import { parseFilter } from './parse-filter.ts'
import { listOf, parseOrderBy, parseRowCount, parseSelect } from './parse-lists.ts'

/** The options that may stand inside an item of `$expand`. */
const NESTED_OPTIONS: readonly string[] = ['$filter', '$orderby', '$select', '$expand', '$top', '$skip', '$count']
/** The system query options this parser reads. `$search`, `$compute` and unknown ones are the caller's to refuse. */
export const SYSTEM_OPTIONS: readonly string[] = [...NESTED_OPTIONS, '$apply', '$skiptoken']

/**
 * Parses those of the (already decoded) query parameters that are system query options; others are left alone, but for parameter aliases
 * ('@p1'), whose values stand where a filter names them.
 */
export function parseQueryOptions(parameters: Iterable<readonly [name: string, value: string]>): QueryOptions {
  const options: QueryOptions = {}
  const given = [...parameters]
  const context = { aliases: new Map(given.filter(([name]) => name.startsWith('@'))), depth: 0 }
  const seen = new Set<string>()
  for (const [name, value] of given) {
    if (!SYSTEM_OPTIONS.includes(name)) continue
    if (seen.has(name)) throw new AppError('odata.invalid', `${name} is given more than once`, { details: { position: 0 } })
    seen.add(name)
    readOption(options, name, value, 0, context)
  }
  return options
}

/** `nav`, `nav($select=a;$filter=b eq 1)`, nested as deep as the limit allows. */
export function parseExpand(text: string, base = 0): ExpandItem[] {
  return expandAt(text, base, { aliases: new Map(), depth: 0 })
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
  const parts = listOf(cursor, () => {
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

const NAMED_PART = /^\s*[\p{L}_][\p{L}\p{Nd}_]*\s*=/u

/** What the options of a request share, and how deep inside $expand they stand. */
type Context = { aliases: Aliases; depth: number }

function expandAt(text: string, base: number, context: Context): ExpandItem[] {
  const cursor = cursorOver(text, '$expand', base)
  if (context.depth > DEPTH_MAX) fail(cursor, `is nested more than ${DEPTH_MAX} deep`)
  return listOf(cursor, () => {
    const position = here(cursor)
    const path = takeChar(cursor, '*') ? ['*'] : takePath(cursor)
    const options: QueryOptions = {}
    if (takeChar(cursor, '(')) readNestedOptions(cursor, options, { ...context, depth: context.depth + 1 })
    return { path, options, position }
  })
}

function readNestedOptions(cursor: Cursor, options: QueryOptions, context: Context): void {
  do {
    skipSpace(cursor)
    const start = cursor.at
    const name = take(cursor, OPTION_NAME)
    if (name === undefined) fail(cursor, `needs an option such as $select instead of ${found(cursor)}`)
    if (!NESTED_OPTIONS.includes(name)) fail(cursor, `has '${name}', which is not an option of $expand`, start)
    if (Object.hasOwn(options, FIELD_OF[name] ?? '')) fail(cursor, `gives ${name} twice`, start)
    skipSpace(cursor)
    expectChar(cursor, '=')
    const valueAt = cursor.at
    skipValue(cursor)
    readOption(options, name, cursor.text.slice(valueAt, cursor.at), cursor.base + valueAt, context)
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

function readOption(options: QueryOptions, name: string, value: string, base: number, context: Context): void {
  if (name === '$filter') options.filter = parseFilter(value, base, context.aliases)
  else if (name === '$orderby') options.orderBy = parseOrderBy(value, base)
  else if (name === '$select') options.select = parseSelect(value, base)
  else if (name === '$expand') options.expand = expandAt(value, base, context)
  else if (name === '$top') options.top = parseRowCount(name, value, base)
  else if (name === '$skip') options.skip = parseRowCount(name, value, base)
  else if (name === '$apply') options.apply = parseApply(value, base, context.aliases)
  else if (name === '$skiptoken') options.skipToken = value
  else options.count = parseCount(value, base)
}

function parseCount(text: string, base: number): boolean {
  if (text !== 'true' && text !== 'false') fail(cursorOver(text, '$count', base), 'is true or false')
  return text === 'true'
}
