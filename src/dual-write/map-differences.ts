import { parse } from 'yaml'
import type { ValueList, ValueLists } from './mapping/map-file.ts'

type Content = Readonly<Record<string, unknown>>

/** What differs between two texts of a map, in words: a line for each property, and for each column that came, went or is mapped otherwise. */
export function differencesBetween(before: string, after: string): string[] {
  const [was, is] = [contentOf(before), contentOf(after)]
  const names = [...new Set([...Object.keys(was), ...Object.keys(is)])].filter((name) => name !== 'columns' && name !== 'map')
  return [...names.flatMap((name) => difference(name, was[name], is[name])), ...columnDifferences(was, is)]
}

/** 'value map yes-no: + maybe' for every list of `after` that is another in `before`. */
export function listDifferences(before: ValueLists, after: ValueLists, names: ReadonlySet<string>): string[] {
  return [...names].sort().flatMap((name) => {
    const words = pairDifferences(before[name] ?? {}, after[name] ?? {})
    return words.length === 0 ? [] : [`value map ${name}: ${words.join(', ')}`]
  })
}

/** '+ maybe = 3', one for each pair that came, went or means another value; then which of two with one meaning goes back, where that changed. */
export function pairDifferences(was: ValueList, is: ValueList): string[] {
  const words = [...new Set([...Object.keys(was), ...Object.keys(is)])].flatMap((value) => {
    if (was[value] === is[value]) return []
    if (was[value] === undefined) return [`+ ${shown(value)} = ${wordOf(is[value])}`]
    if (is[value] === undefined) return [`- ${shown(value)} = ${wordOf(was[value])}`]
    return [`${shown(value)} = ${wordOf(was[value])} → ${wordOf(is[value])}`]
  })
  const [back, now] = [waysBack(was), waysBack(is)]
  for (const [ours, theirs] of now) {
    const before = back.get(ours)
    if (before !== undefined && before !== theirs && is[before] !== undefined) words.push(`${ours} goes back as ${shown(theirs)}`)
  }
  return words
}

function waysBack(list: ValueList): Map<string, string> {
  return new Map(
    Object.entries(list)
      .reverse()
      .map(([theirs, ours]) => [wordOf(ours), theirs]),
  )
}

function shown(value: string): string {
  return value === '' ? "''" : value
}

/** Names of the lists of values that a map's text uses. */
export function listsIn(text: string): Set<string> {
  return new Set(columnsOf(contentOf(text)).flatMap((one) => (typeof one.values === 'string' ? [one.values] : [])))
}

function columnDifferences(was: Content, is: Content): string[] {
  const [before, after] = [byKey(columnsOf(was)), byKey(columnsOf(is))]
  const keys = [...new Set([...before.keys(), ...after.keys()])]
  return keys.flatMap((key) => {
    const [a, b] = [before.get(key), after.get(key)]
    if (a === undefined) return [`+ ${key} (${entryWords(b ?? {})})`]
    if (b === undefined) return [`- ${key} (${entryWords(a)})`]
    const names = [...new Set([...Object.keys(a), ...Object.keys(b)])]
    return names.flatMap((name) => difference(`${key}: ${WORDS[name] ?? name}`, a[name], b[name], ' '))
  })
}

const WORDS: Readonly<Record<string, string>> = { dir: 'direction', values: 'value map', wins: 'who wins' }

/** Columns go by their name; what has none, or stands twice, by its field too. */
function byKey(entries: readonly Content[]): Map<string, Content> {
  const found = new Map<string, Content>()
  for (const entry of entries) {
    const name = String(entry.column ?? entry.field ?? 'constant')
    const key = found.has(name) ? `${name} of ${String(entry.field ?? found.size)}` : name
    found.set(key, entry)
  }
  return found
}

function difference(name: string, was: unknown, is: unknown, between = ': '): string[] {
  const [before, after] = [wordOf(was), wordOf(is)]
  return before === after ? [] : [`${name}${between}${before} → ${after}`]
}

function entryWords({ column: _, ...entry }: Content): string {
  return Object.entries(entry)
    .map(([name, value]) => `${WORDS[name] ?? name} ${wordOf(value)}`)
    .join(', ')
}

function wordOf(value: unknown): string {
  if (value === undefined || value === null) return 'nothing'
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function contentOf(text: string): Content {
  const content: unknown = parse(text)
  return typeof content === 'object' && content !== null ? (content as Content) : {}
}

function columnsOf(content: Content): Content[] {
  return Array.isArray(content.columns) ? (content.columns as Content[]) : []
}
