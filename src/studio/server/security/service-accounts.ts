import { z } from 'zod'
import {
  createServiceToken,
  disableServiceAccount,
  enableServiceAccount,
  listServiceAccounts,
  revokeToken,
} from '#access/service-accounts.ts'
import type { HttpServer, Request } from '#http/server.ts'
import type { Tx } from '#postgres/database.ts'
import { readRowsById, setActor } from '#tables/rows.queries.ts'
import type { ServiceAccountInfo, TokenMade } from '../../wire-security.ts'
import { administratorOf } from '../guard.ts'
import { parseId, textOf } from '../lists.ts'
import { parseBody } from '../parked.ts'
import type { StudioServices } from '../services.ts'

const tokenBody = z.strictObject({
  name: z.string().max(200),
  role: z.string().max(100),
  accountId: z.uuid().nullable(),
  readOnly: z.boolean(),
  tables: z.array(z.string().max(63)).max(200).nullable(),
  expiresAt: z.iso.datetime({ offset: true }),
})

type WithId = { Params: { id: string } }

/** /security/service-accounts: programs and their tokens. A token is answered once, when it is made, and never again. */
export function registerServiceAccounts(scope: HttpServer, services: StudioServices): void {
  const { database, catalog, clock } = services
  const now = () => new Date(clock.nowMs())
  const change = (request: Request, work: (tx: Tx) => Promise<void>) =>
    database.transaction(async (tx) => {
      await setActor(tx, administratorOf(request).contactId)
      await work(tx)
    })

  scope.get('/security/service-accounts', async (): Promise<ServiceAccountInfo[]> => {
    return database.read(async (tx) => {
      const accounts = await listServiceAccounts(tx, now())
      const ids = [...new Set(accounts.flatMap((one) => one.accountId ?? []))]
      const named = await readRowsById(tx, catalog.get('account'), ids)
      return accounts.map(({ serviceAccountId, name, role, accountId, createdAt, disabledAt, tokens }) => ({
        id: serviceAccountId,
        name,
        role,
        accountId,
        accountName: accountId === null ? null : textOf(named.get(accountId) ?? {}, 'name'),
        createdAt,
        disabledAt,
        tokens: tokens.map(({ tokenId, prefix, readOnly, tables, expiresAt, lastUsedAt, state, ...token }) => ({
          ...{ id: tokenId, prefix, readOnly, tables, expiresAt, lastUsedAt, state },
          createdAt: token.createdAt,
        })),
      }))
    })
  })

  scope.post('/security/tokens', async (request, reply) => {
    const { expiresAt, ...wanted } = parseBody(tokenBody, request.body)
    const { policy } = services.permissions()
    const createdBy = administratorOf(request).contactId
    const made = await database.transaction(async (tx) => {
      await setActor(tx, createdBy)
      return createServiceToken(tx, catalog, policy, { ...wanted, expiresAt: new Date(expiresAt), createdBy, now: now() })
    })
    const answer: TokenMade = { token: made.token, expiresAt: made.expiresAt.toISOString() }
    return reply.code(201).header('cache-control', 'no-store').send(answer)
  })

  scope.post<WithId>('/security/tokens/:id/revocations', async (request, reply) => {
    await change(request, (tx) => revokeToken(tx, parseId(request.params.id), now()))
    return reply.code(201).send({})
  })
  scope.post<WithId>('/security/service-accounts/:id/suspensions', async (request, reply) => {
    await change(request, (tx) => disableServiceAccount(tx, parseId(request.params.id), now()))
    return reply.code(201).send({})
  })
  scope.post<WithId>('/security/service-accounts/:id/reactivations', async (request, reply) => {
    await change(request, (tx) => enableServiceAccount(tx, parseId(request.params.id)))
    return reply.code(201).send({})
  })
}
