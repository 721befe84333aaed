import { required } from '#lib/assert.ts'
import type { CompareOperator, FilterExpression, Literal, Operand } from '#lib/odata/ast.ts'

/** Filters written by our own code, as the data that the query compiler takes: where('productid').in(ids). */
export function where(path: string) {
  const left: Operand = { kind: 'path', names: path.split('.'), position: 0 }
  const compare =
    (operator: CompareOperator) =>
    (value: FilterValue): FilterExpression => ({ kind: 'compare', operator, left, right: operand(value), position: 0 })
  const call =
    (name: string) =>
    (text: string): FilterExpression => ({ kind: 'call', name, arguments: [left, operand(text)], position: 0 })
  return {
    is: compare('eq'),
    isNot: compare('ne'),
    from: compare('ge'),
    until: compare('le'),
    in: (values: readonly FilterValue[]): FilterExpression => ({ kind: 'in', left, values: values.map(operand), position: 0 }),
    contains: call('contains'),
    startsWith: call('startswith'),
    endsWith: call('endswith'),
  }
}

export function every(first: FilterExpression, ...others: readonly FilterExpression[]): FilterExpression {
  return others.reduce((left, right) => ({ kind: 'and', left, right }), first)
}

export function either(first: FilterExpression, ...others: readonly FilterExpression[]): FilterExpression {
  return others.reduce((left, right) => ({ kind: 'or', left, right }), first)
}

/** All of them, or undefined for none: no filter. */
export function everyOf(filters: readonly FilterExpression[]): FilterExpression | undefined {
  return filters.length === 0 ? undefined : every(required(filters[0], 'a filter'), ...filters.slice(1))
}

export type FilterValue = string | number | null

/** A text fits columns of text, ids and dates alike; numbers are choices and counts. */
function operand(value: FilterValue): Operand {
  return { kind: 'literal', literal: literal(value), position: 0 }
}

function literal(value: FilterValue): Literal {
  if (value === null) return { type: 'null' }
  return typeof value === 'number' ? { type: 'number', text: String(value) } : { type: 'string', value }
}
