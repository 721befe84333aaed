import type { RemoteFields } from '#connector/contract.ts'
import type { Expression } from '#lib/expression/ast.ts'
import type { FilterExpression } from '#lib/odata/ast.ts'
import type { ColumnDefinition, TableDefinition } from '#tables/definition.ts'
import type { RowValues } from '#tables/rows.queries.ts'
import { fieldsIn } from './mapping/filter.ts'

/** One table ↔ one data entity, checked against the tables it names. */
export type TableMap = {
  readonly name: string
  /** English. */
  readonly title: string
  readonly titles: Readonly<{ en: string; fr?: string | undefined }>
  readonly version: string
  readonly table: TableDefinition
  readonly entity: string
  /**
   * `own`: one row for each record. `existing`: records fill columns of rows that another map makes. `shared`: several records make
   * one row, which is created when it is missing and never changed (unit groups).
   */
  readonly rows: 'own' | 'existing' | 'shared'
  /** Columns that identify the same row on both sides. */
  readonly key: readonly string[]
  /** Fields that make the record's key, in the entity's order. */
  readonly recordKey: readonly string[]
  /** The field that holds the legal entity. */
  readonly companyField: string | undefined
  readonly filter: { erp: FilterExpression | undefined; portal: FilterExpression | undefined; where: RemoteFields }
  readonly winner: 'erp' | 'portal'
  readonly initialWinner: 'erp' | 'portal'
  readonly deletes: {
    toPortal: DeletePolicy
    toErp: DeletePolicy
    /** For `toErp: mark`. */
    markErp: RemoteFields
    /** For `refuse`. */
    reason: string | undefined
  }
  /** What becomes of the other side's row when a row leaves the map's filter. */
  readonly leaves: { toPortal: 'delete' | 'mark' | 'keep'; toErp: 'delete' | 'mark' | 'keep' }
  /** `manual`: begins only when a person runs it. */
  readonly start: 'auto' | 'manual'
  /** Maps that must not run at the same time. */
  readonly excludes: readonly string[]
  readonly confirmFirst: boolean
  /** What a new row takes when a person gives up sending it; empty: nothing of it changes. */
  readonly givenUp: RowValues
  readonly publisher: string
  /** Rows of this map are children that travel with a new parent. */
  readonly group: { parent: string; through: string } | undefined
  /** Fields by which a create that may have arrived is found again. */
  readonly findBy: readonly string[]
  readonly columns: readonly ColumnMap[]
  readonly lookups: readonly LookupMap[]
  /** Columns that a row takes from the row its lookup points to, while they are empty. */
  readonly fillFrom: { through: string; columns: ReadonlyMap<string, string> } | undefined
  /** All fields that are read. */
  readonly fields: readonly string[]
  /** Something of it goes to the ERP. */
  readonly writes: boolean
}

export type DeletePolicy = 'propagate' | 'mark' | 'ignore' | 'refuse'

/** Whose value stays when both sides changed the same column. */
export type MergeRule = 'erp' | 'portal' | 'newest' | { readonly portalWhile: FilterExpression; readonly text: string }

export type ColumnMap = {
  readonly wins: MergeRule
  /** The column has a rule of its own, which the choice of a side for a first copy does not change. */
  readonly hasRule: boolean
  readonly field: string | undefined
  readonly column: ColumnDefinition | undefined
  readonly toPortal: boolean
  readonly toErp: boolean
  readonly values: ValueMap | undefined
  readonly constant: Scalar | undefined
  /** Where the source has no value. */
  readonly default: { readonly toPortal: Scalar | undefined; readonly toErp: Scalar | undefined }
  /** The column's value over the record's fields, in place of `field`. */
  readonly portalExpression: Expression | undefined
  /** Fields over the row's columns, in place of the column's value. */
  readonly erpExpressions: readonly { readonly field: string; readonly expression: Expression }[]
  readonly lowerCase: boolean
  /** Sent to the ERP where the column is empty: the value of this other column. */
  readonly elseColumn: string | undefined
}

export type Scalar = string | number | boolean

/** The ERP's value (in lower case) → ours, and back to the first of the ERP's values that means the same. '' is no value. */
export type ValueMap = {
  readonly toPortal: ReadonlyMap<string, Scalar | null>
  readonly toErp: ReadonlyMap<string, string>
  readonly unmapped: 'pass' | 'default' | 'hold' | 'empty'
}

/** A lookup column that is found by key values of the row it points to. */
export type LookupMap = {
  readonly wins: MergeRule
  readonly hasRule: boolean
  readonly column: ColumnDefinition
  readonly toPortal: boolean
  readonly toErp: boolean
  /** One; for a customer column one or two, tried in order. */
  readonly targets: readonly LookupTarget[]
}

export type LookupTarget = {
  readonly table: TableDefinition
  readonly parts: readonly { field: string; column: ColumnDefinition; toErp: boolean }[]
  /** Lookups of the target that are part of its key and are found in turn by theirs: `category.hierarchy.name`. */
  readonly hops: readonly { column: ColumnDefinition; target: LookupTarget }[]
  /** The target belongs to the row's legal entity, which is then part of its key. */
  readonly inCompany: boolean
}

/** The fields by which the target is found, those of its hops included. */
export function fieldsOfTarget(target: LookupTarget): string[] {
  return [...target.parts.map((part) => part.field), ...target.hops.flatMap((hop) => fieldsOfTarget(hop.target))]
}

/** The target and all that its hops lead to. */
export function targetsWithin(target: LookupTarget): LookupTarget[] {
  return [target, ...target.hops.flatMap((hop) => targetsWithin(hop.target))]
}

/** The columns that a field's value, or its expression's, is made of on the way to the ERP. */
export function erpColumnsOf(one: ColumnMap): string[] {
  if (!one.toErp) return []
  if (one.erpExpressions.length > 0) return [...new Set(one.erpExpressions.flatMap(({ expression }) => expression.names))]
  return one.column === undefined ? [] : [one.column.name]
}

/** The columns whose edits matter to the ERP: those that it is told, and those that decide whether it has the row. */
export function sentColumns(map: TableMap): string[] {
  return [
    ...new Set([
      ...map.columns.flatMap(erpColumnsOf),
      ...map.lookups.flatMap((one) => (one.toErp ? [one.column.name] : [])),
      ...(map.filter.portal === undefined ? [] : fieldsIn(map.filter.portal)).filter((name) => map.table.columns.has(name)),
    ]),
  ]
}
