import assert from 'node:assert/strict'
import test from 'node:test'
import { isAppError } from '#lib/app-error.ts'
import { createPeople, type People, visitorFor } from '../../tests/support/people.ts'
import { readCatalog } from './catalog.ts'
import { idOfViewFile, planView, type View } from './view.ts'
import { readViewFiles } from './view-file.ts'
import { deleteView, findView, listViews, runView, saveView, type ViewInput } from './views.ts'

const FETCH = '<fetch><entity name="salesorder"><attribute name="ordernumber"/><order attribute="ordernumber"/></entity></fetch>'
const failsWith = (code: string) => (error: unknown) => isAppError(error) && error.code === code

function groundOf(people: People, who: 'nora' | 'jane' | 'may' | 'admin') {
  const asOf = { nowMs: people.place.clock.nowMs(), timeZone: 'UTC', contactId: null, accountId: null }
  return { catalog: people.place.catalog, reach: people.permissions.reach(visitorFor(people, who)), asOf }
}

test('a view belongs to who made it, can be shared, and shows each reader what permissions leave', async () => {
  await using people = await createPeople()
  const { database, catalog } = people.place
  const { nora, may } = people.contacts
  const byNora = { personId: nora, maySharedOfOthers: false }
  const byMay = { personId: may, maySharedOfOthers: false }
  const odata = { language: 'odata', columns: 'ordernumber', orderby: 'ordernumber' } as const
  for (const query of [{ language: 'fetchxml', text: FETCH } as const, odata])
    await database.transaction(async (tx) => {
      const input: ViewInput = {
        table: 'salesorder',
        name: ' Orders ',
        query,
        isShared: false,
        widths: { ordernumber: 120, nothing: 5 },
      }
      const view = await saveView(tx, catalog, byNora, input)
      assert.deepEqual([view.name, view.widths, view.query], ['Orders', { ordernumber: 120 }, query])
      const names = async (personId: string) =>
        (await listViews(tx, [], { table: 'salesorder', personId })).map((one) => one.name)
      assert.deepEqual([await names(nora), await names(may)], [['Orders'], []])
      assert.equal(await findView(tx, [], view.id, may), undefined)
      await saveView(tx, catalog, byNora, { ...input, id: view.id, isShared: true })
      assert.deepEqual(await names(may), ['Orders'])

      const rows = async (who: 'nora' | 'admin', rowsMax: number) => {
        const planned = planView(groundOf(people, who), view)
        const found: unknown[] = []
        for (let page = await runView(tx, catalog, planned, { rowsMax }); ; ) {
          found.push(...page.rows.map((row) => row.ordernumber))
          if (page.next === undefined) return found
          page = await runView(tx, catalog, planned, { rowsMax, after: page.next })
        }
      }
      assert.deepEqual(
        [await rows('nora', 50), await rows('admin', 2)],
        [
          ['W-1', 'W-2'],
          ['W-1', 'W-2', 'W-3'],
        ],
      )

      await assert.rejects(saveView(tx, catalog, byMay, { ...input, id: view.id, isShared: true }), failsWith('view.not_found'))
      await assert.rejects(deleteView(tx, byMay, view.id), failsWith('view.not_found'))
      // Whoever looks after shared views may change and remove them, but not take them from their owner.
      const byKeeper = { personId: may, maySharedOfOthers: true }
      await assert.rejects(saveView(tx, catalog, byKeeper, { ...input, id: view.id }), failsWith('view.not_found'))
      const renamed = await saveView(tx, catalog, byKeeper, { ...input, id: view.id, name: 'All', isShared: true })
      assert.deepEqual([renamed.name, renamed.ownerId], ['All', nora])
      await deleteView(tx, byKeeper, view.id)
      assert.deepEqual(await names(nora), [])
    })
})

test('a view is kept only where it fits the tables', async () => {
  await using people = await createPeople()
  const { database, catalog } = people.place
  const bad: [string, ViewInput['query']][] = [
    ['fetch.invalid', { language: 'fetchxml', text: FETCH.replace('"ordernumber"', '"nothing"') }],
    [
      'view.invalid',
      { language: 'fetchxml', text: FETCH.replace('"salesorder"', '"account"').replaceAll('ordernumber', 'name') },
    ],
    ['view.invalid', { language: 'fetchxml', text: FETCH.replace('<fetch>', '<fetch top="3">') }],
    ['tables.unknown_column', { language: 'odata', columns: 'ordernumber,nothing' }],
    ['tables.unknown_column', { language: 'odata', columns: 'ordernumber.name' }],
    ['request.invalid', { language: 'odata', filter: 'nothing eq 1' }],
    ['odata.invalid', { language: 'odata', filter: 'ordernumber eq' }],
    ['request.invalid', { language: 'odata', filter: "totalamount eq 'much'" }],
    ['view.invalid', { language: 'odata', columns: 'name,name' }],
  ]
  await database.transaction(async (tx) => {
    for (const [code, query] of bad) {
      const input = { table: 'salesorder', name: 'Bad', query, isShared: false }
      const editor = { personId: people.admin, maySharedOfOthers: true }
      await assert.rejects(saveView(tx, catalog, editor, input), failsWith(code), JSON.stringify(query))
    }
  })
})

test('whatever a view asks for, its rows and values are those the reader may see', async () => {
  await using people = await createPeople()
  const { database, catalog } = people.place
  const queries: View['query'][] = [
    {
      language: 'odata',
      columns: 'ordernumber,customerid.name',
      filter: "ordernumber ne 'x' or ordernumber eq null",
      orderby: 'customerid/name',
    },
    {
      language: 'fetchxml',
      text: `<fetch><entity name="salesorder"><attribute name="ordernumber"/><filter type="or"><condition attribute="ordernumber" operator="null"/>
        <condition attribute="ordernumber" operator="not-null"/></filter>
        <link-entity name="account" from="accountid" to="customerid" link-type="outer" alias="a"><attribute name="name"/></link-entity></entity></fetch>`,
    },
  ]
  for (const query of queries)
    for (const who of ['nora', 'jane', 'may'] as const) {
      const seen = await database.read(async (tx) => {
        const all = planView(groundOf(people, who), {
          table: 'salesorder',
          query: { language: 'odata', columns: 'ordernumber' },
          widths: {},
        })
        const planned = planView(groundOf(people, who), { table: 'salesorder', query, widths: {} })
        return [await runView(tx, catalog, planned, { rowsMax: 50 }), await runView(tx, catalog, all, { rowsMax: 50 })]
      })
      const [numbers, allowed] = seen.map((page) => page.rows.map((row) => row.ordernumber).sort())
      assert.deepEqual(numbers, allowed, `${who}: ${JSON.stringify(query)}`)
      assert.ok((allowed ?? []).length < 3)
    }
  // A column that is closed is neither shown nor sorted by: a place in the list would tell of it.
  const closed = planView(
    { ...groundOf(people, 'nora'), isOpen: (_table, column) => column !== 'totalamount' },
    {
      table: 'salesorder',
      query: { language: 'odata', columns: 'ordernumber,totalamount', orderby: 'totalamount desc' },
      widths: {},
    },
  )
  assert.deepEqual([closed.columns.map((one) => one.as), closed.query.orderBy], [['ordernumber'], []])
})

test('files of views are read with every problem told by file, and have an id that stays', () => {
  const files = new Map(
    Object.entries({
      'views/salesorder.good.yaml': `
label: { en: Orders, fr: Commandes }
columns: [{ column: ordernumber, width: 90 }, { column: customerid }]
order: [{ column: customerid.name, descending: true }]
filter: Microsoft.Dynamics.CRM.ThisMonth(PropertyName='submitdate')`,
      'views/salesorder.fetch.yaml': `
label: { en: Fetched, fr: Cherchées }
columns: [{ column: ordernumber, width: 90 }]
fetchXml: ${FETCH}`,
      'views/salesorder.one-language.yaml': 'label: { en: Only }',
      'views/salesorder.wrong.yaml': 'label: { en: W, fr: W }\ncolumns: [{ column: nothing }]',
      'views/salesorder.filter.yaml': "label: { en: W, fr: W }\nfilter: contains(totalamount,'x')",
      'views/salesorder.two.yaml': `label: { en: W, fr: W }\nfilter: ordernumber ne null\ncolumns: [{ column: name }]\nfetchXml: ${FETCH}`,
      'views/salesorder.shape.yaml': 'label: { en: W, fr: W }\ncolour: red\ncolumns: []',
      'views/nowhere.x.yaml': 'label: { en: W, fr: W }',
      'views/Bad Name.yaml': '',
    }).map(([path, text]) => [path, Buffer.from(text)]),
  )
  const problems: string[] = []
  const views = readViewFiles(files, readCatalog(), ['en', 'fr'], (file, reason) => problems.push(`${file}: ${reason}`))
  const about = (name: string) => problems.filter((one) => one.startsWith(`views/${name}.yaml: `)).join('\n')
  assert.match(about('salesorder.one-language'), /label.*fr/)
  assert.match(about('salesorder.wrong'), /no column nothing/)
  assert.match(about('salesorder.filter'), /contains/)
  assert.match(about('salesorder.two'), /filter: .*\n.*columns: the query does not answer name/)
  assert.match(about('salesorder.shape'), /columns: .*\n.*colour|colour.*\n.*columns/)
  assert.match(about('nowhere.x'), /no table nowhere/)
  assert.match(about('Bad Name'), /views\/<table>\.<name>\.yaml/)
  assert.deepEqual([about('salesorder.good'), about('salesorder.fetch')], ['', ''])
  const good = views.find((one) => one.name === 'good')
  assert.equal(good?.id, idOfViewFile('views/salesorder.good.yaml'))
  assert.match(good?.id ?? '', /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  // Programs hold these ids: they never change.
  assert.equal(idOfViewFile('views/salesorder.open-orders.yaml'), '3ddf6747-7d0f-5dcf-b54f-11dd01fbcb66')
})
