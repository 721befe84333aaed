import assert from 'node:assert/strict'
import { join } from 'node:path'
import test from 'node:test'
import { gunzipSync } from 'node:zlib'
import { setMembership } from '../src/access/memberships.ts'
import { setRoles } from '../src/access/roles.ts'
import { addCustomerPortal, components } from '../src/customer-portal/customer-portal.ts'
import { readSiteFolder } from '../src/portals/site-folder.ts'
import { createTestPortal } from './support/portal.ts'

const SITE = join(import.meta.dirname, '../src/customer-portal/site')

test('whoever acts for two accounts finds both in the header, and every link of a page, compressed or not, stays with its account', async () => {
  await using portal = await createTestPortal({
    files: readSiteFolder(SITE),
    components,
    modules: ['dual-write', 'customer-portal'],
  })
  addCustomerPortal(portal.routes)
  const [one = '', two = ''] = await portal.insert('account', [
    { accountnumber: 'A 1', name: 'Fabrikam', msdyn_company: portal.companyId },
    { accountnumber: 'B/2', name: 'Tailspin', msdyn_company: portal.companyId },
  ])
  const role = 'Customer representative'
  const contactId = await portal.addPerson({ email: 'kim@fabrikam.example', firstName: 'Kim', accountId: one, roles: [role] })
  const by = { contactId, accountId: two, grantedBy: null, now: new Date() }
  await portal.database.transaction(async (tx) => {
    await setMembership(tx, portal.catalog, by)
    await setRoles(tx, portal.releases.current().site.permissions.policy, { ...by, roles: [role] })
  })
  const kim = await portal.as('kim@fabrikam.example')
  assert.equal((await kim.get('/orders')).location, '/a/A%201/orders')
  const page = await kim.get('/a/B%2F2/orders')
  assert.equal(page.status, 200)
  assert.match(page.text, /aria-current="true">Tailspin/)
  assert.match(page.text, /href="\/a\/A%201\/"/)
  const paths = [...page.text.matchAll(/(?:href|action)="(\/[^"]*)"/g)].map(([, path = '']) => path)
  const strays = paths.filter((path) => !/^\/(?:a\/|assets\/|signout|studio)/.test(path))
  assert.deepEqual(strays, [])
  const cookie = [...kim.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const packed = await portal.server.inject({ url: '/a/B%2F2/orders', headers: { cookie, 'accept-encoding': 'gzip' } })
  assert.equal(packed.headers['content-encoding'], 'gzip')
  assert.match(gunzipSync(packed.rawPayload).toString(), /href="\/a\/B%2F2\/orders/)

  const foreign = await kim.get('/a/C-3/orders')
  assert.equal(foreign.status, 404)
  assert.match(foreign.text, /You do not act for this account/)
  assert.match(foreign.text, /href="\/a\/A%201\/">Fabrikam/)
  const wanted = await portal.anonymous().get('/a/B%2F2/orders')
  assert.equal(wanted.location, '/signin?return=%2Fa%2FB%252F2%2Forders')
  const language = await kim.post('/a/B%2F2/language', { language: 'fr', return: '/orders' })
  assert.equal(language.location, '/a/B%2F2/orders')
})
