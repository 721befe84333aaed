import { z } from 'zod'
import { PRIVILEGES } from '#access/policy.ts'
import { imaginedVisitor } from '#access/preview.ts'
import { listServiceAccounts } from '#access/service-accounts.ts'
import { readSignInStates, readStanding, visitorOfStanding } from '#access/standing.ts'
import { anonymousVisitor, type ServiceVisitor, type Visitor } from '#access/visitor.ts'
import { AppError } from '#lib/app-error.ts'
import type { Tx } from '#postgres/database.ts'
import { type RowId, readRowsById } from '#tables/rows.queries.ts'
import type { Subject } from '../../wire-security.ts'
import { textOf } from '../lists.ts'
import type { StudioServices } from '../services.ts'

/** Who is meant, as an address says it: a contact with the account in use, a token of a program, roles that nobody need have, or anybody. */
export const subjectQuery = {
  contact: z.uuid().optional(),
  account: z.uuid().optional(),
  token: z.uuid().optional(),
  /** Between commas. */
  roles: z.string().max(2_000).optional(),
}
type SubjectQuery = {
  contact?: string | undefined
  account?: string | undefined
  token?: string | undefined
  roles?: string | undefined
}

/** The visitor as of now. Throws AppError `studio.not_found`, `studio.invalid` where the person does not act for the account. */
export async function readSubject(
  tx: Tx,
  services: StudioServices,
  asked: SubjectQuery,
): Promise<{ subject: Subject; visitor: Visitor }> {
  if (asked.contact !== undefined) return readContact(tx, services, asked.contact, asked.account ?? null)
  if (asked.token !== undefined) return readToken(tx, services, asked.token)
  if (asked.roles !== undefined) return readRoles(tx, services, asked.roles, asked.account ?? null)
  const visitor = anonymousVisitor('en')
  return { subject: { kind: 'anonymous', roles: [...visitor.roles] }, visitor }
}

async function readContact(tx: Tx, { catalog, clock }: StudioServices, contactId: RowId, accountId: RowId | null) {
  const now = new Date(clock.nowMs())
  const standing = await readStanding(tx, catalog, contactId, now)
  if (standing === undefined) throw new AppError('studio.not_found', 'There is no such person')
  const visitor = visitorOfStanding(standing, accountId)
  if (visitor === undefined)
    throw new AppError('studio.invalid', `${standing.fullName} does not act for this account now`, { details: { accountId } })
  const state = (await readSignInStates(tx, [standing.person], now)).get(contactId) ?? 'none'
  const account = standing.accounts.find((one) => one.accountId === accountId)?.name ?? null
  const subject: Subject = { kind: 'contact', name: standing.fullName, account, roles: [...visitor.roles], state }
  return { subject, visitor }
}

async function readToken(tx: Tx, { catalog, clock }: StudioServices, tokenId: string) {
  const accounts = await listServiceAccounts(tx, new Date(clock.nowMs()))
  const found = accounts.find((one) => one.tokens.some((token) => token.tokenId === tokenId))
  const token = found?.tokens.find((one) => one.tokenId === tokenId)
  if (found === undefined || token === undefined) throw new AppError('studio.not_found', 'There is no such token')
  const account = await findAccount(tx, catalog, found.accountId)
  const visitor: ServiceVisitor = {
    kind: 'service',
    serviceAccountId: found.serviceAccountId,
    fullName: found.name,
    accountId: found.accountId,
    companyId: account?.companyId ?? null,
    roles: [found.role],
    scope: {
      privileges: new Set(token.readOnly ? ['read'] : PRIVILEGES),
      tables: token.tables === null ? null : new Set(token.tables),
    },
    language: 'en',
  }
  const name = `${found.name} (${token.prefix}…)`
  return { subject: { kind: 'service' as const, name, account: account?.name ?? null, roles: [found.role] }, visitor }
}

async function readRoles(tx: Tx, services: StudioServices, names: string, accountId: RowId | null) {
  const known = services.permissions().policy.roles
  const roles = names
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '')
  const unknown = roles.filter((one) => !known.some((role) => role.name === one))
  if (unknown.length > 0) throw new AppError('studio.invalid', `There is no web role ${unknown.join(', ')}`)
  const account = await findAccount(tx, services.catalog, accountId)
  if (accountId !== null && account === undefined) throw new AppError('studio.not_found', 'There is no such account')
  const visitor = imaginedVisitor({ roles, contactId: null, accountId, companyId: account?.companyId ?? null })
  return { subject: { kind: 'role' as const, account: account?.name ?? null, roles }, visitor }
}

async function findAccount(tx: Tx, catalog: StudioServices['catalog'], accountId: RowId | null) {
  if (accountId === null) return undefined
  const row = (await readRowsById(tx, catalog.get('account'), [accountId])).get(accountId)
  return row === undefined ? undefined : { name: textOf(row, 'name') ?? accountId, companyId: textOf(row, 'msdyn_company') }
}
