import type { RowId } from '#tables/rows.queries.ts'
import type { AnonymousGain } from './anonymous.ts'
import type { Said } from './explanation.ts'
import type { Privilege } from './policy.ts'

/** What a change of rules, or of one person's roles, gives and takes, counted on the rows and people that are there now. */
export type AccessDiff = {
  lines: readonly DiffLine[]
  /** By the rules alone, whatever rows there are: what has to be confirmed by name. */
  anonymous: readonly AnonymousGain[]
}

export type DiffLine = {
  /** All who can sign in and all programs together; those of one role that the change is about; anybody without signing in. */
  who: { kind: 'everybody' } | { kind: 'role'; role: string } | { kind: 'anonymous' }
  table: string
  privilege: Privilege
  /** Null: rows that were not there, or will not be. Otherwise columns, of rows that are there before and after. */
  columns: readonly string[] | null
  gained: Figure | null
  lost: Figure | null
  /** False where the count was given up: it took too long. */
  counted: boolean
  says: Said
}

/** `rows` is null for creating. `atLeast`: there are more than were counted. */
export type Figure = { people: number; rows: number | null; atLeast: boolean }

/** One person's roles for one of its accounts, as they would be. */
export type RoleChange = { contactId: RowId; accountId: RowId | null; roles: readonly string[] }
