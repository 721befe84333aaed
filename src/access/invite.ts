import type { Mail } from '#mail/mail.ts'
import type { Tx } from '#postgres/database.ts'
import type { Catalog } from '#tables/catalog.ts'
import { createInvitation, type InvitationRequest, type Invited } from './invitations.ts'
import { invitationLetter } from './letters.ts'
import type { Policy } from './policy.ts'

export type InvitationSent = {
  invitationId: string
  expiresAt: Date
  /** Each with the link that their mail holds. It is worth a password: for whoever invites, and for nobody else. */
  invited: readonly (Omit<Invited, 'code'> & { url: string; messageId: string })[]
}

/**
 * Creates an invitation and a mail to everyone invited, all in one transaction: neither is there without the other. `inviter` is
 * who it comes from, and `language` what is written to those whose own nobody knows. Throws what `createInvitation` throws.
 */
export async function inviteByMail(
  tx: Tx,
  place: { catalog: Catalog; policy: Policy; mail: Mail; publicUrl: string; siteName: string },
  request: InvitationRequest & { inviter: string | null; language: string },
): Promise<InvitationSent> {
  const { inviter, language, ...invitation } = request
  const { invitationId, invited, expiresAt } = await createInvitation(tx, place.catalog, place.policy, invitation)
  const sent: InvitationSent['invited'][number][] = []
  for (const { code, ...person } of invited) {
    const url = `${place.publicUrl}/invitation/${code}`
    const letter = invitationLetter(person.language ?? language, {
      siteName: place.siteName,
      fullName: person.fullName,
      inviter,
      url,
      expiresAt,
    })
    sent.push({ ...person, url, messageId: await place.mail.post(tx, { to: person.email, ...letter }) })
  }
  return { invitationId, expiresAt, invited: sent }
}
