import assert from 'node:assert/strict'
import test from 'node:test'
import { silentLog } from '#log/log.ts'
import { createMail } from '#mail/mail.ts'
import type { Database } from '#postgres/database.ts'
import { engineRows } from '#tables/predicate.ts'
import { insertRows, readRowsById, updateRow } from '#tables/rows.queries.ts'
import { createPeople, PASSWORD, type People } from '../../tests/support/people.ts'
import { createInvitation, type InvitationRequest, readInvitation, redeemInvitation, revokeInvitation } from './invitations.ts'
import { inviteByMail } from './invite.ts'
import { findPeople } from './people.ts'
import { signIn } from './sign-in.ts'
import { readStanding } from './standing.ts'

const NEW_PASSWORD = 'a long enough secret'

test('T12 a single invitation lets its contact in once, with its account and roles', async () => {
  await using people = await createPeople()
  const [kim = ''] = await addContacts(people, ['kim'])
  const { invited } = await invite(people, { contactIds: [kim], roles: ['Authorized user'] })
  const code = invited[0]?.code ?? ''
  assert.equal(
    (await signIn(people.place, { email: 'kim@fabrikam.example', password: NEW_PASSWORD, userAgent: null })).kind,
    'refused',
  )

  assert.deepEqual(await redeemInvitation(people.place, { code, password: NEW_PASSWORD }), {
    kind: 'redeemed',
    contactId: kim,
    email: 'kim@fabrikam.example',
  })
  assert.equal(
    (await signIn(people.place, { email: 'KIM@fabrikam.example ', password: NEW_PASSWORD, userAgent: null })).kind,
    'signed_in',
  )
  const known = await people.place.database.read((tx) => findPeople(tx, [kim]))
  assert.deepEqual(known.get(kim)?.roles, ['Authorized user'])
  assert.deepEqual(await redeemInvitation(people.place, { code, password: 'another long secret' }), {
    kind: 'refused',
    reason: 'redeemed',
  })
})

test('an invitation to another account makes the contact a member of it, with the roles for it alone', async () => {
  await using people = await createPeople()
  const { place, accounts } = people
  const [kim = ''] = await addContacts(people, ['kim'])
  const { invited } = await invite(people, { contactIds: [kim], roles: ['Customer representative'], accountId: accounts.y })
  assert.equal((await redeem(people, invited[0]?.code)).kind, 'redeemed')
  const standing = await place.database.read((tx) => readStanding(tx, place.catalog, kim, new Date(place.clock.nowMs())))
  assert.deepEqual(
    standing?.accounts.map((one) => [one.accountId, one.isOwn, one.holds, one.roles.map(({ role }) => role)]),
    [
      [accounts.x, true, true, []],
      [accounts.y, false, true, ['Customer representative']],
    ],
  )
  await assert.rejects(invite(people, { contactIds: [kim], roles: ['Administrator'], accountId: accounts.y }))
})

test('T12 of two redemptions of one code at the same moment, one is refused', async () => {
  await using people = await createPeople()
  const [kim = ''] = await addContacts(people, ['kim'])
  const { invited } = await invite(people, { contactIds: [kim] })
  const redeem = (password: string) => redeemInvitation(people.place, { code: invited[0]?.code ?? '', password })
  const outcomes = await Promise.all([redeem('the first secret'), redeem('the second secret')])
  assert.deepEqual(outcomes.map((one) => one.kind).sort(), ['redeemed', 'refused'])
})

test('T12 a group lets in as many of the invited as it allows, each by a code of their own', async () => {
  await using people = await createPeople()
  const contactIds = await addContacts(people, ['kim', 'lee', 'max'])
  const { invited } = await invite(people, { contactIds, type: 'group', redemptionsMax: 2 })
  // All stand at the door in the same moment: each has begun before the first has ended.
  const { database } = people.place
  const { redemptions } = await database.transaction(async (tx) => {
    await tx`select 1 from access.invitation_contact for update`
    const redemptions = invited.map(({ code }) => redeemInvitation(people.place, { code, password: NEW_PASSWORD }))
    await untilWaiting(database, invited.length)
    return { redemptions }
  })
  const kinds = (await Promise.all(redemptions))
    .map((outcome) => (outcome.kind === 'refused' ? outcome.reason : outcome.kind))
    .sort()
  assert.deepEqual(kinds, ['full', 'redeemed', 'redeemed'])
})

test('T12 an expired, a revoked and an invented code are refused, each with its reason', async () => {
  await using people = await createPeople()
  const [kim = '', lee = ''] = await addContacts(people, ['kim', 'lee'])
  const forKim = await invite(people, { contactIds: [kim] })
  const forLee = await invite(people, { contactIds: [lee] })
  const { database, clock } = people.place
  await database.transaction((tx) => revokeInvitation(tx, forLee.invitationId, new Date(clock.nowMs())))
  assert.deepEqual(await redeem(people, forLee.invited[0]?.code), { kind: 'refused', reason: 'revoked' })
  clock.advance(forKim.expiresAt.getTime() - clock.nowMs())
  assert.deepEqual(await redeem(people, forKim.invited[0]?.code), { kind: 'refused', reason: 'expired' })
  assert.deepEqual(await redeem(people, 'invented'), { kind: 'refused', reason: 'unknown' })
})

test('T13 nobody gets in uninvited: a contact without an invitation has no way to a password', async () => {
  await using people = await createPeople()
  const [kim = ''] = await addContacts(people, ['kim'])
  assert.equal((await signIn(people.place, { email: 'kim@fabrikam.example', password: '', userAgent: null })).kind, 'refused')
  assert.equal((await people.place.database.read((tx) => findPeople(tx, [kim]))).get(kim)?.signIn, undefined)
})

test('weak passwords are refused and spend nothing', async () => {
  await using people = await createPeople()
  const [kim = ''] = await addContacts(people, ['kim'])
  const { invited } = await invite(people, { contactIds: [kim] })
  const code = invited[0]?.code ?? ''
  for (const [password, problem] of [
    ['short', 'too_short'],
    ['KIM@fabrikam.example', 'is_email'],
    ['aaaaaaaaaaaa', 'too_simple'],
  ] as const)
    assert.deepEqual(await redeemInvitation(people.place, { code, password }), { kind: 'password', problem })
  assert.equal((await redeem(people, code)).kind, 'redeemed')
})

test('an invitation fills empty ordering columns from the account, keeps what is there, and names what still lacks', async () => {
  await using people = await createPeople()
  const { database, catalog } = people.place
  const contact = catalog.get('contact')
  const [kim = ''] = await addContacts(people, ['kim'])
  await database.transaction((tx) => updateRow(tx, contact, kim, { address1_country: 'CAN' }, { predicate: engineRows }))
  const complete = await invite(people, { contactIds: [kim] })
  assert.deepEqual(complete.invited[0]?.missing, [])
  const row = (await database.read((tx) => readRowsById(tx, contact, [kim]))).get(kim)
  assert.ok(row?.defaultpricelevelid)
  assert.equal(row?.address1_country, 'CAN')

  const [zoe = ''] = await addContacts(people, ['zoe'], people.accounts.y)
  const lacking = await invite(people, { contactIds: [zoe] })
  assert.deepEqual(lacking.invited[0]?.missing, ['defaultpricelevelid', 'transactioncurrencyid', 'address1_country'])
})

test('who cannot be invited is named with every reason, and nothing is written', async () => {
  await using people = await createPeople()
  const [kim = ''] = await addContacts(people, ['kim'], null, '')
  await assert.rejects(invite(people, { contactIds: [kim, people.contacts.jane], type: 'group' }), (error: Error) => {
    assert.match(error.message, /kim Example belongs to no customer account/)
    assert.match(error.message, /kim Example has no email address/)
    assert.match(error.message, /Jane Example can sign in already/)
    return true
  })
  await assert.rejects(invite(people, { contactIds: [kim], roles: ['Authenticated Users'] }), /cannot be assigned/)
  await assert.rejects(invite(people, { contactIds: [kim], roles: ['Emperor'] }), /no web role Emperor/)
})

test('the mail carries the link and lies in the outbox; it is in the language of the contact', async () => {
  await using people = await createPeople()
  const { database, catalog, clock } = people.place
  const [kim = ''] = await addContacts(people, ['kim'])
  await database.transaction((tx) =>
    updateRow(tx, catalog.get('contact'), kim, { adx_preferredlanguage: 'fr-CA' }, { predicate: engineRows }),
  )
  const mail = createMail({ database, smtpUrl: undefined, from: 'a@example.com', log: silentLog })
  await mail.start()
  const place = {
    catalog,
    policy: people.permissions.policy,
    mail,
    publicUrl: 'https://portal.example',
    siteName: 'Café <Contoso>',
  }
  await database.transaction((tx) =>
    inviteByMail(tx, place, {
      contactIds: [kim],
      roles: ['Authorized user'],
      type: 'single',
      createdBy: people.admin,
      now: new Date(clock.nowMs()),
      inviter: 'Ann Admin',
      language: 'en',
    }),
  )
  const [message] = await database.read((tx) => mail.listOutbox(tx, { before: null, rowsMax: 5 }))
  assert.equal(message?.to, 'kim@fabrikam.example')
  assert.equal(message?.state, 'kept')
  assert.match(message?.subject ?? '', /^Votre accès à Café <Contoso>$/)
  assert.match(message?.text ?? '', /Ann Admin vous invite/)
  assert.match(message?.html ?? '', /Café &lt;Contoso&gt;/)
  const code = /https:\/\/portal\.example\/invitation\/(\S+)/.exec(message?.text ?? '')?.[1] ?? ''
  const state = await database.read((tx) => readInvitation(tx, catalog, code, new Date(clock.nowMs())))
  assert.deepEqual(state, { kind: 'open', contactId: kim, fullName: 'kim Example', email: 'kim@fabrikam.example' })
  assert.notEqual(code, PASSWORD)
})

/** Asks in a transaction of its own each time: within one, PostgreSQL's view of its activity stands still. */
async function untilWaiting(database: Database, count: number): Promise<void> {
  for (const deadlineMs = Date.now() + 20_000; Date.now() < deadlineMs; ) {
    const waiting = await database.read(
      (tx) => tx`select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    )
    if (waiting.length >= count) return
    await new Promise((go) => setTimeout(go, 20))
  }
  assert.fail('the redemptions did not meet')
}

async function addContacts(
  people: People,
  names: readonly string[],
  account: string | null = people.accounts.x,
  domain = '@fabrikam.example',
): Promise<string[]> {
  const { database, catalog } = people.place
  const rows = names.map((firstname) => ({
    firstname,
    lastname: 'Example',
    emailaddress1: domain === '' ? null : `${firstname}${domain}`,
    parentcustomerid: account,
    msdyn_company: people.usmf,
  }))
  return database.transaction((tx) => insertRows(tx, catalog.get('contact'), rows))
}

function invite(people: People, request: Partial<InvitationRequest> & { contactIds: readonly string[] }) {
  const { database, catalog, clock } = people.place
  const full = { roles: [], type: 'single' as const, createdBy: people.admin, now: new Date(clock.nowMs()), ...request }
  return database.transaction((tx) => createInvitation(tx, catalog, people.permissions.policy, full))
}

function redeem(people: People, code: string | undefined) {
  return redeemInvitation(people.place, { code: code ?? '', password: NEW_PASSWORD })
}
