import assert from 'node:assert/strict'
import test from 'node:test'
import { everythingFor } from '#access/everything.ts'
import { anonymousVisitor } from '#access/visitor.ts'
import { createFormats } from '#portals/formats.ts'
import { readCatalog } from '#tables/catalog.ts'
import { shownChanges } from './erp-changes.ts'

const catalog = readCatalog()
const at = '2026-11-23T09:00:00Z'

/** Of these changes, what somebody is shown who may read these columns alone. */
function shown(readable: readonly string[], changes: { column: string; sent: string | null; became: string | null }[]) {
  const permissions = { ...everythingFor(catalog), readableColumns: () => new Set(readable) }
  const context = {
    catalog,
    permissions,
    visitor: anonymousVisitor('en'),
    language: 'en',
    format: createFormats('en-US', 'UTC'),
  }
  const told = changes.map((change) => ({ ...change, at }))
  return shownChanges(context, told, { table: 'salesorderdetail', currency: 'USD' }).map(({ label, sent, became }) => [
    label,
    sent,
    became,
  ])
}

test('a column that the visitor may not read is not told of; nor is one that holds no value for people', () => {
  const changes = [
    { column: 'priceperunit', sent: '2', became: '3' },
    { column: 'quantity', sent: '10', became: '8.5' },
    { column: 'uomid', sent: crypto.randomUUID(), became: crypto.randomUUID() },
  ]
  assert.deepEqual(shown(['quantity', 'uomid'], changes), [['Quantity', '10', '8.5']])
  assert.deepEqual(shown([], changes), [])
})

test('what reads the same is no change; nothing is told as a dash', () => {
  assert.deepEqual(shown(['quantity'], [{ column: 'quantity', sent: '10.00', became: '10' }]), [])
  assert.deepEqual(
    shown(['msdyn_requestedreceiptdate'], [{ column: 'msdyn_requestedreceiptdate', sent: '2026-12-01', became: null }]),
    [['Requested receipt date', 'Dec 1, 2026', '–']],
  )
})
