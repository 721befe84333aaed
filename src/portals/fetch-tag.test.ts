import assert from 'node:assert/strict'
import test from 'node:test'
import { isAppError } from '#lib/app-error.ts'
import { createTestPortal, type TestPortal } from '../../tests/support/portal.ts'
import type { SiteFiles } from './site-folder.ts'
import { smallSite } from './testing/small-site.ts'

const echo = async () => ({ text: '' }) as never
const components = { echo, missing: echo }

function siteWith(pages: Readonly<Record<string, string>>): SiteFiles {
  const files = new Map(smallSite())
  for (const [path, body] of Object.entries(pages))
    files.set(path, Buffer.from(path.startsWith('pages/') ? `---\ntitle: title.accounts\n---\n${body}` : body))
  return files
}

const ACCOUNTS = `{% fetchxml found %}
<fetch returntotalrecordcount="true">
  <entity name="account"><attribute name="name"/><attribute name="transactioncurrencyid"/><order attribute="name"/>
    <filter><condition attribute="name" operator="like" value="%{{ request.params.part }}%"/></filter>
  </entity>
</fetch>
{% endfetchxml %}[{% for one in found.results.entities %}{{ one.name }};{% endfor %}]{{ found.results.total_record_count }}`

async function openPortal(pages: Readonly<Record<string, string>>): Promise<TestPortal> {
  const portal = await createTestPortal({ files: siteWith(pages), components })
  const [first = ''] = await portal.insert(
    'account',
    ['Bolts', 'Nuts', '"/><x>&', '{{ 1 }}'].map((name, i) => ({ accountnumber: `A${i}`, name, msdyn_company: portal.companyId })),
  )
  await portal.addPerson({ email: 'ada@x.example', firstName: 'Ada', accountId: null, roles: ['Administrator'] })
  await portal.addPerson({ email: 'ray@x.example', firstName: 'Ray', accountId: first, roles: ['Representative'] })
  return portal
}

test('a page asks its own queries, and each reader gets what permissions leave', async () => {
  await using portal = await openPortal({ 'pages/found/[part].liquid': ACCOUNTS })
  const [ada, ray] = [await portal.as('ada@x.example'), await portal.as('ray@x.example')]
  assert.match((await ada.get('/found/t')).text, /\[Bolts;Nuts;\]2/)
  assert.match((await ray.get('/found/t')).text, /\[Bolts;\]1/)
  assert.match((await portal.anonymous().get('/found/t')).text, /\[\]0/)
})

test('a value of the address is a value, whatever stands in it', async () => {
  await using portal = await openPortal({ 'pages/found/[part].liquid': ACCOUNTS })
  const ada = await portal.as('ada@x.example')
  for (const [value, found] of [
    ['"/><condition attribute="name" operator="not-null"/><condition attribute="name" operator="eq" value="', '[]0'],
    ['&lt;', '[]0'],
    ['/><x>', '[&#34;/&gt;&lt;x&gt;&amp;;]1'],
    ['{{ 1 }}', '[{{ 1 }};]1'],
    ['\uE0000\uE001', '[]0'],
    ["'; drop table tables.account; --", '[]0'],
  ]) {
    const { status, text } = await ada.get(`/found/${encodeURIComponent(value ?? '')}`)
    assert.ok(status === 200 && text.includes(found ?? ''), `${value}: ${status} ${text}`)
  }
})

test('one query may build on what another has found, in parts and loops too', async () => {
  await using portal = await openPortal({
    'templates/contacts.liquid': `{% fetchxml people %}<fetch><entity name="contact"><attribute name="firstname"/><attribute name="parentcustomerid"/>
      <filter><condition attribute="parentcustomerid" operator="eq" value="{{ account.accountid }}"/></filter></entity></fetch>{% endfetchxml %}
      {%- for one in people.results.entities %}{{ one.firstname }} of {{ one.parentcustomerid.name }}{% endfor -%}`,
    'pages/tree.liquid': `{% fetchxml all %}<fetch top="3"><entity name="account"><attribute name="name"/><order attribute="name" descending="true"/></entity></fetch>{% endfetchxml %}
      {% for account in all.results.entities %}{{ account.name }}: {% render 'contacts', account: account %}|{% endfor %}`,
    'permissions/contact.yaml': `
table: contact
permissions:
  - { name: Own contact, accessType: self, privileges: [read, write], roles: [Authenticated Users] }
  - { name: All contacts, accessType: global, privileges: [read], roles: [Administrator] }
`,
  })
  assert.match((await (await portal.as('ada@x.example')).get('/tree')).text, /Nuts: \|\s*Bolts: Ray of Bolts\|/)
})

test('too many queries on a page, and values that fit no column, are answered by an error page', async () => {
  const many = `{% for i in (1..11) %}{% fetchxml x %}<fetch><entity name="account"><filter><condition attribute="name" operator="eq" value="{{ i }}"/></filter></entity></fetch>{% endfetchxml %}{% endfor %}`
  const byId = `{% fetchxml x %}<fetch><entity name="account"><filter><condition attribute="accountid" operator="eq" value="{{ request.params.id }}"/></filter></entity></fetch>{% endfetchxml %}`
  await using portal = await openPortal({ 'pages/many.liquid': many, 'pages/by/[id].liquid': byId })
  const ada = await portal.as('ada@x.example')
  assert.equal((await ada.get('/many')).status, 500)
  assert.equal((await ada.get('/by/nothing')).status, 400)
})

test('a query that cannot run stops the publication, with its file, line and column', async () => {
  await using portal = await openPortal({})
  const inFetch = (inner: string) => `{% fetchxml x %}<fetch>\n<entity name="account">${inner}</entity></fetch>{% endfetchxml %}`
  const condition = (text: string) => inFetch(`<filter>${text}</filter>`)
  const refusals: [string, RegExp][] = [
    [inFetch('<attribute name="secret"/>'), /pages\/bad.liquid: .*line 2, column 24: the table account has no column secret/],
    [inFetch('<attribute name="{{ request.params.x }}"/>'), /values of conditions only/],
    [condition('<condition attribute="name" operator="{{ x }}"/>'), /values of conditions only/],
    [condition('<condition {{ x }} attribute="name" operator="null"/>'), /line 2/],
    [condition('{{ x }}'), /holds no text/],
    [inFetch('{% if x %}<attribute name="name"/>{% endif %}'), /cannot stand inside/],
    ['{% fetchxml x %}<fetch>', /not closed/],
    ['{% fetchxml x %}<fetch count="5000"><entity name="account"/></fetch>{% endfetchxml %}', /at most 500 rows/],
  ]
  for (const [body, reason] of refusals) {
    const publication = portal.releases.publish(siteWith({ 'pages/bad.liquid': body }), { author: 'test', message: 'test' })
    await assert.rejects(publication, (error) => {
      assert.ok(isAppError(error) && error.code === 'site.invalid', String(error))
      assert.match(error.message, reason)
      return true
    })
  }
})
