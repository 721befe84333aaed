import type { Clock } from '#lib/clock.ts'
import type { Database } from '#postgres/database.ts'
import type { Catalog } from '#tables/catalog.ts'
import type { RowId } from '#tables/rows.queries.ts'
import { beginAttempt, settleAttempt } from './identity/identity.queries.ts'
import { newSecret, sha256Of } from './identity/secrets.ts'
import { deleteExpiredSessions, deleteSession, findSession, insertSession, type SessionRow } from './identity/sessions.queries.ts'
import { verifyPassword } from './passwords.ts'

/** Where people are known. */
export type AccessPlace = { database: Database; catalog: Catalog; clock: Clock }

/** Refused says no more than that: not whether the mail is known, the password wrong, the person locked out or suspended. */
export type SignInOutcome = { kind: 'signed_in'; contactId: RowId; token: string } | { kind: 'refused' }

/** Five wrong passwords in a row lock for half a minute, the next for one, two, four … up to fifteen. */
const LOCK = { attemptsMax: 5, lockMs: 30_000, lockMsMax: 15 * 60_000 }

/** Checks a password and opens a session. Does the same work whether or not the mail is known. */
export async function signIn(
  place: AccessPlace,
  attempt: { email: string; password: string; userAgent: string | null },
): Promise<SignInOutcome> {
  const { database, clock } = place
  const email = attempt.email.trim()
  const known = await database.transaction((tx) => beginAttempt(tx, { email, now: new Date(clock.nowMs()), ...LOCK }))
  // Outside the transaction: it takes tens of milliseconds, and a connection should not wait for it.
  const matches = await verifyPassword(known?.passwordHash, attempt.password)
  if (known === undefined || !known.allowed || !matches) return { kind: 'refused' }
  const { secret, sha256 } = newSecret()
  const now = new Date(clock.nowMs())
  await database.transaction(async (tx) => {
    await settleAttempt(tx, known.contactId, now)
    await deleteExpiredSessions(tx, now)
    await insertSession(tx, { tokenSha256: sha256, contactId: known.contactId, userAgent: attempt.userAgent, now })
  })
  return { kind: 'signed_in', contactId: known.contactId, token: secret }
}

/** A session for somebody who has just proved who they are by other means: an invitation, a reset link. */
export async function openSession(
  place: AccessPlace,
  session: { contactId: RowId; userAgent: string | null },
): Promise<{ token: string }> {
  const { secret, sha256 } = newSecret()
  const now = new Date(place.clock.nowMs())
  await place.database.transaction((tx) => insertSession(tx, { tokenSha256: sha256, ...session, now }))
  return { token: secret }
}

export function signOut(place: AccessPlace, token: string): Promise<void> {
  return place.database.transaction((tx) => deleteSession(tx, sha256Of(token)))
}

/** Who a session token stands for at this moment. */
export function readSession(place: AccessPlace, token: string): Promise<SessionRow | undefined> {
  const now = new Date(place.clock.nowMs())
  return place.database.statement((tx) => findSession(tx, place.catalog, sha256Of(token), now))
}
