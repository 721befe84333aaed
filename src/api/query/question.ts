import type { Permissions } from '#access/permissions.ts'
import type { Visitor } from '#access/visitor.ts'
import type { QueryOptions } from '#lib/odata/ast.ts'
import type { Catalog } from '#tables/catalog.ts'
import type { ColumnDefinition, TableDefinition } from '#tables/definition.ts'
import type { AsOf, RowQuery } from '#tables/row-query.ts'

/** An OData request for rows, parsed, with who asks and what the surface lets be asked. */
export type Question = {
  catalog: Catalog
  permissions: Permissions
  visitor: Visitor
  table: TableDefinition
  options: QueryOptions
  dialect: Dialect
  asOf: AsOf
  /** Rows of a page, as `Prefer: odata.maxpagesize` asks; 1 where the request is for one row. */
  pageRows?: number
  /** Whether the rows behind shown lookups are to be named (`ShapeColumn.names`), for annotations. */
  named: boolean
}

/** What one API offers: `/_api/` less than `/api/data/`. */
export type Dialect = {
  /** Columns of a table that it offers at all; undefined where the table is closed. */
  offered(table: TableDefinition): ReadonlySet<string> | undefined
  pageRowsDefault: number
  pageRowsMax: number
  /** How deep collections may be expanded inside each other. */
  collectionDepthMax: number
}

/** The query to run, and what to make of its rows. */
export type Answerable = {
  query: RowQuery
  shape: Shape
  /** Rows to show at most; the query may ask for one more, which tells that there is a next page. */
  pageRows: number
  /** Whether a next link may follow. Not after `$top`: then the caller has said how many. */
  pages: boolean
  /** `$count=true`: how many rows there are in all. */
  count: boolean
}

/** What a row is shown as: its columns in order and the rows inside it; or, of groups, their members. */
export type Shape =
  | { kind: 'rows'; table: TableDefinition; columns: readonly ShapeColumn[]; expands: readonly ShapeExpand[] }
  | GroupShape
export type GroupShape = { kind: 'groups'; table: TableDefinition; members: readonly GroupMember[] }

export type ShapeColumn = {
  /** In the row. */
  key: string
  /** In JSON: 'ordernumber', '_customerid_value'. */
  name: string
  column: ColumnDefinition
  /** Of a lookup: where in the row the name of the row behind it is, for each table it may be of. Empty without `named`. */
  names: readonly { target: TableDefinition; key: string }[]
  /** Of a lookup to several tables, with `named`: where the name of its table is. */
  targetKey?: string
}

export type ShapeExpand = {
  /** In the row: one row or null, or a list. */
  key: string
  /** The navigation property. */
  name: string
  single: boolean
  /** Of a list: how many to show at most; the row may hold one more, which tells that there are more. */
  rowsMax: number
  /** Of a list without $top: whether a next link may follow. */
  pages: boolean
  /** Of a list, with $count: where the number is. */
  countKey?: string
  /** The child's lookup that points back here, of a list: a next link filters by it. */
  lookup: string
  shape: Shape & { kind: 'rows' }
}

export type GroupMember = {
  /** In the row. */
  key: string
  /** In JSON: ['total'], or nested: ['customerid_account', 'name']. */
  path: readonly string[]
  /** Of what it is grouped by, and of minimum and maximum: what kind of value it is. Sums, averages are decimal text, counts numbers. */
  column?: ColumnDefinition
  method?: 'sum' | 'average' | 'min' | 'max' | 'countdistinct' | 'count'
}
