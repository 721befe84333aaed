import assert from 'node:assert/strict'
import { join } from 'node:path'
import test from 'node:test'
import { html } from '../src/lib/html.ts'
import { readSiteFolder } from '../src/portals/site-folder.ts'
import { createTestPortal } from './support/portal.ts'

const FOLDER = join(import.meta.dirname, '../src/customer-portal/site')
const COMPONENTS = ['home-tiles', 'home-orders', 'order-list', 'order-detail', 'create-order', 'account']
const DAY_MS = 86_400_000

test('invoices are offered as all, open and those of twelve months, in both languages, within what the reader may see', async () => {
  await using portal = await createTestPortal({
    files: readSiteFolder(FOLDER),
    components: Object.fromEntries(COMPONENTS.map((name) => [name, async () => html`<p>${name}</p>`])),
  })
  const [x = '', y = ''] = await portal.insert(
    'account',
    ['X', 'Y'].map((name) => ({ accountnumber: name, name, msdyn_company: portal.companyId })),
  )
  await portal.addPerson({ email: 'nora@x.example', firstName: 'Nora', accountId: x, roles: ['Customer representative'] })
  const invoice = (number: string, customerid: string, daysAgo: number, settled: string | null) => ({
    msdyn_invoicenumber: number,
    msdyn_invoicedate: new Date(Date.now() - daysAgo * DAY_MS).toISOString().slice(0, 10),
    customerid,
    customeridtype: 'account',
    msdyn_totalamount: '100.00',
    comptoir_settledamount: settled,
    msdyn_company: portal.companyId,
  })
  await portal.insert('invoice', [
    invoice('INV-PAID', x, 2, '100.00'),
    invoice('INV-PART', x, 30, '40.00'),
    invoice('INV-NEW', x, 1, null),
    invoice('INV-OLD', x, 800, '0'),
    invoice('INV-OTHER', y, 1, null),
  ])
  const nora = await portal.as('nora@x.example')
  const numbers = async (address: string) => [...(await nora.get(address)).text.matchAll(/INV-[A-Z]+/g)].map(String).sort()
  assert.deepEqual(await numbers('/invoices'), ['INV-NEW', 'INV-OLD', 'INV-PAID', 'INV-PART'])
  assert.deepEqual(await numbers('/invoices?view=open'), ['INV-NEW', 'INV-OLD', 'INV-PART'])
  assert.deepEqual(await numbers('/invoices?view=last-12-months'), ['INV-NEW', 'INV-PAID', 'INV-PART'])
  assert.deepEqual(await numbers('/invoices?view=open&q=old'), ['INV-OLD'])
  assert.deepEqual(await numbers('/invoices?list=invoices&export=csv&view=open'), ['INV-NEW', 'INV-OLD', 'INV-PART'])

  const choice = async () =>
    [
      ...((await nora.get('/invoices?view=open')).text.match(/<nav class="tabs".*?<\/nav>/s)?.[0] ?? '').matchAll(
        />([^<>]+)<\/a>/g,
      ),
    ].map((one) => one[1])
  assert.deepEqual(await choice(), ['All invoices', 'Open invoices', 'Last 12 months'])
  await nora.post('/language', { language: 'fr' })
  assert.deepEqual(await choice(), ['Toutes les factures', 'Factures ouvertes', '12 derniers mois'])
  assert.match((await nora.get('/invoices')).text, /Numéro de facture/)
})
