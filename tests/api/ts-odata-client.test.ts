import assert from 'node:assert/strict'
import test from 'node:test'
import { ODataQuery } from 'ts-odata-client'
import { createApiWorld, TOKENS } from './world.ts'

// A third client, which writes its queries from lambdas and follows pages by itself.

type Account = {
  accountid: string
  accountnumber: string
  name: string
  creditlimit: number
  statecode: number
  primarycontactid: { contactid: string; fullname: string }
}
type Line = { productnumber: string; sequencenumber: number }

test('ts-odata-client filters, sorts, selects, expands, counts and follows pages', async () => {
  await using world = await createApiWorld()
  const requestInit = () => ({ headers: { authorization: `Bearer ${TOKENS.everything}`, prefer: 'odata.maxpagesize=2' } })
  const accounts = ODataQuery.forV4<Account>(`${world.root}accounts`, { requestInit })
  const tied = await world.call('PUT', `accounts(${world.ids.x})/primarycontactid/$ref`, {
    body: { '@odata.id': `contacts(${world.ids.nora})` },
  })
  assert.equal(tied.status, 204)

  const sorted = await accounts.orderByDescending((one) => one.name).getManyAsync()
  assert.deepEqual(
    sorted.value.map((one) => one.accountnumber),
    ['Y', 'X'],
  )
  const found = await accounts
    .filter((one) => one.name.$contains('abri').and(one.creditlimit.$greaterThan(40_000)))
    .getManyAsync()
  assert.deepEqual(
    found.value.map((one) => one.accountnumber),
    ['X'],
  )
  const [expanded] = (
    await accounts
      .filter((one) => one.accountnumber.$equals('X'))
      .expand('primarycontactid')
      .getManyAsync()
  ).value
  assert.equal(expanded?.primarycontactid.fullname, 'Nora Example')

  const seen: string[] = []
  for await (const line of ODataQuery.forV4<Line>(`${world.root}salesorderdetails`, { requestInit }).orderBy(
    (one) => one.sequencenumber,
  ))
    seen.push(line.productnumber)
  assert.deepEqual(seen, ['P-1', 'P-2', 'P-3'])
})
