import { AppError } from '#lib/app-error.ts'
import type { Tx } from '#postgres/database.ts'
import type { RowId } from '#tables/rows.queries.ts'
import { listIdentitiesWithRole, replaceRoles } from './identity/identity.queries.ts'
import type { Policy } from './policy.ts'
import { ADMINISTRATOR } from './visitor.ts'

/**
 * The contact has exactly these assigned roles from its next request on. Throws AppError `access.invalid` for roles the site does not
 * have, `access.conflict` where nobody would be left to administer.
 */
export async function setRoles(
  tx: Tx,
  policy: Policy,
  grant: { contactId: RowId; roles: readonly string[]; grantedBy: RowId | null; now: Date },
): Promise<void> {
  checkRoles(policy, grant.roles)
  if (!grant.roles.includes(ADMINISTRATOR)) await keepAnAdministrator(tx, grant.contactId)
  await replaceRoles(tx, grant)
}

/** Throws AppError `access.invalid` unless all can be assigned: built-in roles cannot. */
export function checkRoles(policy: Policy, roles: readonly string[]): void {
  for (const name of roles) {
    const role = policy.roles.find((one) => one.name === name)
    if (role === undefined) throw new AppError('access.invalid', `There is no web role ${name}`)
    if (role.builtIn)
      throw new AppError('access.invalid', `Everybody has the role ${name} or not by itself; it cannot be assigned`)
  }
}

/** Throws AppError `access.conflict` when this is the only administrator who can sign in. Holds the others until the transaction ends. */
export async function keepAnAdministrator(tx: Tx, contactId: RowId): Promise<void> {
  const administrators = await listIdentitiesWithRole(tx, ADMINISTRATOR)
  if (administrators.length === 1 && administrators[0] === contactId)
    throw new AppError('access.conflict', 'This is the last administrator who can sign in; make somebody else one first')
}
