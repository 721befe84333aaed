import { randomBytes } from 'node:crypto'
import rateLimit from '@fastify/rate-limit'
import { accountSegmentOf, addAccountPath, isWithoutAccount, withAccountPath } from '#http/account-path.ts'
import type { HttpServer, Reply, Request } from '#http/server.ts'
import { AppError, isAppError } from '#lib/app-error.ts'
import { required } from '#lib/assert.ts'
import { engineRows } from '#tables/predicate.ts'
import { setActor, updateRow } from '#tables/rows.queries.ts'
import { type AccountChoice, chooseAccount, contactVisitor } from './request/accounts.ts'
import { isCsrfToken, makeCsrfToken } from './request/csrf.ts'
import { chooseLanguage, parseAcceptLanguage } from './request/languages.ts'
import { type Allowance, createTokenMeter, TOKEN_LIMITS, type TokenLimits, type TokenMeter } from './request/token-limits.ts'
import { readServiceVisitor, type TokenRefusal } from './service-accounts.ts'
import { type AccessPlace, openSession, readSession, type SignInOutcome, signIn, signOut } from './sign-in.ts'
import { anonymousVisitor, type Visitor } from './visitor.ts'

export type VisitorsOptions = AccessPlace & {
  /** Signs CSRF tokens; kept with the installation. */
  secret: string
  /** Cookies are Secure where this is https. */
  publicUrl: string
  /** The site's languages, its own first. Asked at every request: a release may change them. */
  languages(): readonly string[]
  /** Beginnings of paths that need no visitor: assets, health. */
  publicPaths?: readonly string[]
  /** What one token may ask in five minutes, where it is not TOKEN_LIMITS. */
  tokenLimits?: Partial<TokenLimits>
}

const SESSION_COOKIE = 'comptoir_session'
const VISIT_COOKIE = 'comptoir_visit'
const LANGUAGE_COOKIE = 'comptoir_language'
/** The account used last: a hint where to send somebody who has several, and nothing more. */
const ACCOUNT_COOKIE = 'comptoir_account'
const ADDRESS_HEADERS = ['location', 'hx-redirect', 'hx-location', 'hx-push-url', 'hx-replace-url']
/** Tokens count below the first; below the second nothing else does. */
const API_PATH = '/api/'
const SERVICE_PATH = '/api/data/'
const SESSION_SECONDS_MAX = 14 * 24 * 3_600
const LANGUAGE_SECONDS_MAX = 365 * 24 * 3_600
const PUBLIC_PATHS = ['/assets/', '/health']
/** By address: a lock by person (see signIn) does not stop one who tries one password on everybody. */
const ATTEMPTS_PER_MINUTE_MAX = 60

/** From here on every request of the server has a visitor. Register before the routes. */
export async function registerVisitors(server: HttpServer, options: VisitorsOptions): Promise<void> {
  await server.register(rateLimit, { global: false })
  const checkAttempts = server.createRateLimit({ max: ATTEMPTS_PER_MINUTE_MAX, timeWindow: 60_000 })
  const publicPaths = options.publicPaths ?? PUBLIC_PATHS
  const meter = createTokenMeter({ ...TOKEN_LIMITS, ...options.tokenLimits })
  server.decorateRequest(VISIT, null)
  server.addHook('onRequest', async (request: VisitedRequest, reply: Reply) => {
    const visit: Visit = {
      options,
      visitor: anonymousVisitor(languageOf(request, options, null)),
      sessionToken: undefined,
      visitToken: request.cookies[VISIT_COOKIE],
      tokenRefusal: undefined,
      allowance: undefined,
      async countAttempt() {
        const { isAllowed, ...rest } = await checkAttempts(request)
        if (!isAllowed && 'isExceeded' in rest && rest.isExceeded)
          throw new AppError('access.too_many', 'That was tried too often from here; please wait a minute')
      },
    }
    // Set before the database is asked: a page that says it cannot be reached has a visitor, too.
    request[VISIT] = visit
    if (publicPaths.some((path) => request.url.startsWith(path))) return
    const bearer = request.url.startsWith(API_PATH) ? bearerOf(request) : undefined
    if (bearer !== undefined) return enterByToken(request, reply, visit, bearer, meter)
    if (request.url.startsWith(SERVICE_PATH)) {
      visit.tokenRefusal = 'missing'
      return
    }
    const token = request.cookies[SESSION_COOKIE]
    if (token !== undefined) return enterBySession(request, reply, visit, token)
  })
  server.addHook('onResponse', async (request: VisitedRequest) => request[VISIT]?.allowance?.settle(options.clock.nowMs()))
  server.addHook('onSend', async (request: VisitedRequest, reply, payload) => keepAccount(request, reply, payload))
}

/** Who makes this request, as of its beginning. */
export function visitorOf(request: Request): Visitor {
  return visitOf(request).visitor
}

/** Who it is by now: for streams, which outlive what was true when they opened. Anonymous once the session has ended. */
export async function refreshVisitor(request: Request): Promise<Visitor> {
  const visit = visitOf(request)
  if (visit.sessionToken === undefined) return visit.visitor
  const found = await readVisitor(request, visit.options, visit.sessionToken)
  return found.choice.kind === 'unknown' || found.choice.kind === 'several' ? nobody(request, visit.options) : found.visitor
}

/** Why a request for the API of programs has no visitor: for the answer 401. Undefined where there is nothing wrong with its token. */
export function tokenRefusalOf(request: Request): TokenRefusal | undefined {
  return visitOf(request).tokenRefusal
}

/** For the hidden field `_csrf` or the header `x-csrf-token`. Gives an anonymous visitor the cookie that it is bound to. */
export function csrfTokenOf(request: Request, reply: Reply): string {
  const visit = visitOf(request)
  if (visit.sessionToken === undefined && visit.visitToken === undefined) {
    visit.visitToken = randomBytes(18).toString('base64url')
    reply.setCookie(VISIT_COOKIE, visit.visitToken, cookieFor(visit.options))
  }
  return makeCsrfToken(visit.options.secret, holderOf(visit))
}

/** Throws AppError `access.csrf` unless the form or header carries a token made for this visitor. For every request that changes something. */
export function checkCsrf(request: Request): void {
  const visit = visitOf(request)
  const holder = holderOf(visit)
  const token = request.headers['x-csrf-token'] ?? (request.body as { _csrf?: unknown } | null | undefined)?._csrf
  if (holder !== '' && typeof token === 'string' && isCsrfToken(visit.options.secret, holder, token)) return
  throw new AppError('access.csrf', 'This form is no longer valid. Please load the page again and repeat what you did')
}

/** Signs in with a password: on success the reply carries the session's cookie. Throws AppError `access.too_many` beyond the limit. */
export async function signInVisitor(
  request: Request,
  reply: Reply,
  credentials: { email: string; password: string },
): Promise<SignInOutcome> {
  const visit = visitOf(request)
  await visit.countAttempt()
  const outcome = await signIn(visit.options, { ...credentials, userAgent: request.headers['user-agent'] ?? null })
  if (outcome.kind === 'signed_in') await enter(request, reply, outcome.token)
  return outcome
}

/** A session for somebody whose invitation or reset link has just been accepted. */
export async function openVisitorSession(request: Request, reply: Reply, contactId: string): Promise<void> {
  const { options } = visitOf(request)
  const { token } = await openSession(options, { contactId, userAgent: request.headers['user-agent'] ?? null })
  await enter(request, reply, token)
}

/** Before a code or link from outside is looked up. Throws AppError `access.too_many`. */
export function countAttempt(request: Request): Promise<void> {
  return visitOf(request).countAttempt()
}

export async function signOutVisitor(request: Request, reply: Reply): Promise<void> {
  const visit = visitOf(request)
  const token = request.cookies[SESSION_COOKIE]
  if (token !== undefined) await signOut(visit.options, token)
  reply.clearCookie(SESSION_COOKIE, cookieFor(visit.options))
  visit.sessionToken = undefined
  visit.visitor = anonymousVisitor(languageOf(request, visit.options, null))
}

/** The token of the visitor's session, for `changePassword`, which ends all others. */
export function sessionTokenOf(request: Request): string | undefined {
  return visitOf(request).sessionToken
}

/** Keeps the wish: with the contact where there is one, else in a cookie. Passes over languages the site does not have. */
export async function setVisitorLanguage(request: Request, reply: Reply, language: string): Promise<void> {
  const { options, visitor } = visitOf(request)
  if (!options.languages().includes(language)) return
  reply.setCookie(LANGUAGE_COOKIE, language, { ...cookieFor(options), maxAge: LANGUAGE_SECONDS_MAX })
  if (visitor.kind !== 'contact') return
  await options.database.transaction(async (tx) => {
    await setActor(tx, visitor.contactId)
    const contact = options.catalog.get('contact')
    await updateRow(tx, contact, visitor.contactId, { adx_preferredlanguage: language }, { predicate: engineRows })
  })
}

const VISIT = Symbol('visit')
type VisitedRequest = Request & { [VISIT]?: Visit | null }
type Visit = {
  options: VisitorsOptions
  visitor: Visitor
  /** Only when it is a valid one. */
  sessionToken: string | undefined
  visitToken: string | undefined
  tokenRefusal: TokenRefusal | undefined
  allowance: Allowance | undefined
  countAttempt(): Promise<void>
}

function visitOf(request: Request): Visit {
  return required((request as VisitedRequest)[VISIT], 'the visit (registerVisitors comes before the routes)')
}

/** The session that the browser held until now ends: its cookie is overwritten, and nobody else should go on with it. */
async function enter(request: Request, reply: Reply, token: string): Promise<void> {
  const visit = visitOf(request)
  if (visit.sessionToken !== undefined) await signOut(visit.options, visit.sessionToken)
  reply.setCookie(SESSION_COOKIE, token, { ...cookieFor(visit.options), maxAge: SESSION_SECONDS_MAX })
  visit.sessionToken = token
  visit.visitor = (await readVisitor(request, visit.options, token)).visitor
}

/** A program with a token. Cookies mean nothing here, and so there is nothing that another site could misuse. */
async function enterByToken(request: Request, reply: Reply, visit: Visit, token: string, meter: TokenMeter): Promise<void> {
  const { options } = visit
  const found = await readServiceVisitor(options, token, languageOf(request, options, null))
  if (found.kind === 'refused') {
    visit.tokenRefusal = found.reason
    return
  }
  try {
    visit.allowance = meter.begin(found.tokenId, options.clock.nowMs())
  } catch (error) {
    if (isAppError(error, 'access.too_many')) reply.header('retry-after', String(error.details?.retryAfterSeconds ?? 1))
    throw error
  }
  reply.headers(visit.allowance.headers)
  visit.visitor = found.visitor
}

/** A person, for the account that the address names. Answers the reply where it has been answered already. */
async function enterBySession(request: Request, reply: Reply, visit: Visit, token: string): Promise<Reply | undefined> {
  const { options } = visit
  const { visitor, choice } = await readVisitor(request, options, token)
  visit.visitor = visitor
  if (visitor.kind !== 'contact') return undefined
  visit.sessionToken = token
  const segment = accountSegmentOf(request.originalUrl)
  const isReading = request.method === 'GET' || request.method === 'HEAD'
  if (segment !== undefined && isWithoutAccount(request.url) && isReading) return reply.redirect(request.url, 303)
  switch (choice.kind) {
    case 'account':
      if (choice.path !== '' && request.cookies[ACCOUNT_COOKIE] !== segment)
        reply.setCookie(ACCOUNT_COOKIE, segment ?? '', { ...cookieFor(options), maxAge: SESSION_SECONDS_MAX })
      return undefined
    case 'none':
      return undefined
    case 'unknown':
      throw new AppError('access.account_unknown', `You do not act for the account ${segment}`)
    case 'several':
      if (isReading) return reply.redirect(`${choice.path}${request.url}`, 303)
      throw new AppError(
        'access.account_needed',
        'You act for several accounts: send this to the address of one of them (/a/<account>/…)',
      )
    default:
      return choice satisfies never
  }
}

/** Pages and redirects lead on to pages of the same account, whoever wrote their links. */
function keepAccount(request: VisitedRequest, reply: Reply, payload: unknown): unknown {
  const visitor = request[VISIT]?.visitor
  if (visitor?.kind !== 'contact' || visitor.accountPath === '') return payload
  for (const name of ADDRESS_HEADERS) {
    const value = reply.getHeader(name)
    if (typeof value === 'string') reply.header(name, withAccountPath(visitor.accountPath, value))
  }
  const isHtml = String(reply.getHeader('content-type') ?? '').startsWith('text/html')
  return isHtml && typeof payload === 'string' ? addAccountPath(payload, visitor.accountPath) : payload
}

async function readVisitor(
  request: Request,
  options: VisitorsOptions,
  token: string,
): Promise<{ visitor: Visitor; choice: AccountChoice }> {
  const session = await readSession(options, token)
  if (session === undefined) return { visitor: nobody(request, options), choice: { kind: 'none' } }
  const choice = chooseAccount(session, {
    segment: isWithoutAccount(request.url) ? undefined : accountSegmentOf(request.originalUrl),
    takesAccount: !isWithoutAccount(request.url),
    hint: request.cookies[ACCOUNT_COOKIE],
  })
  return { visitor: contactVisitor(session, choice, languageOf(request, options, session.preferredLanguage)), choice }
}

function nobody(request: Request, options: VisitorsOptions): Visitor {
  return anonymousVisitor(languageOf(request, options, null))
}

function bearerOf(request: Request): string | undefined {
  return /^Bearer +(\S{1,200})$/i.exec(request.headers.authorization ?? '')?.[1]
}

function languageOf(request: Request, options: VisitorsOptions, preferred: string | null): string {
  const accepted = parseAcceptLanguage(request.headers['accept-language'])
  return chooseLanguage(options.languages(), [preferred, request.cookies[LANGUAGE_COOKIE], ...accepted])
}

/** What a CSRF token is bound to: the session, or for an anonymous visitor a cookie of its own. */
function holderOf(visit: Visit): string {
  return visit.sessionToken ?? visit.visitToken ?? ''
}

function cookieFor(options: VisitorsOptions) {
  return { path: '/', httpOnly: true, sameSite: 'lax', secure: options.publicUrl.startsWith('https:') } as const
}
