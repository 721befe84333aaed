import assert from 'node:assert/strict'
import test from 'node:test'
import { isAppError } from '#lib/app-error.ts'
import { parseFetch } from '#lib/fetchxml/parse.ts'
import { createPeople, type People, visitorFor } from '../../tests/support/people.ts'
import { type FetchGround, type FetchResult, runFetch } from './fetch.ts'
import { engineRows } from './predicate.ts'
import { insertRows } from './rows.queries.ts'

const ASOF = { nowMs: Date.parse('2026-11-23T09:00:00Z'), timeZone: 'UTC', contactId: null, accountId: null }

test('FetchXML asks through the one compiler: links, filters, groups, distinct rows and totals', async () => {
  await using people = await createPeople()
  const { run } = over(people)
  const joined = await run(`<fetch returntotalrecordcount="true"><entity name="salesorder">
      <attribute name="ordernumber"/><attribute name="totalamount" alias="total"/>
      <order attribute="ordernumber" descending="true"/>
      <filter><condition attribute="submitdate" operator="last-x-days" value="5"/><condition entityname="c" attribute="name" operator="eq" value="FABRIKAM"/></filter>
      <link-entity name="account" from="accountid" to="customerid" alias="c"><attribute name="name"/></link-entity>
      <link-entity name="salesorderdetail" from="salesorderid" to="salesorderid" link-type="outer" alias="d"><attribute name="quantity"/></link-entity>
    </entity></fetch>`)
  assert.deepEqual(
    joined.rows.map(({ salesorderid: _id, ...row }) => row),
    [
      { ordernumber: 'W-2', total: '0.1000', 'c.name': 'Fabrikam', 'd.quantity': '2' },
      { ordernumber: 'W-1', total: '1234.50', 'c.name': 'Fabrikam', 'd.quantity': '2' },
    ],
  )
  assert.deepEqual(joined.total, { count: 2, limitExceeded: false })

  const grouped = await run(`<fetch aggregate="true"><entity name="salesorder">
      <attribute name="totalamount" alias="sum" aggregate="sum"/><attribute name="salesorderid" alias="orders" aggregate="count"/>
      <link-entity name="account" from="accountid" to="customerid"><attribute name="name" alias="customer" groupby="true"/></link-entity>
      <order alias="customer"/>
    </entity></fetch>`)
  assert.deepEqual(
    grouped.rows.map((row) => [row.customer, String(row.sum), Number(row.orders)]),
    [
      ['Fabrikam', '1234.6000', 2],
      ['Tailspin', '99999999999999999.99', 1],
    ],
  )

  const distinct = await run('<fetch distinct="true"><entity name="salesorder"><attribute name="customerid"/></entity></fetch>')
  assert.equal(distinct.rows.length, 2)

  const asked = await run(`<fetch><entity name="account"><attribute name="name"/><filter>
      <link-entity name="salesorder" from="customerid" to="accountid" link-type="any"><filter><condition attribute="totalamount" operator="gt" value="1000000"/></filter></link-entity>
    </filter></entity></fetch>`)
  assert.deepEqual(
    asked.rows.map((row) => row.name),
    ['Tailspin'],
  )

  const found = await run(
    `<fetch><entity name="account"><filter isquickfindfields="true"><condition attribute="name" operator="like" value="%brik%"/></filter></entity></fetch>`,
  )
  assert.equal(found.rows.length, 1)
  const same =
    await run(`<fetch><entity name="account"><filter><condition attribute="name" operator="eq" valueof="a2.name"/></filter>
    <link-entity name="account" from="accountid" to="accountid" alias="a2"/></entity></fetch>`)
  assert.equal(same.rows.length, 2)
})

test('a visitor gets of a query what permissions leave, behind links and in sums too', async () => {
  await using people = await createPeople()
  const [nora, may] = [over(people, 'nora'), over(people, 'may')]
  const orders =
    '<fetch><entity name="salesorder"><attribute name="ordernumber"/><order attribute="ordernumber"/></entity></fetch>'
  assert.deepEqual(
    (await nora.run(orders)).rows.map((row) => row.ordernumber),
    ['W-1', 'W-2'],
  )
  assert.deepEqual((await over(people).run(orders)).rows.length, 3)
  const sums = `<fetch aggregate="true"><entity name="salesorder"><attribute name="totalamount" alias="sum" aggregate="sum"/></entity></fetch>`
  assert.equal(String((await nora.run(sums)).rows[0]?.sum), '1234.6000')
  const linked = await may.run(
    '<fetch><entity name="cdm_company"><link-entity name="salesorder" from="msdyn_company" to="cdm_companyid" alias="o"><attribute name="ordernumber"/></link-entity></entity></fetch>',
  )
  assert.ok(linked.rows.every((row) => row['o.ordernumber'] !== 'W-1' && row['o.ordernumber'] !== 'W-2'))
})

test('paging through a query equals all its rows, with cookies and by number, multiplied by links and distinct', async () => {
  await using people = await createPeople()
  const { database, catalog } = people.place
  await database.transaction((tx) =>
    insertRows(
      tx,
      catalog.get('salesorderdetail'),
      Array.from({ length: 23 }, (_, i) => ({
        salesorderid: people.orders[i % 2 === 0 ? 'jane' : 'sam'],
        quantity: i % 5 === 0 ? null : String(i % 3),
        sequencenumber: 10 + i,
        productnumber: `P${i % 4}`,
        msdyn_company: people.usmf,
      })),
    ),
  )
  const { run } = over(people)
  const links =
    '<link-entity name="salesorderdetail" from="salesorderid" to="salesorderid" alias="d"><attribute name="salesorderdetailid"/><order attribute="quantity" descending="true"/></link-entity>'
  const lines = (options: string) =>
    `<fetch ${options}><entity name="salesorder"><order attribute="customerid"/>${links}</entity></fetch>`
  const distinct = (options: string) =>
    `<fetch distinct="true" ${options}><entity name="salesorderdetail"><attribute name="productnumber"/><attribute name="quantity"/><order attribute="quantity"/></entity></fetch>`
  for (const query of [lines, distinct]) {
    const all = (await run(query(''))).rows
    assert.ok(all.length > 8)
    const byCookie: unknown[] = []
    const byNumber: unknown[] = []
    let cookie = ''
    for (let page = 1; page < 20; page++) {
      const escaped = cookie.replace(/[<>"&]/g, (char) => `&#${char.charCodeAt(0)};`)
      const result: FetchResult = await run(
        query(`count="4" page="${page}"${cookie === '' ? '' : ` paging-cookie="${escaped}"`}`),
      )
      byCookie.push(...result.rows)
      byNumber.push(...(await run(query(`count="4" page="${page}"`))).rows)
      if (result.pagingCookie === undefined) break
      cookie = result.pagingCookie
      assert.match(result.pagingAnnotation ?? '', /^<cookie pagenumber="\d+" pagingcookie="%253Ccookie/)
    }
    assert.deepEqual(byCookie, all)
    assert.deepEqual(byNumber, all)
  }
})

test('a paging cookie of another query, and a changed one, is refused', async () => {
  await using people = await createPeople()
  const { run } = over(people)
  const query = (order: string, cookie: string) =>
    `<fetch count="1" page="2" paging-cookie="${cookie.replace(/[<>"&]/g, (char) => `&#${char.charCodeAt(0)};`)}"><entity name="salesorder">${order}</entity></fetch>`
  const { pagingCookie = '' } = await run(
    '<fetch count="1"><entity name="salesorder"><order attribute="ordernumber"/></entity></fetch>',
  )
  await run(query('<order attribute="ordernumber"/>', pagingCookie))
  const changed = pagingCookie.replace(/last="[^"]*"/, (last) => {
    const place: unknown[] = JSON.parse(Buffer.from(last.slice(6, -1), 'base64url').toString())
    return `last="${Buffer.from(JSON.stringify([place[0], 'x', 'no id'])).toString('base64url')}"`
  })
  for (const [order, cookie] of [
    ['<order attribute="submitdate"/>', pagingCookie],
    ['<order attribute="ordernumber"/>', 'x'],
    ['<order attribute="ordernumber"/>', '<cookie page="1"><place last="e30"/></cookie>'],
    ['<order attribute="ordernumber"/>', changed],
  ] as const)
    await assert.rejects(run(query(order, cookie)), refused('paging-cookie'), cookie)
})

test('names that do not exist, and values that do not fit, are refused by line and column', async () => {
  await using people = await createPeople()
  const { run } = over(people)
  const inEntity = (inner: string) => `<fetch>\n<entity name="salesorder">${inner}</entity></fetch>`
  const cases: [string, string][] = [
    ['<fetch><entity name="secret"/></fetch>', 'there is no table secret'],
    [inEntity('<attribute name="nothing"/>'), 'line 2, column 27: the table salesorder has no column nothing'],
    [inEntity('<filter><condition attribute="submitdate" operator="on" value="soon"/></filter>'), 'line 2'],
    [inEntity('<filter><condition attribute="ordernumber" operator="resembles" value="x"/></filter>'), 'there is no operator'],
    [inEntity('<filter><condition attribute="ordernumber" operator="eq-userteams"/></filter>'), 'not teams'],
    [
      inEntity('<filter><condition attribute="name" entityname="zz" operator="null"/></filter>'),
      'no link-entity has the alias zz',
    ],
    [
      inEntity(
        '<link-entity name="account" from="accountid" to="customerid" alias="c"/><link-entity name="account" from="accountid" to="customerid" alias="c"/>',
      ),
      'used twice',
    ],
    [
      inEntity(
        '<link-entity name="account" from="accountid" to="customerid" link-type="exists"><attribute name="name"/></link-entity>',
      ),
      'answers no columns',
    ],
    [inEntity('<link-entity name="account" from="name" to="customerid"/>'), 'different things'],
    [
      inEntity(
        '<filter type="or"><condition attribute="ordernumber" operator="null"/><link-entity name="account" from="accountid" to="customerid" link-type="any"/></filter>',
      ),
      'filter of type or',
    ],
    [
      '<fetch aggregate="true"><entity name="account"><attribute name="name" alias="n" aggregate="sum"/></entity></fetch>',
      'sum works on numbers',
    ],
    ['<fetch count="5000" page="11"><entity name="account"/></fetch>', 'pages by number end'],
  ]
  for (const [text, reason] of cases) await assert.rejects(run(text), refused(reason), text)
  await assert.rejects(
    run(
      '<fetch aggregate="true" aggregatelimit="2"><entity name="salesorder"><attribute name="salesorderid" alias="n" aggregate="count"/></entity></fetch>',
    ),
    (error) => isAppError(error) && error.code === 'query.aggregate_limit',
  )
})

test('a surface that opens only some columns refuses the others as if they were not there', async () => {
  await using people = await createPeople()
  const { run } = over(people, undefined, (_, column) => column === 'ordernumber' || column === 'salesorderid')
  const all = await run('<fetch><entity name="salesorder"><all-attributes/></entity></fetch>')
  assert.deepEqual(all.columns.map((one) => one.as).sort(), ['ordernumber', 'salesorderid'])
  for (const inner of [
    '<attribute name="totalamount"/>',
    '<order attribute="totalamount"/>',
    '<filter><condition attribute="totalamount" operator="gt" value="1"/></filter>',
  ])
    await assert.rejects(run(`<fetch><entity name="salesorder">${inner}</entity></fetch>`), refused('has no column totalamount'))
})

function over(people: People, who?: 'nora' | 'may', isOpen?: FetchGround['isOpen']) {
  const { database, catalog } = people.place
  const reach = who === undefined ? () => engineRows : people.permissions.reach(visitorFor(people, who))
  const ground: FetchGround = { catalog, reach, asOf: ASOF, ...(isOpen === undefined ? {} : { isOpen }) }
  return { run: (text: string) => database.read((tx) => runFetch(tx, ground, parseFetch(text))) }
}

function refused(reason: string) {
  return (error: unknown) => {
    assert.ok(isAppError(error) && error.code === 'fetch.invalid' && error.message.includes(reason), String(error))
    return true
  }
}
