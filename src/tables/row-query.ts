import type { FilterExpression } from '#lib/odata/ast.ts'
import type { TableDefinition } from './definition.ts'
import type { RowPredicate } from './predicate.ts'

/**
 * One question to one table, as data. Lists, forms, Liquid, OData, FetchXML and saved views all build one of these; the compiler turns it
 * into one parameterised statement with the visitor's predicates inside, of this table and of every other that it reaches.
 */
export type RowQuery = {
  table: TableDefinition
  /**
   * Columns to read: 'ordernumber', or a path over lookups: 'customerid.name', or of a link: 'alias.name'. Each answers under its own text
   * as key. Not with `group`.
   */
  columns: readonly string[]
  predicate: RowPredicate
  /** Predicates of every other table the query reaches: a row that the visitor may not see is not there. Without it, all rows. */
  reach?: (table: TableDefinition) => RowPredicate
  filter?: FilterExpression
  /** Free text, looked for in the table's search columns. */
  search?: string
  /** Columns and paths as in `columns`; with `group`, names that it answers under. */
  orderBy?: readonly RowOrder[]
  /** Values of the order columns and the id of the last row before this page (see `cursorOf`). */
  after?: Cursor
  rowsMax: number
  /** Related rows inside each row (answered by `listRowTrees`). */
  expand?: readonly Expand[]
  /** Other tables joined to this one, FetchXML's link-entity. Their columns are paths that begin with the alias. */
  links?: readonly Link[]
  distinct?: boolean
  /** Groups and sums in place of rows: columns, after and expand are empty then. */
  group?: Grouping
  /** What relative conditions ('today', 'equal user') are measured by. Needed where a filter has one. */
  asOf?: AsOf
}

export type RowOrder = { column: string; descending: boolean }
export type Cursor = readonly (string | number | boolean | null)[]
/** Decimals, dates and ids are text, choices numbers, several choices their numbers between commas ('1,3'). */
export type QueryRow = Readonly<Record<string, string | number | boolean | null>>
/** A row with related rows inside: one (or null) under a lookup, a list under a collection. */
export type RowTree = { readonly [key: string]: string | number | boolean | null | RowTree | readonly RowTree[] }

/**
 * Related rows, under the key `as`: the one row that a lookup of this table points to, or the rows of another table whose lookup points
 * here (at most `rowsMax` of each row's).
 */
export type Expand = {
  as: string
  via:
    | { kind: 'lookup'; column: string; target: TableDefinition }
    | { kind: 'collection'; table: TableDefinition; lookup: string }
  columns: readonly string[]
  filter?: FilterExpression
  orderBy?: readonly RowOrder[]
  rowsMax: number
  expand?: readonly Expand[]
  /** With a collection: how many there are, under `<as>@count`. */
  count?: boolean
}

/** `linkType` as FetchXML names it; `inner` and `outer` join, the others ask whether there are rows and answer none of their columns. */
export type Link = {
  alias: string
  table: TableDefinition
  /** Column of the linked table. */
  from: string
  /** Column of the table (or link) around it. */
  to: string
  linkType: 'inner' | 'outer' | 'exists' | 'in' | 'matchfirstrowusingcrossapply' | 'any' | 'not any' | 'all' | 'not all'
  /** Paths without an alias are of the linked table. */
  filter?: FilterExpression
  links: readonly Link[]
}

export type Grouping = {
  /** Groups are told apart by these; none makes one group of everything. */
  by: readonly { column: string; as: string; part?: DatePart }[]
  values: readonly GroupValue[]
  /** Groups to keep: paths are names of `by` and `values`. */
  having?: FilterExpression
}
export type DatePart = 'day' | 'week' | 'month' | 'quarter' | 'year' | 'fiscal-period' | 'fiscal-year'
export type GroupValue =
  | { as: string; method: 'sum' | 'average' | 'min' | 'max' | 'countdistinct' | 'countcolumn'; column: string }
  | { as: string; method: 'count' }

export type AsOf = {
  nowMs: number
  /** IANA name: days begin and end there. */
  timeZone: string
  contactId: string | null
  accountId: string | null
  /** Code of the asker's language, for 'equal user language'. */
  language?: string
}
