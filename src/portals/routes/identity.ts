import { redeemInvitation } from '#access/invitations.ts'
import { requestPasswordReset, resetPassword } from '#access/password-reset.ts'
import type { PasswordProblem } from '#access/passwords.ts'
import { changePassword } from '#access/people.ts'
import {
  checkCsrf,
  countAttempt,
  openVisitorSession,
  sessionTokenOf,
  setVisitorLanguage,
  signInVisitor,
  signOutVisitor,
} from '#access/request.ts'
import type { HttpServer, Reply, Request } from '#http/server.ts'
import { AppError } from '#lib/app-error.ts'
import type { Mail } from '#mail/mail.ts'
import type { FormValues } from '../component.ts'
import { matchPage } from '../site/pages.ts'
import { formOf, sameSitePath } from './answers.ts'
import { type Portal, pageNamed } from './inside.ts'

export type Letters = { mail: Mail; publicUrl: string }

type Handler = (request: Request, reply: Reply, form: FormValues) => Promise<Reply>
type Post = (path: string, handler: Handler) => void

/** Coming in, going out, passwords and the language: plain forms, each of which ends with a redirect or with its page and the reason. */
export function addIdentityRoutes(server: HttpServer, portal: Portal, letters: Letters): void {
  const post: Post = (path, handler) => {
    server.post(path, (request, reply) => {
      checkCsrf(request)
      return handler(request, reply, formOf(request.body))
    })
  }
  addVisits(post, portal)
  addPasswords(post, portal, letters)
}

function addVisits(post: Post, portal: Portal): void {
  post('/signin', async (request, reply, form) => {
    const email = form.text('email')
    const outcome = await signInVisitor(request, reply, { email, password: asTyped(form, 'password') })
    const target = sameSitePath(form.text('return')) ?? '/'
    if (outcome.kind === 'signed_in') return reply.redirect(target, 303)
    const visit = portal.visitOf(request, reply)
    const problem = visit.site.texts.text(visit.language, 'signIn.refused')
    const state = { email, return: target, problem }
    return portal.send(reply, { ...visit, state }, pageNamed(visit, visit.site.settings.markers.signIn), 401)
  })

  post('/signout', async (request, reply) => {
    await signOutVisitor(request, reply)
    return reply.redirect('/', 303)
  })

  post('/language', async (request, reply, form) => {
    await setVisitorLanguage(request, reply, form.text('language'))
    return reply.redirect(sameSitePath(form.text('return')) ?? '/', 303)
  })

  post('/invitation/:code', async (request, reply, form) => {
    await countAttempt(request)
    const { code } = request.params as { code: string }
    if (repeatDiffers(form)) return sendAgain(portal, request, reply, { repeat: 'password.repeatDiffers' })
    const outcome = await redeemInvitation(portal.ground, { code, password: asTyped(form, 'password') })
    if (outcome.kind === 'password') return sendAgain(portal, request, reply, { password: `password.${outcome.problem}` })
    // The page looks the invitation up itself and says why it is no good.
    if (outcome.kind === 'refused') return sendAgain(portal, request, reply, {})
    await openVisitorSession(request, reply, outcome.contactId)
    return reply.redirect('/', 303)
  })
}

function addPasswords(post: Post, portal: Portal, letters: Letters): void {
  post('/profile/password', async (request, reply, form) => {
    const visit = portal.visitOf(request, reply)
    const sessionToken = sessionTokenOf(request)
    if (visit.visitor.kind !== 'contact' || sessionToken === undefined)
      throw new AppError('request.sign_in_required', 'Only somebody who has signed in can change a password')
    const page = visit.site.settings.markers.profile
    if (repeatDiffers(form)) return sendAgain(portal, request, reply, { repeat: 'password.repeatDiffers' }, page)
    const outcome = await changePassword(portal.ground, {
      contactId: visit.visitor.contactId,
      currentPassword: asTyped(form, 'current'),
      newPassword: asTyped(form, 'password'),
      sessionToken,
    })
    if (outcome.kind === 'wrong_password') return sendAgain(portal, request, reply, { current: 'password.wrong' }, page)
    if (outcome.kind === 'password') return sendAgain(portal, request, reply, { password: `password.${outcome.problem}` }, page)
    return reply.redirect(`/${page}?saved=password`, 303)
  })

  post('/password', async (request, reply, form) => {
    await countAttempt(request)
    const { site, language } = portal.visitOf(request, reply)
    await requestPasswordReset(
      { ...portal.ground, ...letters, siteName: site.settings.name },
      { email: form.text('email'), language },
    )
    return reply.redirect('/password?sent', 303)
  })

  post('/password/:token', async (request, reply, form) => {
    await countAttempt(request)
    const { token } = request.params as { token: string }
    if (repeatDiffers(form)) return sendAgain(portal, request, reply, { repeat: 'password.repeatDiffers' })
    const outcome = await resetPassword(portal.ground, { token, newPassword: asTyped(form, 'password') })
    if (outcome.kind === 'password') return sendAgain(portal, request, reply, { password: `password.${outcome.problem}` })
    if (outcome.kind === 'refused') return sendAgain(portal, request, reply, {})
    await openVisitorSession(request, reply, outcome.contactId)
    return reply.redirect('/', 303)
  })
}

/** Every reason why a password is refused has a text in the site. */
type ProblemText = `password.${PasswordProblem}` | 'password.repeatDiffers' | 'password.wrong'

/** The form's page once more, with what is wrong at its fields. */
function sendAgain(
  portal: Portal,
  request: Request,
  reply: Reply,
  errors: Readonly<Record<string, ProblemText>>,
  pageName?: string,
): Promise<Reply> {
  const visit = portal.visitOf(request, reply)
  const found = matchPage(visit.site.pages, pageName ?? visit.path)
  if (found === undefined) throw new AppError('request.not_found', 'The site has no page for this form')
  const texts = Object.fromEntries(
    Object.entries(errors).map(([field, key]) => [field, visit.site.texts.text(visit.language, key)]),
  )
  const path = pageName === undefined ? visit.path : `/${pageName}`
  return portal.send(reply, { ...visit, path, params: found.params, state: { form: 'password', errors: texts } }, found.page, 422)
}

/** A password may begin or end with a space. */
function asTyped(form: FormValues, name: string): string {
  return form.all(name)[0] ?? ''
}

function repeatDiffers(form: FormValues): boolean {
  return asTyped(form, 'password') !== asTyped(form, 'repeat')
}
