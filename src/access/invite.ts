import type { Mail } from '#mail/mail.ts'
import type { Tx } from '#postgres/database.ts'
import type { Catalog } from '#tables/catalog.ts'
import { createInvitation, type InvitationRequest, type Invited } from './invitations.ts'
import { invitationLetter } from './letters.ts'
import type { Policy } from './policy.ts'

export type InvitationSent = {
  invitationId: string
  expiresAt: Date
  /** Without the codes: those are in the mails. */
  invited: readonly (Omit<Invited, 'code'> & { messageId: string })[]
}

/** Creates an invitation and a mail to everyone invited, all in one transaction. Throws what `createInvitation` throws. */
export async function inviteByMail(
  tx: Tx,
  place: { catalog: Catalog; policy: Policy; mail: Mail; publicUrl: string; siteName: string },
  request: InvitationRequest,
): Promise<InvitationSent> {
  const { invitationId, invited, expiresAt } = await createInvitation(tx, place.catalog, place.policy, request)
  const sent: InvitationSent['invited'][number][] = []
  for (const { code, ...person } of invited) {
    const url = `${place.publicUrl}/invitation/${code}`
    const letter = invitationLetter(person.language, { siteName: place.siteName, fullName: person.fullName, url, expiresAt })
    sent.push({ ...person, messageId: await place.mail.post(tx, { to: person.email, ...letter }) })
  }
  return { invitationId, expiresAt, invited: sent }
}
