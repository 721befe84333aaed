import assert from 'node:assert/strict'
import test from 'node:test'
import { AppError } from '#lib/app-error.ts'
import { html } from '#lib/html.ts'
import { createTestPortal, type TestPortal } from '../../tests/support/portal.ts'
import { liveRegion } from './component.ts'
import { smallSite } from './testing/small-site.ts'

async function setUp(): Promise<TestPortal & { accounts: string[] }> {
  const portal = await createTestPortal({
    files: smallSite(),
    components: {
      echo: async (_context, args) => html`<p id="echo"${liveRegion('account', [])}>${args.said}</p>`,
      missing: async () => {
        throw new AppError('order.not_found', 'There is no such order')
      },
    },
  })
  const rows = ['Fabrikam', 'Tailspin <b>Toys</b>', 'Wide World'].map((name, i) => ({
    accountnumber: `C${i}`,
    name,
    msdyn_company: portal.companyId,
  }))
  const accounts = await portal.insert('account', rows)
  await portal.addPerson({
    email: 'nora@fabrikam.example',
    firstName: 'Nora',
    accountId: accounts[0] ?? '',
    roles: ['Representative'],
  })
  await portal.addPerson({ email: 'ann@contoso.example', firstName: 'Ann', accountId: null, roles: ['Administrator'] })
  return Object.assign(portal, { accounts })
}

test('values from outside are escaped wherever Liquid or a component prints them', async () => {
  await using portal = await setUp()
  const page = await portal.anonymous().get('/echo/%3Cscript%3Ealert(1)%3C%2Fscript%3E?q=%22%3E%3Cimg%20src=x%3E')
  assert.equal(page.status, 200)
  assert.ok(!page.text.includes('<script>alert'), page.text)
  assert.ok(!page.text.includes('<img'))
  assert.match(page.text, /&lt;script&gt;alert/)
})

test('a page opens for its roles only: sign-in for strangers, a refusal for others, nothing in their menu', async () => {
  await using portal = await setUp()
  const stranger = await portal.anonymous().get('/accounts?q=x')
  assert.equal(stranger.status, 303)
  assert.equal(stranger.location, '/signin?return=%2Faccounts%3Fq%3Dx')
  const nora = await portal.as('nora@fabrikam.example')
  assert.equal((await nora.get('/admin')).status, 403)
  assert.ok(!(await nora.get('/')).text.includes('href="/admin"'))
  const ann = await portal.as('ann@contoso.example')
  assert.equal((await ann.get('/admin')).status, 200)
  // Below a page that is closed everything is closed, whatever it says itself.
  assert.equal((await nora.get('/admin/open')).status, 403)
})

test('what does not exist is a 404 page in the reader’s language, also when a component says so', async () => {
  await using portal = await setUp()
  const browser = portal.anonymous()
  const page = await browser.get('/no/such/page')
  assert.equal(page.status, 404)
  assert.match(page.text, /Not here/)
  await browser.post('/language', { language: 'fr', return: '/' })
  const french = await browser.get('/missing')
  assert.equal(french.status, 404)
  assert.match(french.text, /Introuvable/)
  assert.match(french.text, /<html lang="fr">/)
})

test('an address that begins with two slashes names no host and no page of ours', async () => {
  await using portal = await setUp()
  assert.equal((await portal.anonymous().get('//evil.example/')).status, 404)
  assert.equal((await portal.anonymous().get('//')).status, 200)
})

test('after signing in one returns to where one wanted to go, but never to another site', async () => {
  await using portal = await setUp()
  const browser = portal.anonymous()
  const credentials = { email: 'nora@fabrikam.example', password: 'comptoir-demo' }
  for (const elsewhere of [
    'https://evil.example/',
    '//evil.example/',
    '/\\evil.example',
    'javascript:alert(1)',
    '/\t/evil.example',
    '/.//evil.example',
    '/x/..//evil.example',
  ]) {
    await browser.get('/signin')
    const answer = await browser.post('/signin', { ...credentials, return: elsewhere })
    assert.equal(answer.location, '/', elsewhere)
  }
  await browser.get('/signin')
  assert.equal((await browser.post('/signin', { ...credentials, return: '/accounts?q=x' })).location, '/accounts?q=x')
})

test('a form without the visitor’s token changes nothing', async () => {
  await using portal = await setUp()
  const nora = await portal.as('nora@fabrikam.example')
  await nora.get('/profile')
  assert.equal((await nora.post('/profile', { _form: 'profile', firstname: 'Eve', lastname: 'X', _csrf: 'forged' })).status, 403)
  assert.match((await nora.get('/profile')).text, /value="Nora"/)
})

test('a form says all that is wrong at once, keeps what was typed, and stores only its own columns', async () => {
  await using portal = await setUp()
  const nora = await portal.as('nora@fabrikam.example')
  await nora.get('/profile')
  const refused = await nora.post('/profile', { _form: 'profile', firstname: '', lastname: '"><script>', telephone1: 'call me' })
  assert.equal(refused.status, 422)
  assert.equal([...refused.text.matchAll(/class="field-error"/g)].length, 2)
  assert.match(refused.text, /value="&quot;&gt;&lt;script&gt;"/)
  const saved = await nora.post('/profile', {
    _form: 'profile',
    firstname: 'Nóra',
    lastname: 'Tester',
    emailaddress1: 'other@evil.example',
    parentcustomerid: portal.accounts[1] ?? '',
  })
  assert.equal(saved.location, '/profile?saved=profile')
  const page = (await nora.get('/profile')).text
  assert.match(page, /value="Nóra"/)
  assert.match(page, /value="nora@fabrikam.example"/)
  assert.match((await nora.get('/accounts')).text, /Fabrikam/)
})

test('a list shows the visitor’s rows; search, filter, sorting and place are in its address', async () => {
  await using portal = await setUp()
  const nora = await portal.as('nora@fabrikam.example')
  assert.deepEqual(namesIn((await nora.get('/accounts')).text), ['Fabrikam'])
  const ann = await portal.as('ann@contoso.example')
  const first = await ann.get('/accounts')
  assert.deepEqual(namesIn(first.text), ['Fabrikam', 'Tailspin &lt;b&gt;Toys&lt;/b&gt;'])
  const next = /rel="next" href="([^"]+)"/.exec(first.text)?.[1]?.replaceAll('&amp;', '&') ?? ''
  const second = await ann.get(next)
  assert.deepEqual(namesIn(second.text), ['Wide World'])
  const previous = /rel="prev" href="([^"]+)"/.exec(second.text)?.[1]?.replaceAll('&amp;', '&') ?? ''
  assert.deepEqual(namesIn((await ann.get(previous)).text), namesIn(first.text))
  assert.deepEqual(namesIn((await ann.get('/accounts?sort=name+desc')).text), ['Wide World', 'Tailspin &lt;b&gt;Toys&lt;/b&gt;'])
  assert.deepEqual(namesIn((await ann.get('/accounts?q=world')).text), ['Wide World'])
  assert.deepEqual(namesIn((await ann.get('/accounts?accountnumber=C1')).text), ['Tailspin &lt;b&gt;Toys&lt;/b&gt;'])
  assert.deepEqual(namesIn((await nora.get('/accounts?q=world')).text), [], 'a search finds nothing beyond the visitor’s rows')
  // A place that nobody made starts the list anew, and a column that the list does not have sorts nothing.
  assert.deepEqual(namesIn((await ann.get('/accounts?after=eyJ4IjoxfQ&sort=creditlimit')).text), namesIn(first.text))
  assert.equal((await ann.get(`/accounts?after=${Buffer.from('["Fabrikam","no id"]').toString('base64url')}`)).status, 400)
})

test('an asset is kept for ever under its content’s name, and outlives its release', async () => {
  await using portal = await setUp()
  const url = /href="(\/assets\/[^"]+main\.css)"/.exec((await portal.anonymous().get('/')).text)?.[1] ?? ''
  const changed = new Map(smallSite()).set('theme/main.css', Buffer.from('body { color: red }'))
  await portal.releases.publish(changed, { author: 'test', message: 'Red' })
  const old = await portal.anonymous().get(url)
  assert.equal(old.status, 200)
  assert.equal(old.text, 'body { color: black }')
  assert.match(String(old.headers['cache-control']), /immutable/)
  assert.equal((await portal.anonymous().get(url.replace(/assets\/..../, 'assets/0000'))).status, 404)
  // Only theme and files are served: never templates, texts or permissions.
  assert.equal((await portal.anonymous().get('/assets/0000000000000000/roles.yaml')).status, 404)
})

function namesIn(text: string): string[] {
  return [...text.matchAll(/<td data-label="Name">(?:<a [^>]*>)?(.*?)(?:<\/a>)?<\/td>/g)].map((match) => match[1] ?? '')
}

test('a form that was overtaken by somebody else’s change says so, keeps what was typed, and can be sent again', async () => {
  await using portal = await setUp()
  const nora = await portal.as('nora@fabrikam.example')
  const versionOf = (text: string) => /name="_version" value="(\d+)"/.exec(text)?.[1] ?? ''
  const opened = await nora.get('/profile')
  await portal.database.pool.query(`update tables.contact set jobtitle = 'Buyer'`)
  const fields = { _form: 'profile', firstname: 'Leonora', lastname: 'Tester', telephone1: '' }
  const refused = await nora.post('/profile', { ...fields, _version: versionOf(opened.text) })
  assert.equal(refused.status, 409)
  assert.match(refused.text, /value="Leonora"/)
  const stored = await nora.post('/profile', { ...fields, _version: versionOf(refused.text) })
  assert.equal(stored.status, 303)
  assert.match((await nora.get('/profile')).text, /value="Leonora"/)
})
