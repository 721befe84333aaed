import { z } from 'zod'
import { listMemberships } from '#access/memberships.ts'
import { findPeople, listSessions } from '#access/people.ts'
import { listContactsWithState, readSignInStates, readStanding } from '#access/standing.ts'
import type { HttpServer } from '#http/server.ts'
import { AppError } from '#lib/app-error.ts'
import type { FilterExpression } from '#lib/odata/ast.ts'
import { parseFilter } from '#lib/odata/parse-filter.ts'
import type { Page } from '../../wire.ts'
import type { PersonDetail, PersonSummary } from '../../wire-security.ts'
import { listPage, parseId, textOf } from '../lists.ts'
import { parseBody } from '../parked.ts'
import type { StudioServices } from '../services.ts'

/** States that are looked for by who is in them: more people than this are not searched through. */
const STATE_PEOPLE_MAX = 2_000

const peopleQuery = z.strictObject({
  search: z.string().trim().max(200).default(''),
  state: z.enum(['invited', 'active', 'locked', 'suspended']).optional(),
  after: z.string().max(2_000).optional(),
})

/** /security/people: who there is, by name, mail or account, how they get in, and for which accounts they have which roles. */
export function registerPeople(scope: HttpServer, services: StudioServices): void {
  const { database, catalog, clock } = services

  scope.get('/security/people', async (request): Promise<Page<PersonSummary>> => {
    const { search, state, after } = parseBody(peopleQuery, request.query)
    const now = new Date(clock.nowMs())
    const ids =
      state === undefined ? undefined : await database.read((tx) => listContactsWithState(tx, state, now, STATE_PEOPLE_MAX))
    const page = await listPage(database, catalog, {
      table: catalog.get('contact'),
      columns: ['fullname', 'emailaddress1', 'parentcustomerid', 'parentcustomerid.name'],
      orderBy: [{ column: 'fullname', descending: false }],
      search: '',
      after,
      filter: bothOf(searchFilter(search), ids === undefined ? undefined : idFilter(ids)),
    })
    const contactIds = page.rows.map((row) => String(row.contactid))
    const { people, states, memberships } = await database.read(async (tx) => {
      const found = await findPeople(tx, contactIds)
      return {
        people: found,
        states: await readSignInStates(tx, found.values(), now),
        memberships: Map.groupBy(await listMemberships(tx, contactIds), (one) => one.contactId),
      }
    })
    return {
      ...page,
      rows: page.rows.map((row) => {
        const id = String(row.contactid)
        return {
          id,
          fullName: textOf(row, 'fullname') ?? '',
          email: textOf(row, 'emailaddress1'),
          accountName: textOf(row, 'parentcustomerid.name'),
          otherAccounts: memberships.get(id)?.length ?? 0,
          roles: [...(people.get(id)?.roles ?? [])],
          state: states.get(id) ?? 'none',
        }
      }),
    }
  })

  scope.get<{ Params: { id: string } }>('/security/people/:id', async (request): Promise<PersonDetail> => {
    const id = parseId(request.params.id)
    const now = new Date(clock.nowMs())
    return database.read(async (tx) => {
      const standing = await readStanding(tx, catalog, id, now)
      if (standing === undefined) throw new AppError('studio.not_found', 'There is no such person')
      const { fullName, email, accounts, rolesWithoutAccount, person } = standing
      return {
        id,
        fullName,
        email,
        state: (await readSignInStates(tx, [person], now)).get(id) ?? 'none',
        accounts: accounts.map(({ companyId: _company, ...account }) => ({ ...account, roles: [...account.roles] })),
        rolesWithoutAccount: [...rolesWithoutAccount],
        sessions: (await listSessions(tx, id, now)).map(({ contactId: _contact, ...session }) => session),
      }
    })
  })
}

/** Every word is somewhere in the name, the mail address or the name of the account. */
function searchFilter(search: string): FilterExpression | undefined {
  const words = search
    .split(/\s+/)
    .filter((word) => word !== '')
    .slice(0, 5)
  if (words.length === 0) return undefined
  const contains = (path: string, word: string) => `contains(${path},'${word.replaceAll("'", "''")}')`
  const anywhere = (word: string) =>
    `(${['fullname', 'emailaddress1', 'parentcustomerid/name'].map((path) => contains(path, word)).join(' or ')})`
  return parseFilter(words.map(anywhere).join(' and '))
}

function idFilter(ids: readonly string[]): FilterExpression {
  const literal = (value: string) => ({ kind: 'literal' as const, literal: { type: 'guid' as const, value }, position: 0 })
  const left = { kind: 'path' as const, names: ['contactid'], position: 0 }
  // Nobody is in this state: no row has this id.
  const values = ids.length === 0 ? ['00000000-0000-0000-0000-000000000000'] : ids
  return { kind: 'in', left, values: values.map(literal), position: 0 }
}

function bothOf(left: FilterExpression | undefined, right: FilterExpression | undefined): FilterExpression | undefined {
  if (left === undefined || right === undefined) return left ?? right
  return { kind: 'and', left, right }
}
