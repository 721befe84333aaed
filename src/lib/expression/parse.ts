import { AppError } from '../app-error.ts'
import { parseDecimal, subtract } from '../decimal.ts'
import type { Parsed } from './ast.ts'

/**
 * Reads the text of an expression. Throws AppError `expression.invalid` whose details carry the position (from 0) and the reason.
 *
 *     or  ›  and  ›  not  ›  = != < <= > >=  ›  + -  ›  * /  ›  -x  ›  literals, names, calls, ( )
 */
export function parseExpression(text: string): Parsed {
  if (text.length > TEXT_LENGTH_MAX) throw invalid(`is longer than ${TEXT_LENGTH_MAX} characters`, TEXT_LENGTH_MAX)
  const reader: Reader = { tokens: tokensOf(text), at: 0, depth: 0 }
  const root = readBinary(reader, 0)
  const rest = peek(reader)
  if (rest.kind !== 'end') throw invalid(`has ${told(rest)} where an operator or the end belongs`, rest.position)
  return root
}

export function invalid(reason: string, position: number): AppError {
  return new AppError('expression.invalid', `The expression ${reason} (at character ${position + 1})`, {
    details: { position, reason },
  })
}

const TEXT_LENGTH_MAX = 4_000
const DEPTH_MAX = 50

type Token = { kind: 'text' | 'number' | 'name' | 'symbol' | 'end'; text: string; position: number }
type Reader = { readonly tokens: readonly Token[]; at: number; depth: number }

const TOKEN =
  /\s*(?:(?<text>'(?:[^']|'')*')|(?<number>\d+(?:\.\d+)?)|(?<name>[A-Za-z_][A-Za-z0-9_]*)|(?<symbol><=|>=|!=|<>|[-+*/=<>(),]))/y

function tokensOf(text: string): Token[] {
  const tokens: Token[] = []
  let at = 0
  while (text.slice(at).trim() !== '') {
    TOKEN.lastIndex = at
    const found = TOKEN.exec(text)
    const start = at + (/^\s*/.exec(text.slice(at))?.[0].length ?? 0)
    if (found?.groups === undefined || found === null)
      throw invalid(text[start] === "'" ? 'has a text that does not end' : `cannot have '${text[start]}'`, start)
    const [kind, word] = Object.entries(found.groups).find(([, value]) => value !== undefined) ?? ['end', '']
    tokens.push({ kind: kind as Token['kind'], text: word ?? '', position: start })
    at = TOKEN.lastIndex
  }
  return [...tokens, { kind: 'end', text: '', position: text.length }]
}

/** By precedence, weakest first. All are left-associative; comparisons do not chain. */
const LEVELS: readonly ReadonlySet<string>[] = [
  new Set(['or']),
  new Set(['and']),
  new Set(['=', '!=', '<>', '<', '<=', '>', '>=']),
  new Set(['+', '-']),
  new Set(['*', '/']),
]

function readBinary(reader: Reader, level: number): Parsed {
  const operators = LEVELS[level]
  if (operators === undefined) return readUnary(reader)
  if (level === 2 && isWord(peek(reader), 'not')) return readNot(reader)
  let left = readBinary(reader, level + 1)
  for (;;) {
    const token = peek(reader)
    if (token.kind === 'text' || !operators.has(token.text)) return left
    reader.at++
    const name = token.text === '<>' ? '!=' : token.text
    left = { kind: 'call', name, arguments: [left, readBinary(reader, level + 1)], position: token.position }
  }
}

function readNot(reader: Reader): Parsed {
  return nested(reader, () => {
    const { position } = take(reader)
    return { kind: 'call', name: 'not', arguments: [readBinary(reader, 2)], position }
  })
}

function readUnary(reader: Reader): Parsed {
  return nested(reader, () => {
    const token = take(reader)
    if (token.text === '-' && token.kind === 'symbol') {
      const operand = readUnary(reader)
      if (operand.kind === 'literal' && operand.type === 'number')
        return { ...operand, value: subtract('0', String(operand.value)), position: token.position }
      const zero: Parsed = { kind: 'literal', type: 'number', value: '0', position: token.position }
      return { kind: 'call', name: '-', arguments: [zero, operand], position: token.position }
    }
    return readPrimary(reader, token)
  })
}

function readPrimary(reader: Reader, token: Token): Parsed {
  const { position } = token
  switch (token.kind) {
    case 'text':
      return { kind: 'literal', type: 'text', value: token.text.slice(1, -1).replaceAll("''", "'"), position }
    case 'number':
      return { kind: 'literal', type: 'number', value: parseDecimal(token.text) ?? token.text, position }
    case 'name':
      if (peek(reader).text === '(' && peek(reader).kind === 'symbol')
        return { kind: 'call', name: token.text, arguments: readArguments(reader), position }
      if (token.text === 'true' || token.text === 'false')
        return { kind: 'literal', type: 'boolean', value: token.text === 'true', position }
      if (token.text === 'null') return { kind: 'literal', type: 'unknown', value: null, position }
      return { kind: 'name', name: token.text, position }
    default: {
      if (token.text !== '(') throw invalid(`needs a value or a name instead of ${told(token)}`, position)
      const inner = readBinary(reader, 0)
      expect(reader, ')')
      return inner
    }
  }
}

function readArguments(reader: Reader): Parsed[] {
  expect(reader, '(')
  if (peek(reader).text === ')' && peek(reader).kind === 'symbol') {
    reader.at++
    return []
  }
  const values = [readBinary(reader, 0)]
  while (peek(reader).text === ',' && peek(reader).kind === 'symbol') {
    reader.at++
    values.push(readBinary(reader, 0))
  }
  expect(reader, ')')
  return values
}

function nested(reader: Reader, read: () => Parsed): Parsed {
  if (++reader.depth > DEPTH_MAX) throw invalid(`is nested more than ${DEPTH_MAX} deep`, peek(reader).position)
  const node = read()
  reader.depth--
  return node
}

function peek(reader: Reader): Token {
  return reader.tokens[reader.at] ?? { kind: 'end', text: '', position: 0 }
}

function take(reader: Reader): Token {
  const token = peek(reader)
  if (token.kind !== 'end') reader.at++
  return token
}

function expect(reader: Reader, symbol: string): void {
  const token = take(reader)
  if (token.kind !== 'symbol' || token.text !== symbol)
    throw invalid(`needs '${symbol}' instead of ${told(token)}`, token.position)
}

function isWord(token: Token, word: string): boolean {
  return token.kind === 'name' && token.text === word
}

function told(token: Token): string {
  return token.kind === 'end' ? 'the end' : `'${token.text}'`
}
