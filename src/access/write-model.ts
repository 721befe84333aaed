import type { Tx } from '#postgres/database.ts'
import type { Catalog } from '#tables/catalog.ts'
import type { RowId } from '#tables/rows.queries.ts'
import type { ValueProblem } from '#tables/validate.ts'
import type { Permissions } from './permissions.ts'
import type { Visitor } from './visitor.ts'

/** What writing.ts is asked and what it answers, as plain data: forms, both APIs, imports and Studio speak it. */
export type WritingPlace = { tx: Tx; catalog: Catalog; permissions: Permissions; visitor: Visitor }

/**
 * What is to be written, by name, as it came from outside:
 * - a column by its logical name: text, number, boolean or null (several choices: '1,3' or [1, 3]); a lookup by its id, or as a `Bind`;
 *   a customer lookup as a `Bind`, by its id beside `<column>type`, or under its navigation name ('customerid_account');
 * - a row behind a lookup, made with this one: an object under the lookup's navigation name ('parentcustomerid', 'customerid_account');
 * - rows that point here, made with this one: a list under their collection name ('order_details'), each an object or a `Bind`.
 * What is undefined is passed over.
 */
export type RowInput = Readonly<Record<string, unknown>>

/** An existing row in place of a value: `{ bind: { table: 'account', id } }`. */
export type Bind = { bind: { table: string } & Reference }

/** A row by its id, by the columns of an alternate key, or as what an earlier operation of the change set with this name (`as`) wrote. */
export type Reference = { id: RowId } | { key: Readonly<Record<string, unknown>> } | { result: string }

/** As the HTTP headers: a version, or any (`If-Match: *`: it must be there); none (`If-None-Match: *`: it must not be there yet). */
export type Precondition = { ifMatch?: number | '*'; ifNoneMatch?: '*' }

export type Operation = { table: string; as?: string } & (
  | { kind: 'create'; values: RowInput }
  | { kind: 'update'; target: Reference; values: RowInput; precondition?: Precondition }
  /** Changes the row, or makes it with this id or key. `ifMatch` makes it an update, `ifNoneMatch` a create. */
  | { kind: 'upsert'; target: Reference; values: RowInput; precondition?: Precondition }
  | { kind: 'delete'; target: Reference; precondition?: Precondition }
  /** `navigation`: a lookup's navigation name or a collection's name. What stood in a lookup before is replaced. */
  | { kind: 'associate'; target: Reference; navigation: string; to: Reference }
  /** `from` is needed with a collection. */
  | { kind: 'disassociate'; target: Reference; navigation: string; from?: Reference }
)

export type WriteOutcome =
  | { kind: 'created'; table: string; id: RowId; version: number }
  | { kind: 'updated'; table: string; id: RowId; version: number }
  | { kind: 'deleted'; table: string; id: RowId }
  /** There is no such row, or none that this visitor may see: 404. */
  | { kind: 'not_found'; table: string; message: string }
  /** `columns` when it is about them: 403. */
  | { kind: 'forbidden'; table: string; privilege: WritePrivilege; columns: readonly string[]; message: string }
  /** Everything that is wrong with the values, at once: 400. */
  | { kind: 'invalid'; table: string; problems: readonly WriteProblem[] }
  /** The row has moved on from `ifMatch`: 412. */
  | { kind: 'stale'; table: string; version: number }
  /** The row is there already, and `ifNoneMatch` says that it must not be: 412. */
  | { kind: 'exists'; table: string; id: RowId }
  /** It refers to an operation of the change set that was refused, or that is not before it: 424. */
  | { kind: 'depends'; table: string; message: string }

export type WritePrivilege = 'create' | 'write' | 'delete' | 'append' | 'appendTo'

/** `at` says in which row of a deep insert: '' for the row itself, 'order_details/1' for the second line. */
export type WriteProblem = ValueProblem & { at: string }

/** All or nothing: `refused` has left nothing behind, and `outcomes` says of every operation how it would have gone. */
export type ChangeSetOutcome = { kind: 'done' | 'refused'; outcomes: readonly WriteOutcome[] }
