import { assert } from '#lib/assert.ts'
import { quoteLiteral } from './sql.ts'

/**
 * The PostgreSQL role as which a transaction runs that acts for a visitor: it owns nothing, cannot sign in, and sees of a table only the
 * rows that a row-level security policy lets through. Roles belong to the server, so installations on one server share it.
 */
export const VISITOR_ROLE = 'comptoir_visitor'

/** On whose behalf a transaction runs, for the policies to read: `current_setting('comptoir.<name>')`. */
export type Bearer = Readonly<Record<(typeof BEARER_SETTINGS)[number], string>>

const BEARER_SETTINGS = ['contact_id', 'account_id', 'company_id', 'roles', 'privileges', 'tables'] as const

/** Follows `begin` in the same message: one round trip for all. Every setting is given, so that none is left over from anybody. */
export function bearerStatements(bearer: Bearer): string {
  const settings = BEARER_SETTINGS.map((name) => `set local comptoir.${name} = ${quoteLiteral(bearer[name])}`)
  return [`set local role ${VISITOR_ROLE}`, ...settings].join('; ')
}

const QUERY = /^[\s(]*(?:select|insert|update|delete|with|explain|savepoint|release savepoint|rollback to savepoint)\b/i
const CHANGES_SETTINGS = /\bset_config\b(?!\('statement_timeout')|u&"/i

/** Behind the wall there are queries, writes and steps, and nothing that could take the wall down: no `reset role`, no settings of ours. */
export function assertQuery(text: string): void {
  assert(QUERY.test(text) && !CHANGES_SETTINGS.test(text), `behind the wall only rows are read and written: ${text.slice(0, 80)}`)
}
