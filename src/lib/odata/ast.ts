/** A parsed OData `$filter`, as plain data. Who compiles it decides which names, operators and functions exist. */
export type FilterExpression =
  | { kind: 'and' | 'or'; left: FilterExpression; right: FilterExpression }
  | { kind: 'not'; operand: FilterExpression }
  | { kind: 'compare'; operator: CompareOperator; left: Operand; right: Operand; position: number }
  /** `field in (a, b)` */
  | { kind: 'in'; left: Operand; values: readonly Operand[]; position: number }
  /** `field has Ns.Color'Yellow'` */
  | { kind: 'has'; left: Operand; right: Operand; position: number }
  /** A function that answers true or false, e.g. contains(name,'x'). */
  | { kind: 'call'; name: string; arguments: readonly Operand[]; position: number }
  /**
   * One of Dataverse's condition operators by its FetchXML name ('last-x-days', 'eq-userid', 'under', 'contain-values', 'like'): FetchXML's
   * conditions, and OData's Microsoft.Dynamics.CRM functions.
   */
  | { kind: 'condition'; operator: string; left: Operand; values: readonly Operand[]; position: number }
  /** `lines/any(line:line/quantity gt 5)`; without a predicate `lines/any()`. */
  | {
      kind: 'lambda'
      operator: 'any' | 'all'
      path: readonly string[]
      variable?: string
      predicate?: FilterExpression
      position: number
    }

export type CompareOperator = 'eq' | 'ne' | 'gt' | 'ge' | 'lt' | 'le'

/** What an operator becomes when its sides change places: `1 lt a` is `a gt 1`. */
export const MIRRORED: Readonly<Record<CompareOperator, CompareOperator>> = {
  eq: 'eq',
  ne: 'ne',
  gt: 'lt',
  ge: 'le',
  lt: 'gt',
  le: 'ge',
}

export type Operand =
  /** `name` or a path over lookups: ['customerid', 'name'] */
  | { kind: 'path'; names: readonly string[]; position: number }
  | { kind: 'literal'; literal: Literal; position: number }
  | { kind: 'arithmetic'; operator: ArithmeticOperator; left: Operand; right: Operand; position: number }
  | { kind: 'function'; name: string; arguments: readonly Operand[]; position: number }
  /** A condition used as a value: `(a eq 1) eq false`. Rare; a compiler may refuse it. */
  | { kind: 'condition'; condition: FilterExpression; position: number }

export type ArithmeticOperator = 'add' | 'sub' | 'mul' | 'div' | 'divby' | 'mod'

export type Literal =
  | { type: 'null' }
  | { type: 'boolean'; value: boolean }
  | { type: 'string'; value: string }
  /** Integer or decimal, in the form it was written. */
  | { type: 'number'; text: string }
  /** In lower case. */
  | { type: 'guid'; value: string }
  /** '2026-11-23' */
  | { type: 'date'; value: string }
  /** '2026-11-23T12:00:00Z' */
  | { type: 'dateTime'; value: string }
  /** '12:30:00' */
  | { type: 'time'; value: string }
  /** 'P1DT12H' */
  | { type: 'duration'; value: string }
  /** Microsoft.Dynamics.DataEntities.NoYes'Yes' */
  | { type: 'enum'; enumType: string; member: string }

export type OrderBy = { path: readonly string[]; descending: boolean; position: number }

/** One item of `$select`; `*` is ['*']. */
export type SelectItem = { path: readonly string[]; position: number }

export type ExpandItem = { path: readonly string[]; options: QueryOptions; position: number }

/** The system query options that were given, parsed. */
export type QueryOptions = {
  filter?: FilterExpression
  orderBy?: readonly OrderBy[]
  select?: readonly SelectItem[]
  expand?: readonly ExpandItem[]
  top?: number
  skip?: number
  count?: boolean
  apply?: readonly ApplyStep[]
  /** As it came: who made it knows what it says. */
  skipToken?: string
}

/** One transformation of `$apply`, in the order they are applied. */
export type ApplyStep =
  | { kind: 'filter'; filter: FilterExpression; position: number }
  /** `groupby((a,b/c),aggregate(…))`; `aggregate(…)` alone groups by nothing. */
  | { kind: 'group'; by: readonly SelectItem[]; values: readonly Aggregate[]; position: number }
  | { kind: 'orderby'; orderBy: readonly OrderBy[]; position: number }
  | { kind: 'top'; rows: number; position: number }

/** `totalamount with sum as total`, `$count as orders`. */
export type Aggregate =
  | { method: 'sum' | 'average' | 'min' | 'max' | 'countdistinct'; path: readonly string[]; as: string; position: number }
  | { method: 'count'; as: string; position: number }

/** `Set('x')` is one value without a name; `Set(a='x',b=1)` names each part. */
export type KeyPredicate =
  | { kind: 'value'; literal: Literal }
  | { kind: 'named'; parts: readonly { name: string; literal: Literal }[] }
