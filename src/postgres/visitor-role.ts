import { AppError } from '#lib/app-error.ts'
import { assert } from '#lib/assert.ts'
import { VISITOR_ROLE } from './bearer.ts'
import { sqlStateOf, type Tx } from './database.ts'
import { trustedSql } from './sql.ts'

/**
 * Makes sure that the role exists and that we may act as it. Several installations may do so at once.
 * Throws AppError `postgres.visitor_role` with what an administrator of the server must run where we are not allowed to.
 */
export async function ensureVisitorRole(tx: Tx): Promise<void> {
  const [before] = await tx<{ user: string; exists: boolean; may: boolean; unsafe: boolean }>`
    select current_user as user, r.oid is not null as exists, coalesce(r.rolsuper or r.rolbypassrls, false) as unsafe,
           me.rolsuper or coalesce(pg_has_role(r.oid, case when current_setting('server_version_num')::int >= 160000 then 'set' else 'member' end), false) as may
      from pg_roles me left join pg_roles r on r.rolname = ${VISITOR_ROLE}
     where me.rolname = current_user`
  assert(before !== undefined, 'PostgreSQL says who we are')
  if (before.unsafe)
    throw new AppError(
      'postgres.visitor_role',
      `The role ${VISITOR_ROLE} may pass row-level security, so the permissions of visitors would not hold. Run once, as an administrator of the server:\n  alter role ${VISITOR_ROLE} nosuperuser nobypassrls;`,
    )
  if (before.exists && before.may) return
  const commands = [`create role ${VISITOR_ROLE} nologin`, `grant ${VISITOR_ROLE} to "${before.user.replaceAll('"', '""')}"`]
  try {
    // Whoever comes second at the same moment finds it made.
    const create = `do $$ begin ${commands[0]}; exception when duplicate_object or unique_violation then null; end $$`
    if (!before.exists) await tx.run(trustedSql(create))
    if (!before.may) await tx.run(trustedSql(`do $$ begin ${commands[1]}; exception when unique_violation then null; end $$`))
  } catch (cause) {
    if (sqlStateOf(cause) !== '42501') throw cause
    throw new AppError(
      'postgres.visitor_role',
      `Comptoir reads and writes for visitors as the PostgreSQL role ${VISITOR_ROLE} and may not make it itself. Run once, as an administrator of the server:\n  ${commands.join(';\n  ')};`,
      { cause },
    )
  }
}
