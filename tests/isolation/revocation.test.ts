import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import { endSessions, reactivatePerson, suspendPerson } from '../../src/access/people.ts'
import { setRoles } from '../../src/access/roles.ts'
import { listTokens, revokeToken } from '../../src/access/service-accounts.ts'
import { openSession } from '../../src/access/sign-in.ts'
import { AUTHENTICATED_USERS, anonymousVisitor } from '../../src/access/visitor.ts'
import { systemClock } from '../../src/log/system-clock.ts'
import { engineRows } from '../../src/tables/predicate.ts'
import { updateRow } from '../../src/tables/rows.queries.ts'
import { compare } from './compare.ts'
import * as ways from './deeds.ts'
import { createGround, type Ground, type TestVisitor } from './ground.ts'
import { open, type PlainPermission, type PlainRows, type PlainVisitor, TABLES } from './oracle.ts'
import * as queries from './query-surfaces.ts'
import type { Surface } from './surfaces.ts'
import * as surfaces from './surfaces.ts'
import { COMPANIES, FILE_COLUMN, PROBED } from './worlds.ts'

/** Ways that ask who it is with each request; the others are handed somebody. */
const BY_REQUEST: readonly Surface[] = [
  surfaces.page,
  surfaces.exported,
  surfaces.liquid,
  surfaces.live,
  queries.odata,
  queries.counted,
  queries.oneByOne,
  queries.fetchXmlByHttp,
  queries.viewByHttp,
]
const NOBODY: PlainVisitor = { contactId: null, accountId: null, companyId: null, roles: anonymousVisitor('en').roles }
const [ACCOUNT, CONTACT, ORDER] = ['00000001', '00000002', '00000003'].map((kind) => `${kind}-0000-4000-8000-000000000000`) as [
  string,
  string,
  string,
]

type Revocation = {
  what: string
  whose: 'contact 0' | 'program 0'
  /** Takes the right away; answers who the visitor is from then on. */
  revoke(ground: Ground, plain: PlainVisitor): Promise<PlainVisitor>
  /** What an open page is told: that its session is over, or that it shall look again. */
  stream: 'session-ended' | 'row' | null
}

const REVOCATIONS: readonly Revocation[] = [
  {
    what: 'a role',
    whose: 'contact 0',
    stream: 'row',
    async revoke({ portal, permissions }, plain) {
      const grant = { contactId: CONTACT, accountId: ACCOUNT, roles: [], grantedBy: null, now: new Date() }
      await portal.database.transaction((tx) => setRoles(tx, permissions.policy, grant))
      return { ...plain, roles: [AUTHENTICATED_USERS] }
    },
  },
  {
    what: 'the account of a person',
    whose: 'contact 0',
    stream: 'session-ended',
    async revoke(ground, plain) {
      const { database, catalog } = ground.portal
      const none = { parentcustomerid: null }
      await database.transaction((tx) => updateRow(tx, catalog.get('contact'), CONTACT, none, { predicate: engineRows }))
      const contact = ground.world.rows.contact.map((one) => (one.id === CONTACT ? { ...one, ...none } : one))
      ground.world = { ...ground.world, rows: { ...ground.world.rows, contact } }
      return { ...plain, accountId: null, roles: [AUTHENTICATED_USERS] }
    },
  },
  {
    what: 'permissions, by a release',
    whose: 'contact 0',
    stream: 'row',
    async revoke(ground, plain) {
      await ground.allow(permissionsFor(['account']), { publish: true })
      return plain
    },
  },
  {
    what: 'a person suspended',
    whose: 'contact 0',
    stream: 'session-ended',
    async revoke({ portal }) {
      await portal.database.transaction((tx) => suspendPerson(tx, CONTACT, new Date()))
      return NOBODY
    },
  },
  {
    what: 'a session',
    whose: 'contact 0',
    stream: 'session-ended',
    async revoke({ portal }) {
      await portal.database.transaction((tx) => endSessions(tx, CONTACT))
      return NOBODY
    },
  },
  {
    what: 'a token',
    whose: 'program 0',
    stream: null,
    async revoke({ portal }) {
      await portal.database.transaction(async (tx) => {
        const mine = (await listTokens(tx, new Date())).find((one) => one.name === 'Program 0')
        await revokeToken(tx, mine?.tokenId ?? '', new Date())
      })
      return NOBODY
    },
  },
  {
    what: 'permissions of a program, by a release',
    whose: 'program 0',
    stream: null,
    async revoke(ground, plain) {
      await ground.allow(permissionsFor([]), { publish: true })
      return plain
    },
  },
]

let ground: Ground
before(async () => {
  ground = await createGround()
})
after(() => ground[Symbol.asyncDispose]())

for (const { what, whose, stream, revoke } of REVOCATIONS)
  test(`what is taken away is gone at the next request, on every surface: ${what}`, async () => {
    const visitor = await giveEverything(whose)
    for (const surface of BY_REQUEST.filter((one) => isFor(one, visitor)))
      for (const table of TABLES) {
        assert.ok(open(ground.world, visitor.plain, table, 'read', PROBED[table]).size > 0, `${table} has rows before`)
        await compare(ground, surface, visitor, table)
      }
    const news = stream === null ? undefined : await listen(ground, visitor)
    const plain = await revoke(ground, visitor.plain)
    // As a new world, so that surfaces which keep an answer for a world ask again.
    ground.world = { ...ground.world }
    const bereft: TestVisitor = { ...visitor, plain }
    for (const surface of BY_REQUEST.filter((one) => isFor(one, bereft)))
      for (const table of TABLES) await compare(ground, surface, bereft, table)
    for (const way of [ways.odata, ways.form]) {
      if (way.only === 'people' && visitor.token !== undefined) continue
      const deed = { kind: 'update' as const, table: 'salesorder' as const, id: ORDER, values: { name: 'mine' } }
      assert.notEqual(await way.perform(ground, bereft, deed), 'done', way.name)
    }
    assert.equal(news === undefined ? null : await news.first, stream)
  })

/** Whatever was taken away before is there again: rows, roles, permissions, the person, a session of hers, a token. */
async function giveEverything(whose: Revocation['whose']): Promise<TestVisitor> {
  const { database, catalog } = ground.portal
  await ground.allow(permissionsFor(TABLES), { publish: true })
  await ground.load(ROWS, [['A'], [], [], []], [{ role: 'A', withAccount: true, readOnly: false, tables: null }])
  const visitor = ground.visitors.find((one) => one.name === whose)
  assert.ok(visitor)
  if (whose === 'program 0') return visitor
  await database.transaction((tx) => reactivatePerson(tx, CONTACT))
  const place = { database, catalog, clock: systemClock }
  const { token } = await openSession(place, { contactId: CONTACT, userAgent: null })
  return { ...visitor, cookies: `comptoir_session=${token}` }
}

/** The first thing that an open page is told. */
async function listen({ url }: Ground, { cookies }: TestVisitor): Promise<{ first: Promise<string> }> {
  const ending = new AbortController()
  const answer = await fetch(`${url}/live?rows=salesorder:${ORDER}`, { headers: { cookie: cookies }, signal: ending.signal })
  const reader = answer.body?.getReader()
  const first = async () => {
    let text = ''
    for (;;) {
      const { value, done } = (await reader?.read()) ?? { value: undefined, done: true }
      text += Buffer.from(value ?? []).toString()
      const event = /event: ([a-z-]+)\n/.exec(text)?.[1]
      if (event === undefined && !done) continue
      ending.abort()
      return event ?? 'closed'
    }
  }
  return { first: first() }
}

function isFor({ only }: Surface, { token }: TestVisitor): boolean {
  return only === undefined || (only === 'programs') === (token !== undefined)
}

/** Everything for the role A: rows of its account, and what has none. */
function permissionsFor(tables: readonly string[]): PlainPermission[] {
  return TABLES.filter((table) => tables.includes(table)).map((table) => ({
    name: `all of ${table}`,
    table,
    effect: 'allow',
    active: true,
    accessType: 'company',
    privileges: ['read', 'write', 'create', 'delete', 'append', 'appendTo'],
    roles: ['A'],
  }))
}

const inCompany = { company: COMPANIES[0], msdyn_company: COMPANIES[0] }
const person = (i: number) => ({
  id: `00000002-0000-4000-8000-${String(i).padStart(12, '0')}`,
  ...inCompany,
  lastname: `Person ${i}`,
  fullname: `Person ${i}`,
  jobtitle: null,
  telephone1: null,
  emailaddress1: `person${i}@example.com`,
  parentcustomerid: i === 0 ? ACCOUNT : null,
})
const ROWS: PlainRows = {
  account: [
    {
      id: ACCOUNT,
      ...inCompany,
      accountnumber: 'A',
      name: 'Account',
      address1_city: null,
      creditlimit: '10',
      parentaccountid: null,
      primarycontactid: null,
    },
  ],
  contact: [0, 1].map(person),
  salesorder: [
    {
      id: ORDER,
      ...inCompany,
      ordernumber: 'O',
      name: 'x',
      totalamount: '10',
      statecode: 0,
      customerid: ACCOUNT,
      msdyn_contactperson: CONTACT,
    },
  ],
  salesorderdetail: [
    {
      id: '00000004-0000-4000-8000-000000000000',
      ...inCompany,
      productnumber: 'P',
      description: null,
      quantity: '1',
      salesorderid: ORDER,
    },
  ],
  invoice: [
    {
      id: '00000005-0000-4000-8000-000000000000',
      ...inCompany,
      msdyn_invoicenumber: 'I',
      description: null,
      msdyn_totalamount: '5',
      customerid: ACCOUNT,
      salesorderid: ORDER,
      [FILE_COLUMN]: 'paper',
    },
  ],
}
