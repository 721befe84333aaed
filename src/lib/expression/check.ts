import type { Expression, LookupCall, Parsed, Type, Typed } from './ast.ts'
import { definitionOf, FUNCTIONS } from './functions.ts'
import { invalid, parseExpression } from './parse.ts'
import { UNIT_NAMES, unitFactors } from './units.ts'

/**
 * Parses and checks an expression: that its names exist (`typeOf` answers undefined for those that do not), that functions get what they
 * take, and that it gives what is `wanted`. Throws AppError `expression.invalid` with position and reason.
 */
export function compileExpression(
  text: string,
  typeOf: (name: string) => Type | undefined,
  wanted: Type = 'unknown',
): Expression {
  const found: Found = { names: new Set(), lookups: [], typeOf }
  const root = check(parseExpression(text), found)
  if (!fits(root.type, wanted)) throw invalid(`gives a ${root.type} where a ${wanted} is needed`, root.position)
  return { text, root, type: root.type, names: [...found.names], lookups: found.lookups }
}

/** Whether a value of one type may stand where the other is needed. Text takes everything that has a written form but truths. */
export function fits(type: Type, wanted: Type | 'any'): boolean {
  if (wanted === 'any' || wanted === type || wanted === 'unknown' || type === 'unknown') return true
  return wanted === 'datetime' && type === 'date'
}

type Found = { names: Set<string>; lookups: LookupCall[]; typeOf(name: string): Type | undefined }

function check(node: Parsed, found: Found): Typed {
  switch (node.kind) {
    case 'literal':
      return node
    case 'name': {
      const type = found.typeOf(node.name)
      if (type === undefined) throw invalid(`names ${node.name}, which does not exist`, node.position)
      found.names.add(node.name)
      return { ...node, type }
    }
    case 'call':
      return checkCall(node, found)
    default:
      return node satisfies never
  }
}

function checkCall(node: Extract<Parsed, { kind: 'call' }>, found: Found): Typed {
  const definition = definitionOf(node.name)
  if (definition === undefined)
    throw invalid(`calls ${node.name}, which is not a function; there are ${Object.keys(FUNCTIONS).join(', ')}`, node.position)
  const { parameters, rest } = definition
  const count = node.arguments.length
  if (count < parameters.length || (rest === undefined && count > parameters.length))
    throw invalid(`calls ${node.name} with ${count} values; it is ${definition.signature ?? node.name}`, node.position)
  const lookupsBefore = found.lookups.length
  const values = node.arguments.map((one, index) => {
    const value = check(one, found)
    const wanted = parameters[index] ?? rest ?? 'any'
    if (!fits(value.type, wanted)) throw invalid(`gives ${node.name} a ${value.type} where it takes a ${wanted}`, value.position)
    if (definition.constants?.includes(index) && value.kind !== 'literal')
      throw invalid(`needs a written value as number ${index + 1} of ${node.name}`, value.position)
    return value
  })
  const typed: Typed = { ...node, arguments: values, type: typeOfCall(node, definition.result, values) }
  checkConstants(node.name, values)
  if (node.name === 'lookup') found.lookups.push(lookupCall(typed, values, found.lookups.length > lookupsBefore))
  return typed
}

function typeOfCall(node: Extract<Parsed, { kind: 'call' }>, result: Type | number, values: readonly Typed[]): Type {
  if (COMPARISONS.has(node.name)) alike(values, node)
  if (typeof result === 'string') return result
  const [first, ...others] = node.name === 'swap' ? values : values.slice(result)
  if (node.name === 'addDays') {
    if (first !== undefined && !fits(first.type, 'datetime')) throw invalid(`gives addDays a ${first.type}`, first.position)
    return first?.type ?? 'unknown'
  }
  alike([...(first === undefined ? [] : [first]), ...others], node)
  return [first, ...others].map((one) => one?.type ?? 'unknown').find((type) => type !== 'unknown') ?? 'unknown'
}

const COMPARISONS: ReadonlySet<string> = new Set(['=', '!=', '<', '<=', '>', '>='])
/** A written text may be compared with a date: '2026-11-23'. */
function alike(values: readonly Typed[], node: Parsed): void {
  const known = values.filter((one) => one.type !== 'unknown')
  const isDated = known.some((one) => one.type === 'date' || one.type === 'datetime')
  const types = new Set(
    known.filter((one) => !(isDated && one.kind === 'literal')).map((one) => (one.type === 'date' ? 'datetime' : one.type)),
  )
  if (types.size > 1) throw invalid(`mixes ${[...types].join(' and ')}`, node.position)
}

function checkConstants(name: string, values: readonly Typed[]): void {
  const written = (index: number) => {
    const value = values[index]
    return value?.kind === 'literal' ? String(value.value) : ''
  }
  const at = (index: number) => values[index]?.position ?? 0
  if (name === 'unit' && unitFactors(written(1), written(2)) === undefined)
    throw invalid(`cannot turn '${written(1)}' into '${written(2)}'; units are ${UNIT_NAMES.join(', ')}`, at(1))
  if (name === 'dateOf') checkZone(written(1), at(1))
  if (name === 'atTime') {
    if (!/^([01]\d|2[0-3]):[0-5]\d$/.test(written(1))) throw invalid(`needs a time like '08:00', not '${written(1)}'`, at(1))
    checkZone(written(2), at(2))
  }
  if (name === 'round' && !/^([0-9]|1[0-9])$/.test(written(1))) throw invalid('rounds to 0 to 19 decimals', at(1))
  if (name === 'truncate' && !/^[1-9]\d{0,6}$/.test(written(1))) throw invalid('needs a number of characters from 1', at(1))
  if (['split', 'before', 'after'].includes(name) && written(1) === '') throw invalid(`needs a separator in ${name}`, at(1))
  if (name === 'substitute' && written(1) === '') throw invalid('needs a text to replace', at(1))
}

function checkZone(zone: string, position: number): void {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
  } catch {
    throw invalid(`names the time zone '${zone}', which does not exist; write one like 'Europe/Paris'`, position)
  }
}

function lookupCall(node: Typed, values: readonly Typed[], hasInner: boolean): LookupCall {
  const [table, column] = [values[0], values.at(-1)]
  if (table?.kind !== 'literal' || column?.kind !== 'literal' || typeof column.value !== 'string')
    throw invalid('needs the written names of a table and a column in lookup', node.position)
  if (hasInner) throw invalid('has a lookup within a lookup', node.position)
  return { table: String(table.value), keys: values.slice(1, -1), column: column.value, node }
}
