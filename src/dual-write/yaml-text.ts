import { parse } from 'yaml'

/** Enough for the maps of an installation and some of their versions. */
const TEXTS_MAX = 256

/**
 * What a map's text says. Each start, each version and each comparison reads the same texts again, and parsing one takes some
 * milliseconds: they are kept, frozen, since whoever reads one shares it. Throws what the parser throws.
 */
export function readYamlText(text: string): unknown {
  const known = texts.get(text)
  if (known !== undefined) return known.content
  const content: unknown = frozen(parse(text))
  if (texts.size >= TEXTS_MAX) texts.clear()
  texts.set(text, { content })
  return content
}

const texts = new Map<string, { content: unknown }>()

function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  for (const part of Object.values(value)) frozen(part)
  return Object.freeze(value)
}
