import type { Aggregate, ApplyStep, SelectItem } from './ast.ts'
import {
  type Cursor,
  countNode,
  cursorOver,
  expectChar,
  expectEnd,
  fail,
  found,
  here,
  peek,
  skipSpace,
  take,
  takeChar,
  takeInside,
  takePath,
  takeQualifiedName,
} from './cursor.ts'
import type { Aliases } from './literal.ts'
import { parseFilter } from './parse-filter.ts'
import { parseOrderBy, parseRowCount } from './parse-lists.ts'

/**
 * Parses the (already decoded) text of `$apply`: filter, groupby, aggregate, orderby and top, one after the other between slashes.
 * Anything else is refused with AppError 'odata.invalid', whose details carry the position and the reason.
 */
export function parseApply(text: string, base = 0, aliases?: Aliases): ApplyStep[] {
  const cursor = cursorOver(text, '$apply', base)
  const steps: ApplyStep[] = []
  do {
    countNode(cursor)
    skipSpace(cursor)
    steps.push(readStep(cursor, aliases))
    skipSpace(cursor)
  } while (takeChar(cursor, '/'))
  expectEnd(cursor)
  return steps
}

const STEP = /(?:filter|groupby|aggregate|orderby|top)(?=\()/y
const METHOD = /(?:sum|average|min|max|countdistinct)(?![\p{L}\p{Nd}_])/uy
const COUNT = /\$count(?![\p{L}\p{Nd}_/])/uy
const WITH = /[ \t]+with[ \t]+/y
const AS = /[ \t]+as[ \t]+/y
const NAME_CHARACTERS_MAX = 60

function readStep(cursor: Cursor, aliases: Aliases | undefined): ApplyStep {
  const position = here(cursor)
  const name = take(cursor, STEP)
  switch (name) {
    case 'groupby':
      return readGroupBy(cursor, position)
    case 'aggregate':
      return { kind: 'group', by: [], values: readAggregates(cursor), position }
    case 'filter': {
      const inside = takeInside(cursor)
      return { kind: 'filter', filter: parseFilter(inside.text, inside.at, aliases), position }
    }
    case 'orderby': {
      const inside = takeInside(cursor)
      return { kind: 'orderby', orderBy: parseOrderBy(inside.text, inside.at), position }
    }
    case 'top': {
      const inside = takeInside(cursor)
      return { kind: 'top', rows: parseRowCount('$apply’s top', inside.text.trim(), inside.at), position }
    }
    default:
      return fail(cursor, `needs filter, groupby, aggregate, orderby or top with parentheses instead of ${found(cursor)}`)
  }
}

function readGroupBy(cursor: Cursor, position: number): ApplyStep {
  expectChar(cursor, '(')
  skipSpace(cursor)
  expectChar(cursor, '(')
  const by: SelectItem[] = []
  do {
    countNode(cursor)
    skipSpace(cursor)
    by.push({ position: here(cursor), path: takePath(cursor) })
    skipSpace(cursor)
  } while (takeChar(cursor, ','))
  expectChar(cursor, ')')
  skipSpace(cursor)
  let values: Aggregate[] = []
  if (takeChar(cursor, ',')) {
    skipSpace(cursor)
    if (take(cursor, STEP) !== 'aggregate') fail(cursor, `needs aggregate(…) after the columns of groupby`)
    values = readAggregates(cursor)
    skipSpace(cursor)
  }
  expectChar(cursor, ')')
  return { kind: 'group', by, values, position }
}

function readAggregates(cursor: Cursor): Aggregate[] {
  expectChar(cursor, '(')
  const values: Aggregate[] = []
  do {
    countNode(cursor)
    skipSpace(cursor)
    values.push(readAggregate(cursor))
    skipSpace(cursor)
  } while (takeChar(cursor, ','))
  expectChar(cursor, ')')
  return values
}

function readAggregate(cursor: Cursor): Aggregate {
  const position = here(cursor)
  if (peek(cursor) === '$' && take(cursor, COUNT) !== undefined) return { method: 'count', as: readName(cursor), position }
  const path = takePath(cursor)
  if (take(cursor, WITH) === undefined) fail(cursor, `needs 'with' and a method after ${path.join('/').slice(0, 60)}`)
  const method = take(cursor, METHOD) as Exclude<Aggregate['method'], 'count'> | undefined
  if (method === undefined) fail(cursor, `needs sum, average, min, max or countdistinct instead of ${found(cursor)}`)
  return { method, path, as: readName(cursor), position }
}

function readName(cursor: Cursor): string {
  if (take(cursor, AS) === undefined) fail(cursor, `needs 'as' and a name for the value`)
  const at = cursor.at
  const name = takeQualifiedName(cursor)
  if (name === undefined || name.includes('.') || name.length > NAME_CHARACTERS_MAX)
    fail(cursor, `needs a plain name of at most ${NAME_CHARACTERS_MAX} characters after 'as'`, at)
  return name
}
