import assert from 'node:assert/strict'
import test from 'node:test'
import { parse } from 'csv-parse/sync'
import { isAppError } from '#lib/app-error.ts'
import { createTestPortal, type TestPortal } from '../../tests/support/portal.ts'
import { parseSite } from './site.ts'
import { smallSite } from './testing/small-site.ts'

const echo = async () => ({ text: '' }) as never
const VIEWS = {
  all: `
label: { en: All, fr: Tous }
columns: [{ column: accountnumber }, { column: name }, { column: primarycontactid }, { column: customertypecode }, { column: creditlimit }]
order: [{ column: accountnumber }]`,
  large: `
label: { en: Large, fr: Grands }
columns: [{ column: name }, { column: accountnumber }]
order: [{ column: name, descending: true }]
filter: creditlimit ge 2000`,
  // Asks for everything, and for the people of each account.
  people: `
label: { en: People, fr: Personnes }
fetchXml: >
  <fetch><entity name="account"><attribute name="name"/><order attribute="accountnumber"/>
  <filter type="or"><condition attribute="name" operator="null"/><condition attribute="name" operator="not-null"/></filter>
  <link-entity name="contact" from="parentcustomerid" to="accountid" link-type="outer" alias="c"><attribute name="lastname"/></link-entity>
  </entity></fetch>`,
}

function site(list: string): Map<string, Buffer> {
  const files = new Map(smallSite())
  const put = (path: string, text: string) => files.set(path, Buffer.from(text))
  for (const [name, text] of Object.entries(VIEWS)) put(`views/account.${name}.yaml`, text)
  put('lists/accounts.yaml', `table: account\nlabel: title.accounts\nempty: empty\n${list}`)
  put(
    'permissions/account.yaml',
    `
table: account
permissions:
  - { name: All accounts, accessType: global, privileges: [read], roles: [Administrator] }
  - { name: The account, accessType: account, privileges: [read], columns: [accountnumber, name], roles: [Representative] }
`,
  )
  for (const code of ['en', 'fr']) {
    const keys = ['views', 'yes', 'no', 'export', 'exportCsv', 'exportXlsx', 'exportLimit', 'currency'].map(
      (key) => `list.${key}: ${key}`,
    )
    put(`snippets/${code}.yaml`, `${files.get(`snippets/${code}.yaml`)}\n${keys.join('\n')}\n`)
  }
  return files
}

async function openPortal(list: string): Promise<TestPortal> {
  const portal = await createTestPortal({ files: site(list), components: { echo, missing: echo } })
  const accounts = await portal.insert(
    'account',
    ['Abel', 'Baker', 'Cole'].map((name, i) => ({
      accountnumber: `A${i}`,
      name,
      creditlimit: `${i}000`,
      customertypecode: 3,
      msdyn_company: portal.companyId,
    })),
  )
  await portal.insert('contact', [
    { lastname: 'Colleague', parentcustomerid: accounts[1] ?? null, msdyn_company: portal.companyId },
  ])
  await portal.addPerson({ email: 'ada@x.example', firstName: 'Ada', accountId: null, roles: ['Administrator'] })
  await portal.addPerson({ email: 'ray@x.example', firstName: 'Ray', accountId: accounts[1] ?? null, roles: ['Representative'] })
  return portal
}

const CHOICE = 'views: [all, large, people]\nlink: /accounts/{accountid}\npageRows: 2\nexport: [csv]\n'
const linksIn = (text: string) =>
  [...text.matchAll(/<a href="([^"]*)"( aria-current="page")?>([^<]*)<\/a>/g)].map((one) => one.slice(1))
const cellsIn = (text: string) =>
  [...text.matchAll(/<tr><td.*?<\/tr>/g)].map((row) =>
    [...row[0].matchAll(/<td[^>]*>(?:<a[^>]*>)?([^<]*)/g)].map((cell) => cell[1]),
  )

test('a list offers its views as links, and each keeps search, order, pages and files', async () => {
  await using portal = await openPortal(CHOICE)
  const ada = await portal.as('ada@x.example')
  const first = await ada.get('/accounts')
  assert.deepEqual(
    linksIn(first.text).filter(([href]) => href?.includes('view=')),
    [
      ['/accounts?view=all', ' aria-current="page"', 'All'],
      ['/accounts?view=large', undefined, 'Large'],
      ['/accounts?view=people', undefined, 'People'],
    ],
  )
  assert.match(first.text, /<th[^>]*><a[^>]*>Account number<\/a><\/th>/)
  assert.match(first.text, /<th[^>]*>Primary contact<\/th>/)
  assert.deepEqual(
    cellsIn(first.text).map((row) => row.slice(0, 2)),
    [
      ['A0', 'Abel'],
      ['A1', 'Baker'],
    ],
  )
  const next = /rel="next" href="([^"]*)"/.exec(first.text)?.[1]?.replaceAll('&amp;', '&') ?? ''
  assert.deepEqual(
    cellsIn((await ada.get(next)).text).map((row) => row[0]),
    ['A2'],
  )

  const large = await ada.get('/accounts?view=large')
  assert.deepEqual(cellsIn(large.text), [['Cole', 'A2']])
  assert.match(large.text, /<input type="hidden" name="view" value="large">/)
  assert.deepEqual(cellsIn((await ada.get('/accounts?view=large&q=abel')).text), [])
  assert.deepEqual(cellsIn((await ada.get('/accounts?view=no-such-view')).text).length, 2)
  assert.equal((await ada.get('/accounts?view=large&sort=creditlimit+asc&after=bm9uc2Vuc2U')).status, 200)

  const link = /href="([^"]*export=csv[^"]*)"/.exec(large.text)?.[1]?.replaceAll('&amp;', '&') ?? ''
  const file = parse((await ada.get(link)).text, { bom: true }) as string[][]
  assert.deepEqual(file, [
    ['Name', 'Account number'],
    ['Cole', 'A2'],
  ])
})

test('a view shows no row and no column more than its reader may see, on the page and in its file', async () => {
  await using portal = await openPortal(CHOICE)
  const ray = await portal.as('ray@x.example')
  const all = await ray.get('/accounts')
  assert.deepEqual(cellsIn(all.text), [['A1', 'Baker']])
  // He may not read the limit that the view filters by: for him it is empty.
  assert.deepEqual(cellsIn((await ray.get('/accounts?view=large')).text), [])
  const people = await ray.get('/accounts?view=people')
  // Of the people of his account he may see himself alone.
  assert.deepEqual(cellsIn(people.text), [['Baker', 'Tester']])
  const file = parse((await ray.get('/accounts?list=accounts&view=all&export=csv')).text, { bom: true })
  assert.deepEqual(file, [
    ['Account number', 'Name'],
    ['A1', 'Baker'],
  ])
  const ada = await portal.as('ada@x.example')
  assert.equal(cellsIn((await ada.get('/accounts?view=people')).text).length, 2)
})

test('a list may say columns and order in place of those of its view', async () => {
  await using portal = await openPortal(
    'view: large\ncolumns: [{ column: accountnumber, label: number }]\nsort: [{ column: accountnumber }]\n',
  )
  const ada = await portal.as('ada@x.example')
  const page = await ada.get('/accounts')
  assert.deepEqual(cellsIn(page.text), [['A2']])
  assert.doesNotMatch(page.text, /\?view=/)
  assert.match(page.text, />Number</)
})

test('a list whose view is missing or does not fit is not published', async () => {
  await using portal = await openPortal(CHOICE)
  const problemsOf = (list: string, view = VIEWS.all) => {
    const files = site(list)
    files.set('views/account.all.yaml', Buffer.from(view))
    try {
      parseSite(files, portal.catalog, { nowMs: () => 0 })
      return ''
    } catch (error) {
      if (!isAppError(error)) throw error
      return error.message
    }
  }
  assert.equal(problemsOf(CHOICE), '')
  assert.match(
    problemsOf('view: nowhere\n'),
    /lists\/accounts\.yaml: there is no view nowhere: views\/account\.nowhere\.yaml is missing/,
  )
  assert.match(problemsOf('view: all\nviews: [large]\n'), /one view, or several/)
  assert.match(problemsOf('search: true\n'), /a list has columns, or a view/)
  assert.match(problemsOf('views: [all, all]\n'), /each view once/)
  assert.match(
    problemsOf('views: [all]\n', 'label: { en: A, fr: A }\nfilter: nothing eq 1'),
    /views\/account\.all\.yaml: .*no column nothing/,
  )
  const distinct = '<fetch distinct="true"><entity name="account"><attribute name="name"/></entity></fetch>'
  assert.match(problemsOf('views: [all]\n', `label: { en: A, fr: A }\nfetchXml: ${distinct}`), /distinct, and a list shows rows/)
})
