/**
 * The small typed language in which a column's value is worked out from others: `concat(FirstName, ' ', LastName)`. Every value has one
 * form: decimals, dates ('2026-11-23') and moments (ISO 8601 in UTC) are text, so that nothing passes through a binary float; nothing is null.
 */
export type Value = string | boolean | null

/** `unknown`: known only when there is a value, as of an ERP that has not described itself. It fits everywhere and is checked then. */
export type Type = 'text' | 'number' | 'boolean' | 'date' | 'datetime' | 'unknown'

/** As it was written. Operators are calls: `a + b` is a call of `+`. Positions count characters from 0. */
export type Parsed =
  | { kind: 'literal'; type: Type; value: Value; position: number }
  | { kind: 'name'; name: string; position: number }
  | { kind: 'call'; name: string; arguments: readonly Parsed[]; position: number }

/** The same with the type of each part. */
export type Typed =
  | { kind: 'literal'; type: Type; value: Value; position: number }
  | { kind: 'name'; name: string; type: Type; position: number }
  | { kind: 'call'; name: string; arguments: readonly Typed[]; type: Type; position: number }

/** An expression that has been checked: ready to be evaluated as often as one likes. */
export type Expression = {
  readonly text: string
  readonly root: Typed
  readonly type: Type
  /** What it reads, each once, in the order of the text. */
  readonly names: readonly string[]
  /** Its calls of `lookup`, which somebody must answer before it is evaluated. */
  readonly lookups: readonly LookupCall[]
}

/** `lookup('table', key…, 'column')`. The keys hold no lookup themselves. */
export type LookupCall = { table: string; keys: readonly Typed[]; column: string; node: Typed }
