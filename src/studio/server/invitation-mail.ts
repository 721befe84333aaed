import { IntlMessageFormat } from 'intl-messageformat'
import { html } from '#lib/html.ts'
import en from './messages/en.json' with { type: 'json' }
import fr from './messages/fr.json' with { type: 'json' }

const MESSAGES: Readonly<Record<string, typeof en>> = { en, fr }

/** The mail with an invitation's link, in the language of the invited (English where we have no texts). */
export function writeInvitationMail(invitation: {
  name: string
  inviter: string
  link: string
  expiresAt: Date
  language: string
}): { subject: string; text: string; html: string } {
  const language = invitation.language.slice(0, 2).toLowerCase()
  const messages = MESSAGES[language] ?? en
  const locale = MESSAGES[language] === undefined ? 'en' : language
  const until = new Intl.DateTimeFormat(locale, { dateStyle: 'long' }).format(invitation.expiresAt)
  const values = { name: invitation.name, inviter: invitation.inviter, until }
  const say = (key: keyof typeof en) => String(new IntlMessageFormat(messages[key], locale).format(values))
  const [greeting, what, how, foot] = [
    say('invitation.greeting'),
    say('invitation.what'),
    say('invitation.how'),
    say('invitation.foot'),
  ]
  return {
    subject: say('invitation.subject'),
    text: `${greeting}\n\n${what}\n\n${how}\n\n${invitation.link}\n\n${foot}\n`,
    html: html`<p>${greeting}</p><p>${what}</p><p>${how}</p><p><a href="${invitation.link}">${invitation.link}</a></p><p>${foot}</p>`
      .text,
  }
}
