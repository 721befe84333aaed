import type { KeyPredicate } from '#lib/odata/ast.ts'
import { parseKey } from '#lib/odata/parse-options.ts'
import type { Catalog } from '#tables/catalog.ts'
import { type ColumnDefinition, isLookup, type TableDefinition } from '#tables/definition.ts'
import { findCollection, findLookup } from '#tables/navigation.ts'
import { ApiRefusal, printable } from './refusals.ts'

/** What an address below the service's root names. */
export type Address =
  | { kind: 'service' | 'metadata' | 'batch' }
  /** A function, or one of the read-only resources about definitions: what it is called with is its own business. */
  | { kind: 'other'; segments: readonly Segment[] }
  | RowsAddress

export type RowsAddress = {
  kind: 'rows'
  table: TableDefinition
  /** Without it, all rows. */
  key: KeyPredicate | undefined
  /** From there over lookups and collections. */
  steps: readonly Step[]
  tail: Tail
}

export type Step =
  | { kind: 'lookup'; name: string; column: ColumnDefinition; target: TableDefinition }
  | { kind: 'collection'; name: string; table: TableDefinition; lookup: ColumnDefinition; key: KeyPredicate | undefined }

export type Tail =
  | { kind: 'rows' | 'count' | 'ref' }
  /** `raw` is the value alone: /$value. */
  | { kind: 'property'; column: ColumnDefinition; raw: boolean }

/** One part of the path between slashes; `inside` stands between its parentheses. */
export type Segment = { name: string; inside: string | undefined }

const PATH_CHARACTERS_MAX = 8_000
const SEGMENTS_MAX = 8

/** Parses the path after the root, still percent-encoded. Throws ApiRefusal `resource` or `invalid`, AppError `odata.invalid` for a key. */
export function parseAddress(catalog: Catalog, path: string): Address {
  const segments = splitPath(path)
  const [first, ...rest] = segments
  if (first === undefined) return { kind: 'service' }
  if (first.inside === undefined && rest.length === 0) {
    if (first.name === '$metadata') return { kind: 'metadata' }
    if (first.name === '$batch') return { kind: 'batch' }
  }
  const table = catalog.findBySet(first.name)
  if (table === undefined) return { kind: 'other', segments }
  return rowsAddress(catalog, table, keyOf(first), rest)
}

/** The parts between slashes; those inside quotes and parentheses do not count. */
export function splitPath(path: string): Segment[] {
  if (path.length > PATH_CHARACTERS_MAX)
    throw new ApiRefusal('invalid', `The address is longer than ${PATH_CHARACTERS_MAX} characters`)
  const parts = splitOutside(decode(path)).filter((part) => part !== '')
  if (parts.length > SEGMENTS_MAX) throw new ApiRefusal('invalid', `The address has more than ${SEGMENTS_MAX} parts`)
  return parts.map((part) => {
    const [, name, inside] = SEGMENT.exec(part) ?? []
    if (name === undefined) throw unknownResource(part)
    return { name, inside }
  })
}

export function unknownResource(segment: string): ApiRefusal {
  return new ApiRefusal('resource', `Resource not found for the segment '${printable(segment)}'.`)
}

const SEGMENT = /^(\$?[\w.]{1,128})(?:\((.*)\))?$/su

function rowsAddress(
  catalog: Catalog,
  table: TableDefinition,
  key: KeyPredicate | undefined,
  segments: readonly Segment[],
): RowsAddress {
  const steps: Step[] = []
  let current = table
  let single = key !== undefined
  for (const [index, segment] of segments.entries()) {
    const isLast = index === segments.length - 1
    const tail = tailOf(current, segment, segments[index + 1], single)
    if (tail !== undefined && (isLast || (tail.kind === 'property' && tail.raw && index === segments.length - 2)))
      return { kind: 'rows', table, key, steps, tail }
    const step = single ? stepFrom(catalog, current, segment) : undefined
    if (step === undefined) throw unknownResource(segment.name)
    steps.push(step)
    current = step.kind === 'lookup' ? step.target : step.table
    single = step.kind === 'lookup' || step.key !== undefined
  }
  return { kind: 'rows', table, key, steps, tail: { kind: 'rows' } }
}

function tailOf(table: TableDefinition, segment: Segment, next: Segment | undefined, single: boolean): Tail | undefined {
  if (segment.inside !== undefined) return undefined
  if (segment.name === '$ref') return { kind: 'ref' }
  if (segment.name === '$count') return single ? undefined : { kind: 'count' }
  const column = single ? propertyColumn(table, segment.name) : undefined
  return column === undefined
    ? undefined
    : { kind: 'property', column, raw: next?.name === '$value' && next.inside === undefined }
}

/** The column of a property: a lookup is `_name_value`. */
function propertyColumn(table: TableDefinition, name: string): ColumnDefinition | undefined {
  const lookup = table.columns.get(/^_(.+)_value$/.exec(name)?.[1] ?? '')
  if (lookup !== undefined) return isLookup(lookup) ? lookup : undefined
  const column = table.columns.get(name)
  return column === undefined || isLookup(column) ? undefined : column
}

function stepFrom(catalog: Catalog, table: TableDefinition, segment: Segment): Step | undefined {
  const { name } = segment
  const single = segment.inside === undefined ? findLookup(catalog, table, name) : undefined
  if (single !== undefined) return { kind: 'lookup', name, column: single.lookup, target: single.target }
  const many = findCollection(catalog, table, name)
  return many === undefined ? undefined : { kind: 'collection', name, ...many, key: keyOf(segment) }
}

function keyOf(segment: Segment): KeyPredicate | undefined {
  return segment.inside === undefined ? undefined : parseKey(segment.inside)
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    throw new ApiRefusal('invalid', 'The address is not encoded correctly: after % come two hexadecimal digits of UTF-8')
  }
}

function splitOutside(text: string): string[] {
  const parts: string[] = []
  let start = 0
  let open = 0
  let quoted = false
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    // Outside parentheses a quote is a character that no name has.
    if (char === "'" && open > 0) quoted = !quoted
    else if (quoted) continue
    else if (char === '(') open++
    else if (char === ')') open--
    else if (char === '/' && open <= 0) {
      parts.push(text.slice(start, at))
      start = at + 1
    }
  }
  parts.push(text.slice(start))
  return parts
}
