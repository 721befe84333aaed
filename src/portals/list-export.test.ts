import assert from 'node:assert/strict'
import test from 'node:test'
import { parse } from 'csv-parse/sync'
import { readSheet } from 'read-excel-file/node'
import { createTestPortal, type TestPortal } from '../../tests/support/portal.ts'
import { smallSite } from './testing/small-site.ts'

const echo = async () => ({ text: '' }) as never

async function openPortal(): Promise<TestPortal & { accounts: string[] }> {
  const files = new Map(smallSite())
  const put = (path: string, text: string) => files.set(path, Buffer.from(text))
  put(
    'lists/accounts.yaml',
    `
table: account
label: title.accounts
empty: empty
columns:
  - { column: accountnumber, label: number }
  - { column: name, label: name }
  - { column: creditlimit, label: limit, format: money, currency: transactioncurrencyid.isocurrencycode }
  - { column: modifiedon, label: changed, format: date }
filters: [{ column: accountnumber, label: number, kind: text }]
sort: [{ column: accountnumber, descending: true }]
pageRows: 2
export: [csv, xlsx]
`,
  )
  put('lists/closed.yaml', 'table: account\nlabel: title.accounts\nempty: empty\ncolumns: [{ column: name, label: name }]')
  put('pages/closed.liquid', '---\ntitle: title.accounts\nroles: [Administrator]\n---\n{% list "closed" %}')
  put('templates/part.liquid', '{% list "accounts" %}')
  put('pages/parts.liquid', '---\ntitle: title.accounts\nroles: [Administrator]\n---\n{% render "part" %}')
  put(
    'permissions/account.yaml',
    `
table: account
permissions:
  - { name: All accounts, accessType: global, privileges: [read], roles: [Administrator] }
  - { name: The account, accessType: account, privileges: [read], columns: [accountnumber, name], roles: [Representative] }
`,
  )
  put(
    'permissions/transactioncurrency.yaml',
    'table: transactioncurrency\npermissions: [{ name: Currencies, accessType: global, privileges: [read], roles: [Authenticated Users] }]',
  )
  for (const [code, texts] of [
    ['en', { number: 'Number', name: 'Name', limit: 'Limit', changed: 'Changed', export: 'Download' }],
    ['fr', { number: 'Numéro', name: 'Nom', limit: 'Limite', changed: 'Modifié', export: 'Télécharger' }],
  ] as const) {
    const more = [
      'list.exportCsv: CSV',
      'list.exportXlsx: Excel',
      'list.exportLimit: "at most {rows}"',
      'list.currency: "{column} ISO"',
    ]
    const own = Object.entries({ limit: texts.limit, changed: texts.changed, 'list.export': texts.export })
    const path = `snippets/${code}.yaml`
    put(path, `${files.get(path)?.toString()}\n${own.map(([key, text]) => `${key}: ${text}`).join('\n')}\n${more.join('\n')}\n`)
  }
  const portal = await createTestPortal({ files, components: { echo, missing: echo } })
  const [usd = ''] = await portal.insert('transactioncurrency', [{ isocurrencycode: 'USD', currencyname: 'US Dollar' }])
  const names = ['=HYPERLINK("x")', 'Bolts, nuts', 'Écrou', '@sum', 'Plain']
  const accounts = await portal.insert(
    'account',
    names.map((name, i) => ({
      accountnumber: `A${i}`,
      name,
      creditlimit: i === 0 ? null : `${i}000.50`,
      transactioncurrencyid: usd,
      msdyn_company: portal.companyId,
    })),
  )
  await portal.addPerson({ email: 'ada@x.example', firstName: 'Ada', accountId: null, roles: ['Administrator'] })
  await portal.addPerson({ email: 'ray@x.example', firstName: 'Ray', accountId: accounts[1] ?? null, roles: ['Representative'] })
  return Object.assign(portal, { accounts })
}

test('a list is downloaded as it stands, whole, typed, and without a formula in it', async () => {
  await using portal = await openPortal()
  const ada = await portal.as('ada@x.example')
  const page = await ada.get('/accounts?accountnumber=A&sort=name+desc')
  const link = /href="([^"]*export=csv[^"]*)"/.exec(page.text)?.[1]?.replaceAll('&amp;', '&') ?? ''
  assert.match(link, /accountnumber=A&sort=name\+desc/)
  const csv = await ada.get(link)
  assert.equal(csv.status, 200)
  assert.match(String(csv.headers['content-disposition']), /^attachment; filename="accounts-\d{4}-\d{2}-\d{2}\.csv"$/)
  const [head, ...rows] = parse(csv.text, { bom: true }) as string[][]
  assert.deepEqual(head?.slice(2, 4), ['Limit', 'Limit ISO'])
  assert.equal(rows.length, 5)
  assert.deepEqual(rows.map((row) => row[1]).sort(), ['\'=HYPERLINK("x")', "'@sum", 'Bolts, nuts', 'Plain', 'Écrou'])
  assert.deepEqual(rows.find((row) => row[0] === 'A4')?.slice(2, 4), ['4000.50', 'USD'])

  const answer = await portal.server.inject({ url: '/accounts?list=accounts&export=xlsx', headers: { cookie: cookiesOf(ada) } })
  const [sheetHead, ...sheet] = await readSheet(answer.rawPayload)
  assert.equal(sheetHead?.length, 5)
  assert.deepEqual(
    sheet.map((row) => row[0]),
    ['A4', 'A3', 'A2', 'A1', 'A0'],
  )
  assert.deepEqual([sheet[0]?.[2], sheet[4]?.[1], sheet[0]?.[4] instanceof Date], [4000.5, '=HYPERLINK("x")', true])
  const filtered = await ada.get('/accounts?list=accounts&export=csv&accountnumber=A3')
  assert.equal((parse(filtered.text, { bom: true }) as string[][]).length, 2)
})

test('a file holds what its reader may see: own rows, no hidden columns', async () => {
  await using portal = await openPortal()
  const ray = await portal.as('ray@x.example')
  const csv = await ray.get('/accounts?list=accounts&export=csv')
  const rows = parse(csv.text, { bom: true }) as string[][]
  assert.deepEqual(rows.slice(1), [['A1', 'Bolts, nuts']])
  assert.equal(rows[0]?.length, 2)
  assert.equal((await portal.anonymous().get('/accounts?list=accounts&export=csv')).status, 303)
})

test('only a list that stands on the page and offers the file can be downloaded there', async () => {
  await using portal = await openPortal()
  const ada = await portal.as('ada@x.example')
  const statuses = async (...urls: string[]) => Promise.all(urls.map(async (url) => (await ada.get(url)).status))
  assert.deepEqual(
    await statuses(
      '/closed?list=closed&export=csv',
      '/closed?list=accounts&export=csv',
      '/accounts?list=accounts&export=pdf',
      '/accounts?export=csv',
    ),
    [404, 404, 404, 404],
  )
  assert.deepEqual(await statuses('/parts?list=accounts&export=csv'), [200])
})

function cookiesOf(browser: { cookies: ReadonlyMap<string, string> }): string {
  return [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
}
