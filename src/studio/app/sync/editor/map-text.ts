import { isMap, isScalar, isSeq, type Pair, parseDocument, stringify, type YAMLMap, type YAMLSeq } from 'yaml'

/**
 * A map's text and what the forms change in it. Only what is changed is written anew; everything else, comments too, stays letter by letter
 * as somebody has written it. Pure.
 */
export type Scalar = string | number | boolean
export type ValueMap = Readonly<Record<string, Scalar | null>>
export type Wins = 'erp' | 'portal' | 'newest' | { portalWhile: string }

/** An entry of `columns`, as its text has it. */
export type Entry = {
  field?: string | undefined
  dir: string
  column?: string | undefined
  constant?: Scalar | undefined
  values?: string | ValueMap | undefined
  unmapped?: 'pass' | 'default' | 'hold' | 'empty' | undefined
  default?: Scalar | { toPortal?: Scalar | undefined; toErp?: Scalar | undefined } | undefined
  toPortal?: string | undefined
  toErp?: string | Readonly<Record<string, string>> | undefined
  case?: 'lower' | undefined
  else?: string | undefined
  wins?: Wins | undefined
}
export type Head = Readonly<Record<string, unknown>>
export type ReadText = { head: Head; entries: readonly Entry[]; problem: string | null }
export type Way = 'both' | 'toErp' | 'toPortal'

const ORDER = ['field', 'dir', 'column', 'constant', 'values', 'unmapped', 'default', 'toPortal', 'toErp', 'case', 'else', 'wins']

export function readMapText(text: string): ReadText {
  const document = parseDocument(text)
  const [error] = document.errors
  const content: unknown = error === undefined ? document.toJS() : undefined
  if (error !== undefined) return { head: {}, entries: [], problem: error.message.split('\n', 1)[0] ?? '' }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) return { head: {}, entries: [], problem: '' }
  const { columns, ...head } = content as Record<string, unknown>
  const entries = Array.isArray(columns)
    ? columns.map((one) => (typeof one === 'object' && one !== null ? one : {}) as Entry)
    : []
  return { head, entries, problem: null }
}

/** Undefined takes the property away. */
export function putHead(text: string, name: string, value: unknown): string {
  const { contents } = parseDocument(text)
  return isMap(contents) ? putProperty(text, contents, name, value) : text
}

export function putEntry(text: string, index: number, entry: Entry): string {
  const item = seqOf(text)?.items[index]
  if (!isMap(item)) return text
  const [start, end] = rangeOf(text, item)
  if (item.flow === true) return text.slice(0, start) + formatEntry(entry) + text.slice(end)
  // A property a line, maybe with comments between: each is written by itself.
  return ORDER.reduce((now, name) => {
    const block = seqOf(now)?.items[index]
    return isMap(block) ? putProperty(now, block, name, entry[name as keyof Entry]) : now
  }, text)
}

/** Before the entry at `index`, or as the last one. */
export function insertEntry(text: string, index: number, entry: Entry): string {
  const seq = seqOf(text)
  if (seq === undefined || seq.flow === true || seq.items.length === 0)
    return rewritten(text, (entries) => entries.toSpliced(index, 0, entry))
  const isLast = index >= seq.items.length
  const [start, end] = linesOf(text, seq.items[isLast ? seq.items.length - 1 : index])
  const indent = /^\s*/.exec(text.slice(start))?.[0] ?? '  '
  const line = `${indent}- ${formatEntry(entry)}\n`
  if (!isLast) return text.slice(0, start) + line + text.slice(start)
  return `${withNewline(text.slice(0, end))}${line}${text.slice(end)}`
}

export function removeEntry(text: string, index: number): string {
  const seq = seqOf(text)
  if (seq === undefined || seq.flow === true) return rewritten(text, (entries) => entries.toSpliced(index, 1))
  const [start, end] = linesOf(text, seq.items[index])
  return text.slice(0, start) + text.slice(end)
}

/** One place up (-1) or down (1). */
export function moveEntry(text: string, index: number, by: -1 | 1): string {
  const seq = seqOf(text)
  const [first, second] = by < 0 ? [index - 1, index] : [index, index + 1]
  if (seq === undefined || seq.items[first] === undefined || seq.items[second] === undefined) return text
  if (seq.flow === true)
    return rewritten(text, (entries) =>
      entries.map((one, i) => (i === first ? entries[second] : i === second ? entries[first] : one)),
    )
  const [from, middle] = linesOf(text, seq.items[first])
  const [start, end] = linesOf(text, seq.items[second])
  const lines = withNewline(text.slice(start, end)) + text.slice(middle, start) + text.slice(from, middle)
  return text.slice(0, from) + lines + text.slice(end)
}

export function wayOf(dir: string): Way {
  if (dir === '>' || dir === '>>') return 'toPortal'
  return dir === '<' || dir === '<<' ? 'toErp' : 'both'
}

/** The sign for a way; doubled where a value is not taken as it is. */
export function withWay(entry: Entry, way: Way): Entry {
  const isTranslated = entry.values !== undefined || entry.constant !== undefined
  const [plain, translated] = { both: ['=', '><'], toPortal: ['>', '>>'], toErp: ['<', '<<'] }[way] as [string, string]
  return { ...entry, dir: isTranslated ? translated : plain }
}

/** The column itself, of a path to the row behind a lookup too. */
export function columnOf(entry: Entry): string | undefined {
  return entry.column?.split(/[.(]/, 1)[0]
}

function seqOf(text: string): YAMLSeq | undefined {
  const columns = parseDocument(text).get('columns')
  return isSeq(columns) ? columns : undefined
}

/** A list in another form than a line each is written anew as a whole. */
function rewritten(text: string, change: (entries: readonly (Entry | undefined)[]) => readonly (Entry | undefined)[]): string {
  const next = change(readMapText(text).entries)
  const document = parseDocument(text)
  const lines = next.flatMap((one) => (one === undefined ? [] : [parseDocument(formatEntry(one)).contents]))
  document.set('columns', document.createNode(lines))
  return document.toString({ lineWidth: 0 })
}

function putProperty(text: string, map: YAMLMap, name: string, value: unknown): string {
  const pair = map.items.find((one) => isScalar(one.key) && one.key.value === name)
  if (pair === undefined) return value === undefined ? text : addProperty(text, map, name, value)
  const [start, afterName, end] = placesOf(text, pair)
  if (value === undefined) {
    const lineStart = text.lastIndexOf('\n', start - 1) + 1
    return text.slice(0, lineStart) + text.slice(lineEnd(text, end))
  }
  const written = pair.value as { toJSON?: () => unknown } | null
  if (JSON.stringify(written) === JSON.stringify(value)) return text
  return `${text.slice(0, afterName)}: ${formatProperty(name, value)}${text.slice(end)}`
}

/** The columns stay last. */
function addProperty(text: string, map: YAMLMap, name: string, value: unknown): string {
  const columns = map.items.find((one) => isScalar(one.key) && one.key.value === 'columns')
  const first = map.items[0]
  const indent = first === undefined ? '' : ' '.repeat(columnAt(text, placesOf(text, first)[0]))
  const line = `${name}: ${formatProperty(name, value)}`
  if (columns !== undefined) {
    const [start] = placesOf(text, columns)
    return `${text.slice(0, start)}${line}\n${text.slice(start)}`
  }
  const last = map.items.at(-1)
  const end = last === undefined ? text.length : lineEnd(text, placesOf(text, last)[2])
  return `${withNewline(text.slice(0, end))}${indent}${line}\n${text.slice(end)}`
}

/** Where the name begins, where it ends, and where the value ends. */
function placesOf(text: string, pair: Pair): [number, number, number] {
  const [start, afterName] = rangeOf(text, pair.key)
  return [start, afterName, pair.value === null ? afterName : rangeOf(text, pair.value)[1]]
}

/** Without the white space and comments that the parser counts in. */
function rangeOf(text: string, node: unknown): [number, number] {
  const range = (node as { range?: [number, number, number] | null } | null | undefined)?.range
  const [start, end] = range ?? [0, 0]
  return [start, start + text.slice(start, end).replace(/(\s+(#[^\n]*)?)+$/, '').length]
}

/** From the beginning of an item's first line to the end of its last. */
function linesOf(text: string, item: unknown): [number, number] {
  const [start, end] = rangeOf(text, item)
  return [text.lastIndexOf('\n', start) + 1, lineEnd(text, end)]
}

function lineEnd(text: string, at: number): number {
  const end = text.indexOf('\n', at)
  return end < 0 ? text.length : end + 1
}

function columnAt(text: string, at: number): number {
  return at - (text.lastIndexOf('\n', at - 1) + 1)
}

function withNewline(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`
}

function formatEntry(entry: Entry): string {
  const parts = ORDER.flatMap((name) => {
    const value = entry[name as keyof Entry]
    return value === undefined ? [] : [`${name}: ${formatProperty(name, value)}`]
  })
  return `{ ${parts.join(', ')} }`
}

/** Directions look like YAML's own signs, and always stand in quotes. */
function formatProperty(name: string, value: unknown): string {
  return name === 'dir' ? `'${String(value)}'` : flowText(value)
}

function flowText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flowText).join(', ')}]`
  if (typeof value === 'object' && value !== null) {
    const parts = Object.entries(value).flatMap(([name, one]) =>
      one === undefined ? [] : [`${flowText(name)}: ${flowText(one)}`],
    )
    return parts.length === 0 ? '{}' : `{ ${parts.join(', ')} }`
  }
  // In brackets, so that commas and braces are quoted.
  return stringify([value], { collectionStyle: 'flow', lineWidth: 0, flowCollectionPadding: false }).trim().slice(1, -1)
}
