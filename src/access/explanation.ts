import type { RowId } from '#tables/rows.queries.ts'
import type { Privilege } from './policy.ts'

/** A sentence in the languages that Comptoir speaks. */
export type Said = { en: string; fr: string }

/** Why a visitor may or may not do something with one row, as plain data with the sentences to show. */
export type RowExplanation = {
  table: string
  rowId: RowId
  privilege: Privilege
  column: string | null
  allowed: boolean
  verdict: Verdict
  because: Said
  /** Every permission of the table and privilege, those that decide first. */
  rules: readonly RuleOnRow[]
  /** What may be touched of the row, and by which permission it is granted or denied. */
  columns: readonly { column: string; allowed: boolean; by: string | null }[]
}

export type Verdict =
  | { kind: 'no_such_row' }
  /** The visitor's token is not for this table or privilege. */
  | { kind: 'outside_token' }
  | { kind: 'granted' | 'denied'; permission: string; file: string; roles: readonly string[] }
  /** Nothing grants it. `nearest` names the permission that lacks least. */
  | { kind: 'not_granted'; nearest: string | null }

export type RuleOnRow = {
  permission: string
  file: string
  effect: 'allow' | 'deny'
  accessType: string
  /** Of the access type contact: it goes by the account in use, too. */
  byAccount: boolean
  columns: readonly string[] | null
  /** Roles of the visitor through which it is for him. */
  roles: readonly string[]
  /** Roles that it is for at all. */
  forRoles: readonly string[]
  /** Why it does not apply to the visitor, whatever the row. */
  fails: 'role' | 'inactive' | 'not_yet' | 'ended' | 'no_parent' | 'no_bearing' | null
  /** Whether the row lies in the scope (of a parent permission: whether it belongs to a row at all), and whether the condition holds. */
  scope: boolean
  where: { text: string; holds: boolean } | null
  /** Of a parent permission: the permission above, on the row above, and the denials of reading that row that hold for it. */
  parent: { rule: Omit<RuleOnRow, 'says'>; deniedBy: readonly string[] } | null
  /** It applies to the visitor and covers the row. */
  decides: boolean
  says: Said
}
