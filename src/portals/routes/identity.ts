import { checkCsrf, setVisitorLanguage, signInVisitor, signOutVisitor } from '#access/request.ts'
import type { HttpServer } from '#http/server.ts'
import { formOf, sameSitePath } from './answers.ts'
import { type Portal, pageNamed } from './inside.ts'

/** Coming in, going out, and the language: plain forms that end with a redirect. */
export function addIdentityRoutes(server: HttpServer, portal: Portal): void {
  server.post('/signin', async (request, reply) => {
    checkCsrf(request)
    const form = formOf(request.body)
    const email = form.text('email')
    // As it was typed: a password may begin or end with a space.
    const outcome = await signInVisitor(request, reply, { email, password: form.all('password')[0] ?? '' })
    const target = sameSitePath(form.text('return')) ?? '/'
    if (outcome.kind === 'signed_in') return reply.redirect(target, 303)
    const visit = portal.visitOf(request, reply)
    const problem = visit.site.texts.text(visit.language, 'signIn.refused')
    const state = { email, return: target, problem }
    return portal.send(reply, { ...visit, state }, pageNamed(visit, visit.site.settings.markers.signIn), 401)
  })

  server.post('/signout', async (request, reply) => {
    checkCsrf(request)
    await signOutVisitor(request, reply)
    return reply.redirect('/', 303)
  })

  server.post('/language', async (request, reply) => {
    checkCsrf(request)
    const form = formOf(request.body)
    await setVisitorLanguage(request, reply, form.text('language'))
    return reply.redirect(sameSitePath(form.text('return')) ?? '/', 303)
  })
}
