/** A parsed OData `$filter`, as plain data. Who compiles it decides which names, operators and functions exist. */
export type FilterExpression =
  | { kind: 'and' | 'or'; left: FilterExpression; right: FilterExpression }
  | { kind: 'not'; operand: FilterExpression }
  | { kind: 'compare'; operator: CompareOperator; left: Operand; right: Operand; position: number }
  /** `field in (a, b)` */
  | { kind: 'in'; left: Operand; values: readonly Operand[]; position: number }
  /** A function that answers true or false, e.g. contains(name,'x'). */
  | { kind: 'call'; name: string; arguments: readonly Operand[]; position: number }

export type CompareOperator = 'eq' | 'ne' | 'gt' | 'ge' | 'lt' | 'le'

export type Operand =
  /** `name` or a path over lookups: ['customerid', 'name'] */
  | { kind: 'path'; names: readonly string[]; position: number }
  | { kind: 'literal'; literal: Literal; position: number }
  | { kind: 'arithmetic'; operator: 'add' | 'sub' | 'mul' | 'div' | 'mod'; left: Operand; right: Operand; position: number }
  | { kind: 'function'; name: string; arguments: readonly Operand[]; position: number }

export type Literal =
  | { type: 'null' }
  | { type: 'boolean'; value: boolean }
  | { type: 'string'; value: string }
  /** Integer or decimal, in the form it was written. */
  | { type: 'number'; text: string }
  | { type: 'guid'; value: string }
  /** '2026-11-23' */
  | { type: 'date'; value: string }
  /** '2026-11-23T12:00:00Z' */
  | { type: 'dateTime'; value: string }
  /** Microsoft.Dynamics.DataEntities.NoYes'Yes' */
  | { type: 'enum'; enumType: string; member: string }

export type OrderBy = { path: readonly string[]; descending: boolean; position: number }
