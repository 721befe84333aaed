import { randomBytes } from 'node:crypto'
import { uuidv7 } from 'uuidv7'
import { AppError } from '#lib/app-error.ts'
import type { Tx } from '#postgres/database.ts'
import type { Catalog } from '#tables/catalog.ts'
import { type RowId, readRowsById } from '#tables/rows.queries.ts'
import { sha256Of } from './identity/secrets.ts'
import {
  type FoundToken,
  findServiceAccountByName,
  findToken,
  insertServiceAccount,
  insertToken,
  listServiceAccountRows,
  listTokenRows,
  type ServiceAccountRow,
  type TokenInfo,
  updateDisabled,
  updateTokenRevoked,
} from './identity/tokens.queries.ts'
import { type Policy, PRIVILEGES } from './policy.ts'
import { checkRoles } from './roles.ts'
import type { AccessPlace } from './sign-in.ts'
import type { ServiceVisitor } from './visitor.ts'

export type ServiceAccount = ServiceAccountRow & { tokens: readonly TokenInfo[] }

export type TokenRequest = {
  /** Of the service account, which is made where there is none of this name. */
  name: string
  role: string
  /** The customer company it acts for; null for none. */
  accountId: RowId | null
  readOnly: boolean
  /** Limits the token to these tables of its role's; null does not. */
  tables: readonly string[] | null
  /** DAYS_DEFAULT from now where it is left out. */
  expiresAt?: Date
  createdBy: RowId | null
  now: Date
}

/** Why a token is no good: said to whoever holds it, since a token that is known to us was given to them. */
export type TokenRefusal = 'missing' | 'unknown' | 'expired' | 'revoked' | 'disabled' | 'account_inactive'

const TOKEN = /^comptoir_[A-Za-z0-9_-]{43}$/
const PREFIX_CHARACTERS = 'comptoir_'.length + 6
const DAYS_DEFAULT = 365
const DAYS_MAX = 3 * 365
const DAY_MS = 24 * 3_600_000
const TABLES_MAX = 200
const ROWS_MAX = 1_000

/**
 * A token for a program, under the service account of that name. The answered `token` is not kept anywhere: only its hash is.
 * Throws AppError `access.invalid` (role, table, account, end), `access.conflict` where the name stands for another role or account.
 */
export async function createServiceToken(
  tx: Tx,
  catalog: Catalog,
  policy: Policy,
  request: TokenRequest,
): Promise<{ token: string; tokenId: string; serviceAccountId: RowId; expiresAt: Date }> {
  const name = request.name.trim()
  const expiresAt = request.expiresAt ?? new Date(request.now.getTime() + DAYS_DEFAULT * DAY_MS)
  checkRequest(catalog, { ...request, name, expiresAt })
  checkRoles(policy, [request.role])
  if (request.accountId !== null) await requireAccount(tx, catalog, request.accountId)
  const serviceAccountId = await ensureServiceAccount(tx, { ...request, name })
  const token = `comptoir_${randomBytes(32).toString('base64url')}`
  const tokenId = uuidv7()
  await insertToken(tx, {
    ...request,
    tokenId,
    serviceAccountId,
    sha256: sha256Of(token),
    prefix: token.slice(0, PREFIX_CHARACTERS),
    expiresAt,
  })
  return { token, tokenId, serviceAccountId, expiresAt }
}

/** By name, each with its tokens, newest first. */
export async function listServiceAccounts(tx: Tx, now: Date): Promise<ServiceAccount[]> {
  const accounts = await listServiceAccountRows(tx, ROWS_MAX)
  const tokens = Map.groupBy(await listTokenRows(tx, now, ROWS_MAX), (one) => one.serviceAccountId)
  return accounts.map((account) => ({ ...account, tokens: tokens.get(account.serviceAccountId) ?? [] }))
}

export function listTokens(tx: Tx, now: Date): Promise<TokenInfo[]> {
  return listTokenRows(tx, now, ROWS_MAX)
}

/** Worthless from the next request on. Throws AppError `access.not_found`. */
export async function revokeToken(tx: Tx, tokenId: string, now: Date): Promise<void> {
  if (!(await updateTokenRevoked(tx, tokenId, now)))
    throw new AppError('access.not_found', 'There is no such token that is not revoked already')
}

/** No token of the account works until it is enabled again. Throws AppError `access.not_found`. */
export async function disableServiceAccount(tx: Tx, serviceAccountId: RowId, now: Date): Promise<void> {
  if (!(await updateDisabled(tx, serviceAccountId, now))) throw noServiceAccount()
}

export async function enableServiceAccount(tx: Tx, serviceAccountId: RowId): Promise<void> {
  if (!(await updateDisabled(tx, serviceAccountId, null))) throw noServiceAccount()
}

export type ServiceVisit =
  | { kind: 'visitor'; tokenId: string; visitor: ServiceVisitor }
  | { kind: 'refused'; reason: TokenRefusal }

/** Whom a token stands for at this moment. */
export async function readServiceVisitor(place: AccessPlace, token: string, language: string): Promise<ServiceVisit> {
  if (!TOKEN.test(token)) return { kind: 'refused', reason: 'unknown' }
  const now = new Date(place.clock.nowMs())
  const found = await place.database.statement((tx) => findToken(tx, place.catalog, sha256Of(token), now))
  if (found === undefined) return { kind: 'refused', reason: 'unknown' }
  if (found.state !== 'active') return { kind: 'refused', reason: found.state }
  return { kind: 'visitor', tokenId: found.tokenId, visitor: visitorFor(found, language) }
}

function visitorFor(found: FoundToken, language: string): ServiceVisitor {
  return {
    kind: 'service',
    serviceAccountId: found.serviceAccountId,
    fullName: found.name,
    accountId: found.accountId,
    companyId: found.companyId,
    roles: [found.role],
    scope: {
      privileges: new Set(found.readOnly ? ['read'] : PRIVILEGES),
      tables: found.tables === null ? null : new Set(found.tables),
    },
    language,
  }
}

function checkRequest(catalog: Catalog, request: TokenRequest & { expiresAt: Date }): void {
  const { name, tables, expiresAt, now } = request
  if (name === '' || name.length > 100)
    throw new AppError('access.invalid', 'A service account has a name of 1 to 100 characters')
  const days = (expiresAt.getTime() - now.getTime()) / DAY_MS
  if (!(days > 0 && days <= DAYS_MAX)) throw new AppError('access.invalid', `A token ends in the future, within ${DAYS_MAX} days`)
  if (tables === null) return
  if (tables.length === 0 || tables.length > TABLES_MAX)
    throw new AppError('access.invalid', `A token is limited to 1 to ${TABLES_MAX} tables, or to none`)
  const unknown = tables.filter((table) => !catalog.tables.has(table))
  if (unknown.length > 0) throw new AppError('access.invalid', `There is no table ${unknown.join(', ')}`)
}

async function requireAccount(tx: Tx, catalog: Catalog, accountId: RowId): Promise<void> {
  const account = (await readRowsById(tx, catalog.get('account'), [accountId])).get(accountId)
  if (account === undefined) throw new AppError('access.invalid', 'There is no such customer account')
  if (account.statecode !== 0) throw new AppError('access.invalid', 'This customer account is inactive')
}

/** A name stands for one role and one account: an old token must not come to mean something else. */
async function ensureServiceAccount(tx: Tx, request: TokenRequest): Promise<RowId> {
  const serviceAccountId = uuidv7()
  if (await insertServiceAccount(tx, { ...request, serviceAccountId })) return serviceAccountId
  const known = await findServiceAccountByName(tx, request.name)
  if (known === undefined) throw noServiceAccount()
  if (known.role !== request.role || known.accountId !== request.accountId)
    throw new AppError(
      'access.conflict',
      `The service account ${known.name} has the role ${known.role} and another account or none; take another name`,
    )
  if (known.disabledAt !== null) throw new AppError('access.conflict', `The service account ${known.name} is disabled`)
  return known.serviceAccountId
}

function noServiceAccount(): AppError {
  return new AppError('access.not_found', 'There is no such service account')
}
