import assert from 'node:assert/strict'
import { test } from 'node:test'
import { explainRow } from '#access/explain.ts'
import { visitorFor } from '../../tests/support/people.ts'
import { createStudio } from './testing/test-studio.ts'
import type { Page } from './wire.ts'
import type { Explained, PersonDetail, PersonSummary, Preview, RowChoice, WhoMayPage } from './wire-security.ts'

test('an explanation is the engine’s: the same verdict and sentence for everybody, and who can see the row agrees with it', async () => {
  await using studio = await createStudio()
  const admin = await studio.administrator()
  const { people } = studio
  const { accounts, contacts, orders } = people
  const row = orders.jane
  const may: Record<string, boolean> = {}
  for (const [name, account] of [
    ['nora', accounts.x],
    ['jane', accounts.x],
    ['sam', accounts.x],
    ['may', accounts.y],
  ] as const) {
    const told = await admin.get<Explained>(
      `/security/explanations?contact=${contacts[name]}&account=${account}&table=salesorder&row=${row}&privilege=read`,
    )
    const engine = await explainRow(people.place, people.permissions, visitorFor(people, name), {
      table: 'salesorder',
      rowId: row,
      privilege: 'read',
    })
    assert.deepEqual([told.allowed, told.verdict, told.because], [engine.allowed, engine.verdict.kind, engine.because], name)
    assert.deepEqual(told.columns, engine.columns, name)
    may[name] = told.allowed
  }
  assert.deepEqual(may, { nora: true, jane: true, sam: false, may: false })
  const anybody = await admin.get<Explained>(`/security/explanations?table=salesorder&row=${row}&privilege=read`)
  assert.deepEqual([anybody.subject.kind, anybody.allowed], ['anonymous', false])

  const who = await admin.get<WhoMayPage>(`/security/people-who-may?table=salesorder&row=${row}&privilege=read`)
  assert.deepEqual(who.people.map((one) => one.id).sort(), [contacts.nora, contacts.jane, people.admin].sort())
  const wrong = await admin.try(
    'GET',
    `/security/explanations?contact=${contacts.nora}&account=${accounts.y}&table=salesorder&row=${row}&privilege=read`,
  )
  assert.equal(wrong.status, 400)
  assert.match(wrong.body, /does not act for this account/)
})

test('people are found by name, mail, account and state; a person’s roles are shown for each account', async () => {
  await using studio = await createStudio()
  const admin = await studio.administrator()
  const { accounts, contacts } = studio.people
  const find = async (query: string) => (await admin.get<Page<PersonSummary>>(`/security/people?${query}`)).rows
  assert.deepEqual(
    (await find('search=fabrikam')).map((one) => one.id).sort(),
    [contacts.nora, contacts.jane, contacts.sam].sort(),
  )
  assert.deepEqual((await find('state=suspended')).length, 0)
  await admin.post(`/contacts/${contacts.sam}/suspensions`, {})
  assert.deepEqual(
    (await find('state=suspended')).map((one) => [one.id, one.state]),
    [[contacts.sam, 'suspended']],
  )
  await admin.post(`/contacts/${contacts.jane}/memberships`, { accountId: accounts.y })
  await admin.post(`/contacts/${contacts.jane}/roles`, {
    accountId: accounts.y,
    roles: ['Customer representative'],
    validUntil: '2020-01-01T00:00:00Z',
  })
  const jane = await admin.get<PersonDetail>(`/security/people/${contacts.jane}`)
  assert.deepEqual(
    jane.accounts.map((one) => [one.accountId, one.isOwn, one.roles.map((role) => [role.role, role.holds])]),
    [
      [accounts.x, true, [['Authorized user', true]]],
      [accounts.y, false, [['Customer representative', false]]],
    ],
  )
  const seen = await admin.get<Preview>(`/security/previews?contact=${contacts.jane}&account=${accounts.x}`)
  assert.equal(seen.tables.find((one) => one.table === 'salesorder')?.rows, 1)
  const role = await admin.get<Preview>(`/security/previews?roles=Customer%20representative&account=${accounts.x}`)
  assert.equal(role.tables.find((one) => one.table === 'salesorder')?.rows, 2)
})

test('a row is found by what people call it, by its id, and by an address with its id', async () => {
  await using studio = await createStudio()
  const admin = await studio.administrator()
  const { accounts } = studio.people
  const choices = await admin.get<RowChoice[]>('/security/rows?table=account&search=fabri')
  assert.deepEqual(
    choices.map((one) => [one.id, one.name]),
    [[accounts.x, 'Fabrikam']],
  )
  assert.equal((await admin.get<RowChoice[]>(`/security/rows?table=account&search=${accounts.x}`)).length, 1)
  const place = await admin.get<{ table: string | null }>(
    `/security/places?address=${encodeURIComponent(`https://portal.example/orders/${studio.people.orders.jane}?tab=lines`)}`,
  )
  assert.equal(place.table, 'salesorder')
  assert.deepEqual(await admin.get('/security/places?address=nothing'), { table: null })
})
