import assert from 'node:assert/strict'
import { connect } from 'node:net'
import test from 'node:test'
import { setMembership } from '#access/memberships.ts'
import { setRoles } from '#access/roles.ts'
import { html } from '#lib/html.ts'
import { systemClock } from '#log/system-clock.ts'
import { applyCustomization } from '#tables/customizing.ts'
import { type Browser, createTestPortal, type TestPortal } from '../../tests/support/portal.ts'
import { smallSite } from './testing/small-site.ts'

const PNG = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), Buffer.alloc(200, 7)])
const PDF = Buffer.concat([Buffer.from('%PDF-1.7\n'), Buffer.alloc(3_000, 'x')])
const BOUNDARY = '----TestBoundary'

const COLUMNS = {
  extend: 'account',
  columns: {
    contoso_logo: { type: 'image', label: { en: 'Logo', fr: 'Logo' } },
    contoso_terms: { type: 'file', maxKb: 20, accept: ['application/pdf'], label: { en: 'Terms', fr: 'Conditions' } },
    contoso_secret: { type: 'file', label: { en: 'Secret', fr: 'Secret' } },
  },
}

const SITE: Readonly<Record<string, string>> = {
  'permissions/account.yaml': `
table: account
permissions:
  - { name: All accounts, accessType: global, privileges: [read], roles: [Administrator] }
  - { name: The account, accessType: account, privileges: [read, write], roles: [Representative], columns: [accountid, name, contoso_logo, contoso_terms, versionnumber] }
`,
  'pages/companies/[company].liquid': '---\ntitle: title.accounts\nroles: [Authenticated Users]\n---\n{% form "company" %}',
  'pages/papers/[company].liquid': '---\ntitle: title.accounts\nroles: [Authenticated Users]\n---\n{% form "papers" %}',
  'pages/companies.liquid': '---\ntitle: title.accounts\nroles: [Authenticated Users]\n---\n{% list "companies" %}',
  'lists/companies.yaml': `
table: account
label: title.accounts
empty: empty
link: /companies/{accountid}
columns: [{ column: contoso_logo, label: logo, show: picture }, { column: name, label: name }, { column: contoso_terms, label: terms }]
`,
  'forms/company.yaml': `
table: account
row: { parameter: company }
submit: save
saved: saved
columns:
  - { column: name, label: name, required: true }
  - { column: contoso_logo, label: logo, input: file }
  - { column: contoso_terms, label: terms, input: file }
`,
  'forms/papers.yaml': `
table: account
mode: read
row: { parameter: company }
submit: save
saved: saved
columns: [{ column: contoso_logo, label: logo, input: file }, { column: contoso_terms, label: terms, input: file }]
`,
}

const TEXTS = {
  en: `
logo: Logo
terms: Terms
file: { kilobytes: '{size} kB', megabytes: '{size} MB' }
form:
  problems: Please correct
  optional: (optional)
  stale: Changed meanwhile
  forbidden: You may not
  fileEmpty: Choose a file
  fileLimit: At most {size}
  fileRemove: Remove
  fileReplace: Replace
  fileSize: '{label} can have at most {size}'
  fileType: '{label} takes no such file'
  fileUpload: Upload
`,
  fr: `
logo: Logo
terms: Conditions
file: { kilobytes: '{size} ko', megabytes: '{size} Mo' }
form:
  problems: Corrigez
  optional: (facultatif)
  stale: Modifié entre-temps
  forbidden: Vous ne pouvez pas
  fileEmpty: Choisissez un fichier
  fileLimit: '{size} au plus'
  fileRemove: Retirer
  fileReplace: Remplacer
  fileSize: '{label} accepte au plus {size}'
  fileType: '{label} n’accepte pas cela'
  fileUpload: Envoyer
`,
}

type World = TestPortal & { x: string; y: string; origin: string }
type Answer = { status: number; text: string; headers: Headers }

async function setUp(): Promise<World> {
  const files = new Map(smallSite())
  const nothing = async () => html``
  const portal = await createTestPortal({ files, components: { echo: nothing, missing: nothing } })
  const ground = { database: portal.database, catalog: portal.catalog, clock: systemClock }
  await applyCustomization(ground, COLUMNS, { by: 'a test', message: 'files' })
  for (const [path, text] of Object.entries(SITE)) files.set(path, Buffer.from(text))
  for (const language of ['en', 'fr'] as const) {
    const path = `snippets/${language}.yaml`
    files.set(path, Buffer.from(`${files.get(path)?.toString() ?? ''}${TEXTS[language]}`))
  }
  await portal.releases.publish(files, { author: 'a test', message: 'files' })
  const [x = '', y = ''] = await portal.insert('account', [
    { accountnumber: 'X', name: 'Fabrikam', msdyn_company: portal.companyId },
    { accountnumber: 'Y', name: 'Tailspin', msdyn_company: portal.companyId },
  ])
  const people = [
    ['nora@fabrikam.example', 'Nora', x, 'Representative'],
    ['theo@tailspin.example', 'Theo', y, 'Representative'],
    ['ann@contoso.example', 'Ann', null, 'Administrator'],
  ] as const
  for (const [email, firstName, accountId, role] of people) await portal.addPerson({ email, firstName, accountId, roles: [role] })
  const origin = await portal.server.listen({ host: '127.0.0.1', port: 0 })
  return Object.assign(portal, { x, y, origin })
}

type Sent = { name?: string; type?: string; content: Buffer; fields?: Readonly<Record<string, string>> }

function bodyOf(
  fields: Readonly<Record<string, string>>,
  { name = 'a', type = 'application/octet-stream', content }: Sent,
): Buffer {
  const head = Object.entries(fields).map(
    ([field, value]) => `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${field}"\r\n\r\n${value}\r\n`,
  )
  const file = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="${name}"\r\nContent-Type: ${type}\r\n\r\n`
  return Buffer.concat([Buffer.from(head.join('') + file), content, Buffer.from(`\r\n--${BOUNDARY}--\r\n`)])
}

/** Sends the form of a file as the page has it now, over the wire. */
async function upload(world: World, browser: Browser, path: string, column: string, sent: Sent): Promise<Answer> {
  const { text } = await browser.get(path)
  const value = (field: string) => new RegExp(`name="${field}" value="([^"]*)"`).exec(text)?.[1] ?? ''
  const fields = { _csrf: value('_csrf'), _form: 'company', _version: value('_version'), _column: column, ...sent.fields }
  return call(world, browser, path, {
    method: 'POST',
    body: new Uint8Array(bodyOf(fields, sent)),
    headers: { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` },
  })
}

async function call(world: World, browser: Browser, path: string, init: RequestInit = {}): Promise<Answer> {
  const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const answer = await fetch(`${world.origin}${path}`, { ...init, redirect: 'manual', headers: { cookie, ...init.headers } })
  return { status: answer.status, text: Buffer.from(await answer.arrayBuffer()).toString('latin1'), headers: answer.headers }
}

test('a file goes in with a form, is shown with its name and size, comes out as it was, and goes away', async () => {
  await using world = await setUp()
  const nora = await world.as('nora@fabrikam.example')
  const path = `/companies/${world.x}`
  assert.match((await nora.get(path)).text, /type="file"[^>]*accept="application\/pdf"/)
  const stored = await upload(world, nora, path, 'contoso_terms', {
    name: 'Reçu "4".pdf'.replaceAll('"', '%22'),
    type: 'application/pdf',
    content: PDF,
  })
  assert.deepEqual([stored.status, stored.headers.get('location')], [303, `${path}?saved=company`])
  const address = `/files/account/${world.x}/contoso_terms`
  const page = await nora.get(`${path}?saved=company`)
  assert.match(page.text, new RegExp(`<a href="${address}" download>Reçu _4_.pdf</a>.*3 kB`))
  assert.match(page.text, /Saved/)

  const file = await call(world, nora, address)
  assert.equal(file.status, 200)
  assert.equal(file.text, PDF.toString('latin1'))
  const header = (name: string) => file.headers.get(name)
  assert.equal(header('content-type'), 'application/pdf')
  assert.equal(header('content-length'), String(PDF.length))
  assert.match(
    header('content-disposition') ?? '',
    /^attachment; filename="Re_u _4_.pdf"; filename\*=UTF-8''Re%C3%A7u%20_4_.pdf$/,
  )
  assert.equal(header('x-content-type-options'), 'nosniff')
  assert.equal(header('content-security-policy'), "default-src 'none'; sandbox")
  assert.equal(header('cache-control'), 'private, no-cache')
  const again = await call(world, nora, address, { headers: { 'if-none-match': header('etag') ?? '' } })
  assert.deepEqual([again.status, again.text], [304, ''])
  const head = await call(world, nora, address, { method: 'HEAD' })
  assert.deepEqual([head.status, head.text], [200, ''])

  await nora.get(path)
  assert.equal((await nora.post(path, { _form: 'company', _remove: 'contoso_terms' })).status, 303)
  assert.equal((await call(world, nora, address)).status, 404)
  assert.ok(!(await nora.get(path)).text.includes(address))
})

test('a picture is shown in place, in lists and on pages for reading too', async () => {
  await using world = await setUp()
  const nora = await world.as('nora@fabrikam.example')
  const stored = await upload(world, nora, `/companies/${world.x}`, 'contoso_logo', {
    name: 'logo.png',
    type: 'image/png',
    content: PNG,
  })
  assert.equal(stored.status, 303)
  const address = `/files/account/${world.x}/contoso_logo`
  const file = await call(world, nora, address)
  assert.match(file.headers.get('content-disposition') ?? '', /^inline; /)
  const pdf = { name: 'a.pdf', type: 'application/pdf', content: PDF }
  assert.equal((await upload(world, nora, `/companies/${world.x}`, 'contoso_terms', pdf)).status, 303)
  const list = (await nora.get('/companies')).text
  assert.match(
    list,
    new RegExp(`<td data-label="Logo"><a href="${address}"><img class="picture" src="${address}" alt="logo.png"`),
  )
  assert.match(
    list,
    new RegExp(`<td data-label="Terms"><a href="/files/account/${world.x}/contoso_terms" download>a.pdf</a></td>`),
  )
  assert.match(
    (await nora.get(`/papers/${world.x}`)).text,
    new RegExp(`<img class="picture" src="${address}" alt=""[^>]*><a href="${address}">logo.png</a>`),
  )
})

test('whoever acts for several accounts has the account in the addresses of files and forms, and only its files', async () => {
  await using world = await setUp()
  const contactId = await world.addPerson({
    email: 'kim@fabrikam.example',
    firstName: 'Kim',
    accountId: world.x,
    roles: ['Representative'],
  })
  const by = { contactId, accountId: world.y, grantedBy: null, now: new Date() }
  await world.database.transaction(async (tx) => {
    await setMembership(tx, world.catalog, by)
    await setRoles(tx, world.releases.current().site.permissions.policy, { ...by, roles: ['Representative'] })
  })
  const kim = await world.as('kim@fabrikam.example')
  const path = `/a/Y/companies/${world.y}`
  assert.match((await kim.get(path)).text, new RegExp(`<form class="field" method="post" action="${path}" enctype`))
  const pdf = { name: 'a.pdf', type: 'application/pdf', content: PDF }
  const stored = await upload(world, kim, path, 'contoso_terms', pdf)
  assert.deepEqual([stored.status, stored.headers.get('location')], [303, `${path}?saved=company`])
  const address = `/files/account/${world.y}/contoso_terms`
  assert.match((await kim.get(path)).text, new RegExp(`href="/a/Y${address}"`))
  assert.equal((await call(world, kim, `/a/Y${address}`)).status, 200)
  assert.equal((await call(world, kim, `/a/X${address}`)).status, 404)
  assert.equal((await call(world, kim, address)).status, 303, 'without an account one is led to the account used last')
})

test('what is wrong with a file is said beside its field, in the language of the reader, and nothing is kept', async () => {
  await using world = await setUp()
  const nora = await world.as('nora@fabrikam.example')
  const path = `/companies/${world.x}`
  const terms = (sent: Sent) => upload(world, nora, path, 'contoso_terms', sent)
  const problem = ({ text }: Answer) =>
    /id="company-contoso_terms-error" role="alert">([^<]*)</.exec(Buffer.from(text, 'latin1').toString())?.[1]
  const large = Buffer.concat([PDF, Buffer.alloc(100_000, 32)])
  const slightlyLarge = Buffer.concat([PDF, Buffer.alloc(18_000, 32)])
  const said = async (sent: Sent) => {
    const answer = await terms(sent)
    return [answer.status, problem(answer)]
  }
  const pdf = { name: 'a.pdf', type: 'application/pdf' }
  assert.deepEqual(await said({ ...pdf, content: large }), [422, 'Terms can have at most 20 kB'])
  assert.deepEqual(await said({ ...pdf, content: slightlyLarge }), [422, 'Terms can have at most 20 kB'])
  assert.deepEqual(await said({ ...pdf, content: Buffer.alloc(0) }), [422, 'Choose a file'])
  assert.deepEqual(await said({ name: '', content: Buffer.alloc(0) }), [422, 'Choose a file'])
  assert.deepEqual(await said({ ...pdf, content: Buffer.from('<html><script>') }), [422, 'Terms takes no such file'])
  await nora.get('/profile')
  await nora.post('/language', { language: 'fr', return: '/' })
  assert.deepEqual(await said({ ...pdf, content: PNG }), [422, 'Conditions n’accepte pas cela'])
  const stale = await terms({ ...pdf, content: PDF, fields: { _version: '1' } })
  assert.equal(stale.status, 409)
  const [left] = await world.database.read((tx) => tx<{ count: number }>`select count(*)::int as count from tables.stored_file`)
  assert.deepEqual(left, { count: 0 })
})

test('files are for whoever may read the column of the row, and put in by whoever may write it, with the token of the page', async () => {
  await using world = await setUp()
  const [nora, theo, ann] = [
    await world.as('nora@fabrikam.example'),
    await world.as('theo@tailspin.example'),
    await world.as('ann@contoso.example'),
  ]
  const path = `/companies/${world.x}`
  const pdf = { name: 'a.pdf', type: 'application/pdf', content: PDF }
  assert.equal((await upload(world, nora, path, 'contoso_terms', pdf)).status, 303)
  const address = `/files/account/${world.x}/contoso_terms`
  assert.equal((await call(world, ann, address)).status, 200)
  assert.equal((await call(world, theo, address)).status, 404)
  const stranger = await call(world, world.anonymous(), address)
  assert.deepEqual([stranger.status, stranger.headers.get('location')], [303, `/signin?return=${encodeURIComponent(address)}`])
  for (const wrong of [
    '/files/account/x/contoso_terms',
    `/files/nothing/${world.x}/name`,
    `/files/account/${world.x}/name`,
    `/files/account/${world.x}/contoso_secret`,
  ])
    assert.equal((await call(world, nora, wrong)).status, 404, wrong)

  const forged = await upload(world, nora, path, 'contoso_terms', { ...pdf, fields: { _csrf: 'forged' } })
  assert.equal(forged.status, 403)
  assert.equal((await upload(world, nora, path, 'contoso_secret', pdf)).status, 404, 'the form has no such field')
  assert.equal((await upload(world, nora, path, 'name', pdf)).status, 404)
  const theirs = await theo.get(`/companies/${world.y}`)
  const token = /name="_csrf" value="([^"]*)"/.exec(theirs.text)?.[1] ?? ''
  const elsewhere = await call(world, theo, path, {
    method: 'POST',
    body: new Uint8Array(bodyOf({ _csrf: token, _form: 'company', _column: 'contoso_terms' }, pdf)),
    headers: { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` },
  })
  assert.equal(elsewhere.status, 404, 'a row that one may not see')
  const mayOnlyRead = await upload(world, ann, path, 'contoso_terms', pdf)
  assert.equal(mayOnlyRead.status, 403)
  const signIn = await call(world, nora, '/signin', {
    method: 'POST',
    body: new Uint8Array(bodyOf({}, pdf)),
    headers: { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` },
  })
  assert.equal(signIn.status, 415, 'no other form takes files')
})

test('hostile bodies are refused with a page, the connection goes on, and nothing remains', async () => {
  await using world = await setUp()
  const nora = await world.as('nora@fabrikam.example')
  const { text } = await nora.get(`/companies/${world.x}`)
  const token = /name="_csrf" value="([^"]*)"/.exec(text)?.[1] ?? ''
  const fields = { _csrf: token, _form: 'company', _column: 'contoso_terms' }
  const good = bodyOf(fields, { name: 'a.pdf', type: 'application/pdf', content: PDF })
  const send = (body: Buffer, type = `multipart/form-data; boundary=${BOUNDARY}`) =>
    call(world, nora, `/companies/${world.x}`, { method: 'POST', body: new Uint8Array(body), headers: { 'content-type': type } })
  for (const [status, body, type] of [
    [400, good, 'multipart/form-data'],
    [400, good, 'multipart/form-data; boundary=other'],
    [400, good.subarray(0, -20)],
    [400, good.subarray(0, 100)],
    [400, Buffer.concat([good, Buffer.from('more')])],
    [400, Buffer.concat([good.subarray(0, -4), Buffer.from('\r\n'), good])],
    [400, Buffer.alloc(200_000, 45)],
    [403, bodyOf({ _form: 'company' }, { content: PDF })],
    [400, Buffer.from(`--${BOUNDARY}\r\nContent-Disposition: form-data; name="_csrf"\r\n\r\n${token}\r\n--${BOUNDARY}--\r\n`)],
  ] as const)
    assert.equal((await send(Buffer.from(body), type)).status, status, `${type} ${body.length}`)
  // A sender who breaks off leaves nothing either.
  const socket = connect(Number(new URL(world.origin).port), '127.0.0.1')
  const cookie = [...nora.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  socket.write(
    `POST /companies/${world.x} HTTP/1.1\r\nHost: here\r\nCookie: ${cookie}\r\nContent-Type: multipart/form-data; boundary=${BOUNDARY}\r\nContent-Length: 900000\r\n\r\n`,
  )
  await new Promise((done) => socket.write(good.subarray(0, good.length - 60), done))
  await new Promise((done) => setTimeout(done, 100))
  socket.destroy()
  assert.equal((await send(good)).status, 303, 'a proper form is still taken')
  const files = await world.database.read((tx) => tx`select name from tables.stored_file`)
  assert.deepEqual(files, [{ name: 'a.pdf' }])
})
