import type { Mail } from '#mail/mail.ts'
import type { Tx } from '#postgres/database.ts'
import { readRowsById } from '#tables/rows.queries.ts'
import { findIdentityByEmail, updatePassword } from './identity/identity.queries.ts'
import { countPasswordResets, findPasswordReset, insertPasswordReset, spendPasswordResets } from './identity/resets.queries.ts'
import { newSecret, sha256Of } from './identity/secrets.ts'
import { deleteSessionsOf } from './identity/sessions.queries.ts'
import { passwordLetter } from './letters.ts'
import { findPasswordProblem, hashPassword, type PasswordProblem } from './passwords.ts'
import type { AccessPlace } from './sign-in.ts'

const LINK_MS = 3_600_000
const LINKS_PER_HOUR_MAX = 3

/** Mails a link to choose a new password, where somebody signs in with this address. The caller says the same in either case. */
export async function requestPasswordReset(
  place: AccessPlace & { mail: Mail; publicUrl: string; siteName: string },
  request: { email: string; language: string },
): Promise<void> {
  const now = new Date(place.clock.nowMs())
  await place.database.transaction(async (tx) => {
    const identity = await findIdentityByEmail(tx, request.email.trim())
    if (identity === undefined || identity.suspendedAt !== null) return
    const { contactId, email } = identity
    if ((await countPasswordResets(tx, contactId, new Date(now.getTime() - LINK_MS))) >= LINKS_PER_HOUR_MAX) return
    const { secret, sha256 } = newSecret()
    await insertPasswordReset(tx, { tokenSha256: sha256, contactId, expiresAt: new Date(now.getTime() + LINK_MS), now })
    const contact = (await readRowsById(tx, place.catalog.get('contact'), [contactId])).get(contactId)
    const letter = passwordLetter(String(contact?.adx_preferredlanguage ?? request.language), {
      siteName: place.siteName,
      fullName: String(contact?.fullname ?? identity.fullName ?? email),
      url: `${place.publicUrl}/password/${secret}`,
    })
    await place.mail.post(tx, { to: email, ...letter })
  })
}

/** Whose password a link may change; undefined for a link that is spent, too old or none of ours. */
export async function readPasswordReset(tx: Tx, token: string, now: Date): Promise<{ email: string } | undefined> {
  const found = await findPasswordReset(tx, sha256Of(token), now)
  return found === undefined ? undefined : { email: found.email }
}

export type ResetOutcome =
  | { kind: 'changed'; contactId: string }
  | { kind: 'refused' }
  | { kind: 'password'; problem: PasswordProblem }

/** Sets the new password and signs the person out everywhere. */
export async function resetPassword(place: AccessPlace, reset: { token: string; newPassword: string }): Promise<ResetOutcome> {
  const now = new Date(place.clock.nowMs())
  const tokenSha256 = sha256Of(reset.token)
  const before = await place.database.read((tx) => findPasswordReset(tx, tokenSha256, now))
  if (before === undefined) return { kind: 'refused' }
  const problem = findPasswordProblem(reset.newPassword, before.email)
  if (problem !== undefined) return { kind: 'password', problem }
  const passwordHash = await hashPassword(reset.newPassword)
  return place.database.transaction(async (tx): Promise<ResetOutcome> => {
    const found = await findPasswordReset(tx, tokenSha256, now)
    if (found === undefined) return { kind: 'refused' }
    if (!(await spendPasswordResets(tx, { tokenSha256, contactId: found.contactId, now }))) return { kind: 'refused' }
    await updatePassword(tx, found.contactId, passwordHash, now)
    await deleteSessionsOf(tx, found.contactId, null)
    return { kind: 'changed', contactId: found.contactId }
  })
}
