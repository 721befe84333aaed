import type { Literal } from '#lib/odata/ast.ts'
import { parseKey } from '#lib/odata/parse-options.ts'
import { type Catalog, COMPANY_FIELD, type Entity, type Field, type Navigation } from '../entities/catalog.ts'
import { failNotFound, failQuery } from './failures.ts'

/** What a URL names. */
export type Target =
  | { kind: 'service' }
  | { kind: 'metadata' }
  | { kind: 'batch' }
  | { kind: 'set'; entity: Entity; count: boolean }
  | { kind: 'record'; entity: Entity; key: Key }
  | { kind: 'related'; entity: Entity; key: Key; navigation: Navigation; count: boolean }

/** Key fields by name, as text that PostgreSQL reads. */
export type Key = ReadonlyMap<string, string>

export type ParsedUrl = { target: Target; query: URLSearchParams }

/** Parses what stands after `/data`. */
export function parseUrl(catalog: Catalog, url: string): ParsedUrl {
  const mark = url.indexOf('?')
  const query = new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1))
  return { target: parsePath(catalog, decode(mark < 0 ? url : url.slice(0, mark))), query }
}

function parsePath(catalog: Catalog, path: string): Target {
  const trimmed = path.replace(/^\/+|\/+$/g, '')
  if (trimmed === '') return { kind: 'service' }
  if (trimmed === '$metadata') return { kind: 'metadata' }
  if (trimmed === '$batch') return { kind: 'batch' }
  const name = /^\w+/.exec(trimmed)?.[0] ?? ''
  const entity = catalog.bySet.get(name)
  if (entity === undefined) failNotFound(`No HTTP resource was found that matches the request URI '/data/${trimmed}'.`)
  let rest = trimmed.slice(name.length)
  if (!rest.startsWith('(')) {
    if (rest === '' || rest === '/$count') return { kind: 'set', entity, count: rest !== '' }
    failNotFound(`No HTTP resource was found that matches the request URI '/data/${trimmed}'.`)
  }
  const end = closingParenthesis(rest)
  const key = keyOf(entity, rest.slice(1, end))
  rest = rest.slice(end + 1)
  if (rest === '') return { kind: 'record', entity, key }
  const [navigationName = '', ...more] = rest.slice(1).split('/')
  const navigation = entity.navigation.get(navigationName)
  if (navigation === undefined || (more.length > 0 && more.join('/') !== '$count')) {
    failNotFound(`No HTTP resource was found that matches the request URI '/data/${trimmed}'.`)
  }
  return { kind: 'related', entity, key, navigation, count: more.length > 0 }
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return failQuery(`The request URI is not correctly encoded.`)
  }
}

/** The one that closes the first, strings aside. */
function closingParenthesis(text: string): number {
  let quoted = false
  for (let i = 1; i < text.length; i++) {
    if (text[i] === "'") quoted = !quoted
    else if (!quoted && text[i] === ')') return i
  }
  return failQuery(`The key in the request URI is never closed.`)
}

/** All key fields, in any order; a single one may come without its name. */
function keyOf(entity: Entity, text: string): Key {
  const given = parseKey(text)
  const parts =
    given.kind === 'named'
      ? given.parts
      : entity.keys.length === 1 && entity.keys[0] !== undefined
        ? [{ name: entity.keys[0].name, literal: given.literal }]
        : wrongKey(entity)
  if (parts.length !== entity.keys.length) wrongKey(entity)
  const key = new Map<string, string>()
  for (const field of entity.keys) {
    const part = parts.find((one) => one.name === field.name) ?? wrongKey(entity)
    key.set(field.name, keyText(entity, field, part.literal))
  }
  return key
}

function wrongKey(entity: Entity): never {
  const names = entity.keys.map((key) => key.name).join(', ')
  return failQuery(
    `The key in the request URI is not valid for resource '${entity.set}'. The names and number of key properties must match the declared ones: ${names}.`,
  )
}

function keyText(entity: Entity, field: Field, literal: Literal): string {
  const text = literalText(field, literal)
  if (text === undefined) {
    failQuery(`The value of key property '${field.name}' of resource '${entity.set}' is not of type Edm.${field.type}.`)
  }
  return field.name === COMPANY_FIELD ? text.toLowerCase() : text
}

function literalText(field: Field, literal: Literal): string | undefined {
  switch (field.type) {
    case 'String':
      return literal.type === 'string' ? literal.value : undefined
    case 'Int32':
    case 'Int64':
      return literal.type === 'number' && /^-?\d{1,18}$/.test(literal.text) ? literal.text : undefined
    case 'DateTimeOffset':
      return literal.type === 'dateTime' ? literal.value : literal.type === 'date' ? `${literal.value}T12:00:00Z` : undefined
    case 'Enum':
      return literal.type === 'enum' && field.members.includes(literal.member) ? literal.member : undefined
    case 'Guid':
      return literal.type === 'guid' ? literal.value : undefined
    case 'Decimal':
      return literal.type === 'number' ? literal.text : undefined
  }
}
