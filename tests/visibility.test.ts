import assert from 'node:assert/strict'
import test from 'node:test'
import { setRoles } from '../src/access/roles.ts'
import { anonymousVisitor } from '../src/access/visitor.ts'
import { engineRows } from '../src/tables/predicate.ts'
import { listRows, updateRow } from '../src/tables/rows.queries.ts'
import { browse, createPeople, createPeopleServer, type People, signInAs, visitorFor } from './support/people.ts'

/** portals.md §1.8: who sees the orders of Jane, Sam and May. */
const MATRIX = {
  admin: ['W-1', 'W-2', 'W-3'],
  nora: ['W-1', 'W-2'],
  jane: ['W-1'],
  sam: ['W-2'],
  may: [],
} as const
const EMAILS = {
  admin: 'admin@comptoir.example',
  nora: 'nora@fabrikam.example',
  jane: 'jane@fabrikam.example',
  sam: 'sam@fabrikam.example',
  may: 'may@tailspin.example',
}
/** portals.md F53: no table permission is for the visitor. */
const NO_PERMISSION = [403, '90040120']
const NAMES = Object.keys(MATRIX) as (keyof typeof MATRIX)[]

test('T2 the visibility matrix holds for every query with the predicate', async () => {
  await using people = await createPeople()
  for (const name of NAMES) assert.deepEqual(await numbersSeen(people, name), MATRIX[name], name)
  const anonymous = anonymousVisitor('en')
  assert.equal(people.permissions.may(anonymous, 'salesorder', 'read'), false)
})

test('T2 the visibility matrix holds on the web API, for orders, for their lines, and for one order by its address', async () => {
  await using people = await createPeople()
  await using server = await createPeopleServer(people)
  for (const name of NAMES) {
    const browser = browse(server)
    assert.equal(await signInAs(browser, EMAILS[name]), 'signed_in')
    const list = await browser.get('/_api/salesorders?$select=ordernumber&$orderby=ordernumber&$count=true')
    if (name === 'may') {
      // No permission of the table is for her: that is said, and no list is made to look empty.
      assert.deepEqual([list.status, list.json().error.code], NO_PERMISSION, 'list')
      assert.equal((await browser.get('/_api/salesorderdetails')).status, 403, 'lines')
      for (const id of Object.values(people.orders))
        assert.equal((await browser.get(`/_api/salesorders(${id})`)).status, 403, 'one order')
      continue
    }
    const orders = list.json()
    assert.deepEqual(
      orders.value.map((row) => row.ordernumber),
      MATRIX[name],
      name,
    )
    assert.equal(orders['@odata.count'], MATRIX[name].length, name)
    const lines = (await browser.get('/_api/salesorderdetails?$select=_salesorderid_value')).json()
    assert.equal(lines.value.length, MATRIX[name].length, `${name}: lines`)
    for (const [owner, number] of Object.entries({ jane: 'W-1', sam: 'W-2', may: 'W-3' })) {
      const { status } = await browser.get(`/_api/salesorders(${people.orders[owner as 'jane']})`)
      const sees = (MATRIX[name] as readonly string[]).includes(number)
      assert.equal(status, sees ? 200 : 404, `${name} and the order of ${owner}`)
    }
  }
})

test('T3 no filter, order, path or key of a request widens what a visitor sees', async () => {
  await using people = await createPeople()
  await using server = await createPeopleServer(people)
  const jane = browse(server)
  await signInAs(jane, EMAILS.jane)
  const attempts = [
    `$filter=_customerid_value eq ${people.accounts.y}`,
    `$filter=ordernumber eq 'W-3' or ordernumber eq 'W-2'`,
    `$filter=not (ordernumber eq 'W-1')`,
    `$filter=ordernumber eq '' or 1 eq 1`,
    `$filter=customerid/name eq 'Tailspin'`,
    `$filter=ordernumber eq 'W-1'' or true or '''`,
    `$orderby=totalamount desc&$top=3&$filter=ordernumber ne 'W-1'`,
  ]
  for (const attempt of attempts) {
    const answer = await jane.get(`/_api/salesorders?${attempt.replaceAll(' ', '%20')}`)
    assert.deepEqual(answer.status === 200 ? answer.json().value : [], [], attempt)
    assert.ok(answer.status < 500, `${attempt}: ${answer.body}`)
  }
})

test('T14 May sees nothing signed out, nothing as unauthorized, and her order from the moment she is authorized', async () => {
  await using people = await createPeople()
  await using server = await createPeopleServer(people)
  const may = browse(server)
  assert.equal((await may.get('/_api/salesorders')).status, 401)
  await signInAs(may, EMAILS.may)
  const ask = () => may.get('/_api/salesorders?$select=ordernumber')
  const seen = async () => (await ask()).json().value.map((row) => row.ordernumber)
  const refused = async () => {
    const answer = await ask()
    return [answer.status, answer.json().error.code]
  }
  assert.deepEqual(await refused(), NO_PERMISSION)
  const give = (roles: string[]) =>
    people.place.database.transaction((tx) =>
      setRoles(tx, people.permissions.policy, {
        contactId: people.contacts.may,
        accountId: people.accounts.y,
        roles,
        grantedBy: people.admin,
        now: new Date(),
      }),
    )
  await give(['Authorized user'])
  assert.deepEqual(await seen(), ['W-3'], 'in the same session, at the next request')
  await people.place.database.transaction((tx) =>
    updateRow(
      tx,
      people.place.catalog.get('salesorder'),
      people.orders.may,
      { msdyn_contactperson: null },
      { predicate: engineRows },
    ),
  )
  assert.deepEqual(await seen(), [], 'a permission that covers no row makes an empty list')
  await give(['Unauthorized user'])
  assert.deepEqual(await refused(), NO_PERMISSION, 'and taken away as quickly')
})

async function numbersSeen(people: People, name: (typeof NAMES)[number]): Promise<unknown[]> {
  const { database, catalog } = people.place
  const table = catalog.get('salesorder')
  const predicate = people.permissions.predicate(visitorFor(people, name), 'salesorder', 'read')
  const query = {
    table,
    columns: ['ordernumber'],
    predicate,
    orderBy: [{ column: 'ordernumber', descending: false }],
    rowsMax: 10,
  }
  return (await database.read((tx) => listRows(tx, catalog, query))).map((row) => row.ordernumber)
}
