import assert from 'node:assert/strict'
import { join } from 'node:path'
import test from 'node:test'
import { gunzipSync } from 'node:zlib'
import { setMembership } from '../src/access/memberships.ts'
import { setRoles, settleRolesOfEarlier } from '../src/access/roles.ts'
import { addCustomerPortal, components } from '../src/customer-portal/customer-portal.ts'
import { settleDraftsOfEarlier } from '../src/customer-portal/earlier-drafts.ts'
import { createConfirming } from '../src/dual-write/confirming.ts'
import { systemClock } from '../src/log/system-clock.ts'
import { readSiteFolder } from '../src/portals/site-folder.ts'
import { createTestPortal } from './support/portal.ts'
import { createShop, INFORMATION, type Shop, startDraft } from './support/shop.ts'

const SITE = join(import.meta.dirname, '../src/customer-portal/site')

test('whoever acts for two accounts finds both in the header, and every link of a page, compressed or not, stays with its account', async () => {
  await using portal = await createTestPortal({
    files: readSiteFolder(SITE),
    components,
    modules: ['dual-write', 'customer-portal'],
  })
  addCustomerPortal(portal.routes, createConfirming({ database: portal.database, clock: systemClock }))
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

/** Jane, an authorized user of Fabrikam, becomes one of Tailspin, too. */
async function addTailspin(shop: Shop): Promise<void> {
  const by = { contactId: shop.people.jane, accountId: shop.accounts.tailspin, grantedBy: null, now: new Date() }
  await shop.database.transaction(async (tx) => {
    await setMembership(tx, shop.catalog, by)
    await setRoles(tx, shop.releases.current().site.permissions.policy, { ...by, roles: ['Authorized user'] })
  })
}

test('a draft belongs to the account in which it began: the other account neither offers nor reaches it', async () => {
  await using shop = await createShop()
  const before = await shop.as('jane@shop.test')
  const draft = await startDraft(before)
  await addTailspin(shop)
  const jane = await shop.as('jane@shop.test')
  const [here, there] = ['/a/US-001', '/a/US-002']
  assert.match((await jane.get(`${here}/create-order`)).text, new RegExp(draft))
  assert.doesNotMatch((await jane.get(`${there}/create-order`)).text, new RegExp(draft))
  assert.match((await jane.get(`${here}/`)).text, /1 draft/)
  assert.doesNotMatch((await jane.get(`${there}/`)).text, /1 draft/)
  assert.equal((await jane.get(`${here}/create-order?draft=${draft}&step=items`)).status, 200)
  assert.equal((await jane.get(`${there}/create-order?draft=${draft}&step=items`)).status, 404)
  for (const path of ['information', 'lines', 'submissions', 'discards'])
    assert.equal((await jane.post(`${there}/create-order/${path}`, { ...INFORMATION, draft })).status, 404, path)
  const stored = await shop.database.read((tx) => tx`select state from customer_portal.draft where draft_id = ${draft}`)
  assert.deepEqual(stored, [{ state: 'open' }])
})

test('what was begun and given before accounts were told apart belongs to the own account', async () => {
  await using shop = await createShop()
  const jane = await shop.as('jane@shop.test')
  const draft = await startDraft(jane)
  await shop.database.transaction(async (tx) => {
    await tx`update customer_portal.draft set account_id = null, account_known = false`
    await tx`update access.contact_role set account_id = null, account_known = false where role <> 'Administrator'`
  })
  assert.equal((await jane.get(`/create-order?draft=${draft}`)).status, 403)
  await settleRolesOfEarlier(shop)
  await settleDraftsOfEarlier(shop)
  assert.match((await jane.get('/create-order')).text, new RegExp(draft))
})
