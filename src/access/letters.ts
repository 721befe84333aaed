import { type Html, html } from '#lib/html.ts'
import { chooseLanguage } from './request/languages.ts'

/** A mail's content, in the reader's language. */
export type Letter = { subject: string; text: string; html: string }

type Words = {
  subject: string
  greeting: string
  paragraphs: readonly string[]
  action: string
  /** Under the link. */
  closing: readonly string[]
}

const LANGUAGES = ['en', 'fr'] as const
type LetterLanguage = (typeof LANGUAGES)[number]

export function invitationLetter(
  language: string | null,
  values: { siteName: string; fullName: string; inviter: string | null; url: string; expiresAt: Date },
): Letter {
  const known = letterLanguage(language)
  const day = new Intl.DateTimeFormat(known, { dateStyle: 'long', timeZone: 'UTC' }).format(values.expiresAt)
  return compose(known, INVITATION[known]({ ...values, day }), values.url)
}

export function passwordLetter(language: string | null, values: { siteName: string; fullName: string; url: string }): Letter {
  const known = letterLanguage(language)
  return compose(known, PASSWORD[known](values.siteName, values.fullName), values.url)
}

type InvitationValues = { siteName: string; fullName: string; inviter: string | null; day: string }

const INVITATION: Record<LetterLanguage, (values: InvitationValues) => Words> = {
  en: ({ siteName, fullName, inviter, day }) => ({
    subject: `Your access to ${siteName}`,
    greeting: `Hello ${fullName},`,
    paragraphs: [
      `${inviter === null ? 'You are invited' : `${inviter} invites you`} to ${siteName}, where you can place orders and follow them. Choose a password to begin.`,
    ],
    action: 'Accept the invitation',
    closing: [`The link is yours alone and works once, until ${day}.`, 'If you did not expect this mail, you can ignore it.'],
  }),
  fr: ({ siteName, fullName, inviter, day }) => ({
    subject: `Votre accès à ${siteName}`,
    greeting: `Bonjour ${fullName},`,
    paragraphs: [
      `${inviter === null ? 'Vous êtes invité(e)' : `${inviter} vous invite`} à rejoindre ${siteName}, où vous pouvez passer vos commandes et les suivre. Choisissez un mot de passe pour commencer.`,
    ],
    action: 'Accepter l’invitation',
    closing: [
      `Ce lien vous est personnel et ne fonctionne qu’une fois, jusqu’au ${day}.`,
      'Si vous n’attendiez pas ce message, vous pouvez l’ignorer.',
    ],
  }),
}

const PASSWORD: Record<LetterLanguage, (siteName: string, fullName: string) => Words> = {
  en: (siteName, fullName) => ({
    subject: `A new password for ${siteName}`,
    greeting: `Hello ${fullName},`,
    paragraphs: [`Somebody, probably you, asked for a new password for ${siteName}.`],
    action: 'Choose a new password',
    closing: ['The link works once, for one hour.', 'If it was not you, nothing has changed and you need not do anything.'],
  }),
  fr: (siteName, fullName) => ({
    subject: `Un nouveau mot de passe pour ${siteName}`,
    greeting: `Bonjour ${fullName},`,
    paragraphs: [`Quelqu’un, sans doute vous, a demandé un nouveau mot de passe pour ${siteName}.`],
    action: 'Choisir un nouveau mot de passe',
    closing: [
      'Ce lien ne fonctionne qu’une fois, pendant une heure.',
      'Si ce n’était pas vous, rien n’a changé et vous n’avez rien à faire.',
    ],
  }),
}

function letterLanguage(language: string | null): LetterLanguage {
  return chooseLanguage(LANGUAGES, [language]) as LetterLanguage
}

function compose(language: LetterLanguage, words: Words, url: string): Letter {
  const paragraph = (text: string): Html => html`<p>${text}</p>`
  const page = html`<!doctype html>
<html lang="${language}"><head><meta charset="utf-8"><title>${words.subject}</title></head>
<body>${paragraph(words.greeting)}${words.paragraphs.map(paragraph)}<p><a href="${url}">${words.action}</a></p>${words.closing.map(paragraph)}</body></html>`
  const text = [words.greeting, ...words.paragraphs, `${words.action}:\n${url}`, ...words.closing].join('\n\n')
  return { subject: words.subject, text: `${text}\n`, html: page.text }
}
