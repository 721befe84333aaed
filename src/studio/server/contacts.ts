import { z } from 'zod'
import { recordAccess } from '#access/audit.ts'
import { revokeInvitation } from '#access/invitations.ts'
import { inviteByMail } from '#access/invite.ts'
import { endMembership, setMembership } from '#access/memberships.ts'
import { endSessions, reactivatePerson, suspendPerson } from '#access/people.ts'
import { setRoles } from '#access/roles.ts'
import { ADMINISTRATOR } from '#access/visitor.ts'
import type { HttpServer, Request } from '#http/server.ts'
import { AppError } from '#lib/app-error.ts'
import { required } from '#lib/assert.ts'
import type { Database, Tx } from '#postgres/database.ts'
import { engineRows } from '#tables/predicate.ts'
import { findRow, setActor } from '#tables/rows.queries.ts'
import type { ContactDetail, ContactSummary, Invited, Page } from '../wire.ts'
import { CONTACT_COLUMNS, orderColumnOf, readContact, summarizeContacts } from './contact-view.ts'
import { administratorOf } from './guard.ts'
import { listPage, parseId, pointsTo, textOf } from './lists.ts'
import { parseBody } from './parked.ts'
import type { StudioServices } from './services.ts'

const ROLES_MAX = 50
const rolesNamed = z.array(z.string().min(1).max(100)).max(ROLES_MAX)
const moment = z.iso.datetime({ offset: true }).nullable().optional()
/** Without `accountId`: for the contact's own account, and Administrator for none. */
const rolesBody = z.strictObject({
  roles: rolesNamed,
  accountId: z.uuid().nullable().optional(),
  validFrom: moment,
  validUntil: moment,
})
const membershipBody = z.strictObject({ accountId: z.uuid(), validFrom: moment, validUntil: moment })
const invitationBody = z.strictObject({ roles: rolesNamed.min(1), accountId: z.uuid().optional() })

type WithId = { Params: { id: string } }

/** /contacts: search, one contact, its roles, its way in. What is taken away is gone with the contact's next request. */
export function registerContacts(scope: HttpServer, services: StudioServices): void {
  registerLists(scope, services)
  registerRoles(scope, services)
  registerInvitations(scope, services)
  registerSignIn(scope, services)
}

function registerLists(scope: HttpServer, services: StudioServices): void {
  const { database, catalog } = services

  scope.get<{ Querystring: { search?: string; after?: string; account?: string } }>(
    '/contacts',
    async (request): Promise<Page<ContactSummary>> => {
      const { search, after, account } = request.query
      const page = await listPage(database, catalog, {
        table: catalog.get('contact'),
        columns: CONTACT_COLUMNS,
        orderBy: [{ column: 'fullname', descending: false }],
        search: search ?? '',
        after,
        filter: account === undefined ? undefined : pointsTo('parentcustomerid', parseId(account)),
      })
      return { ...page, rows: await database.read((tx) => summarizeContacts(tx, page.rows)) }
    },
  )

  scope.get<WithId>('/contacts/:id', async (request): Promise<ContactDetail> => {
    const id = parseId(request.params.id)
    return database.read((tx) => readContact(tx, services, id))
  })
}

function registerRoles(scope: HttpServer, services: StudioServices): void {
  const { database, clock } = services

  scope.post<WithId>('/contacts/:id/roles', async (request, reply) => {
    const contactId = parseId(request.params.id)
    const { roles, accountId, validFrom, validUntil } = parseBody(rolesBody, request.body)
    const { policy } = services.permissions()
    await changeAs(database, request, async (tx) => {
      const own = await requireContact(tx, services, contactId)
      const now = new Date(clock.nowMs())
      const by = { contactId, grantedBy: administratorOf(request).contactId, now }
      if (accountId !== undefined)
        return setRoles(tx, policy, { ...by, accountId, roles, validFrom: dateOf(validFrom), validUntil: dateOf(validUntil) })
      const isGlobal = (role: string) => own === null || role === ADMINISTRATOR
      await setRoles(tx, policy, { ...by, accountId: null, roles: roles.filter(isGlobal) })
      if (own !== null) await setRoles(tx, policy, { ...by, accountId: own, roles: roles.filter((role) => !isGlobal(role)) })
    })
    return reply.code(201).send({})
  })

  scope.post<WithId>('/contacts/:id/memberships', async (request, reply) => {
    const contactId = parseId(request.params.id)
    const { accountId, validFrom, validUntil } = parseBody(membershipBody, request.body)
    const grantedBy = administratorOf(request).contactId
    const now = new Date(clock.nowMs())
    const membership = { contactId, accountId, validFrom: dateOf(validFrom), validUntil: dateOf(validUntil), grantedBy, now }
    await changeAs(database, request, (tx) => setMembership(tx, services.catalog, membership))
    return reply.code(201).send({})
  })

  scope.post<{ Params: { id: string; account: string } }>('/contacts/:id/memberships/:account/ends', async (request, reply) => {
    const membership = { contactId: parseId(request.params.id), accountId: parseId(request.params.account) }
    await changeAs(database, request, (tx) => endMembership(tx, membership))
    return reply.code(201).send({})
  })
}

function dateOf(moment: string | null | undefined): Date | null {
  return moment === null || moment === undefined ? null : new Date(moment)
}

function registerInvitations(scope: HttpServer, services: StudioServices): void {
  const { database, catalog, clock, config, mail } = services

  scope.post<WithId>('/contacts/:id/invitations', async (request, reply) => {
    const contactId = parseId(request.params.id)
    const { roles, accountId } = parseBody(invitationBody, request.body)
    const administrator = administratorOf(request)
    const { policy } = services.permissions()
    const answer = await changeAs(database, request, async (tx): Promise<Invited> => {
      await requireContact(tx, services, contactId)
      const now = new Date(clock.nowMs())
      const place = { catalog, policy, mail, publicUrl: config.publicUrl, siteName: services.siteName() }
      const sent = await inviteByMail(tx, place, {
        contactIds: [contactId],
        roles,
        ...(accountId === undefined ? {} : { accountId }),
        type: 'single',
        createdBy: administrator.contactId,
        now,
        inviter: administrator.fullName,
        language: administrator.language,
      })
      const invited = required(sent.invited[0], 'the invited contact')
      return {
        link: invited.url,
        mailId: invited.messageId,
        lacks: invited.missing.flatMap((column) => orderColumnOf(column) ?? []),
      }
    })
    return reply.code(201).send(answer)
  })

  scope.post<WithId>('/invitations/:id/revocations', async (request, reply) => {
    const id = parseId(request.params.id)
    await changeAs(database, request, (tx) => revokeInvitation(tx, id, new Date(clock.nowMs())))
    return reply.code(201).send({})
  })
}

function registerSignIn(scope: HttpServer, services: StudioServices): void {
  const { database, clock } = services

  scope.post<WithId>('/contacts/:id/session-ends', async (request, reply) => {
    const contactId = parseId(request.params.id)
    const ended = await changeAs(database, request, async (tx) => {
      const actor = administratorOf(request).contactId
      await recordAccess(tx, { actor, action: 'person.signed_out', subject: contactId, details: {} })
      return endSessions(tx, contactId)
    })
    return reply.code(201).send({ ended })
  })
  scope.post<WithId>('/contacts/:id/suspensions', async (request, reply) => {
    await changeAs(database, request, (tx) => suspendPerson(tx, parseId(request.params.id), new Date(clock.nowMs())))
    return reply.code(201).send({})
  })
  scope.post<WithId>('/contacts/:id/reactivations', async (request, reply) => {
    await changeAs(database, request, (tx) => reactivatePerson(tx, parseId(request.params.id)))
    return reply.code(201).send({})
  })
}

/** The record of access says who did it. */
function changeAs<T>(database: Database, request: Request, work: (tx: Tx) => Promise<T>): Promise<T> {
  return database.transaction(async (tx) => {
    await setActor(tx, administratorOf(request).contactId)
    return work(tx)
  })
}

/** The contact's own account. Throws AppError `studio.not_found`: roles and invitations are for people we know. */
async function requireContact(tx: Tx, { catalog }: StudioServices, contactId: string): Promise<string | null> {
  const query = { table: catalog.get('contact'), columns: ['parentcustomerid'], predicate: engineRows }
  const row = await findRow(tx, catalog, query, contactId)
  if (row === undefined) throw new AppError('studio.not_found', 'There is no such contact')
  return textOf(row, 'parentcustomerid')
}
