import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { parse } from 'yaml'
import { z } from 'zod'
import { readCatalog } from '#tables/catalog.ts'
import { parseMap, readMaps } from './map.ts'
import { passes } from './mapping/filter.ts'
import { mapFile } from './mapping/map-file.ts'

const folder = join(import.meta.dirname, '../../maps')
const catalog = readCatalog()
const maps = readMaps(catalog, join(folder, 'dynamics365'))

test('the standard maps are read, and whoever is looked up comes first', () => {
  const at = (name: string) => maps.findIndex((map) => map.name === name)
  assert.equal(maps.length, 48)
  const pairs = [
    ['companies', 'customers'],
    ['unit-groups', 'units'],
    ['units', 'released-products'],
    ['released-products', 'product-names-fr'],
    ['customers', 'contacts'],
    ['contacts', 'sales-order-headers'],
    ['sales-order-headers', 'sales-order-lines'],
    ['invoices', 'invoice-lines'],
    ['price-groups', 'trade-agreements'],
    ['parties', 'party-addresses'],
    ['address-locations', 'addresses'],
    ['sites', 'warehouses'],
    ['warehouses', 'sales-order-lines'],
    ['quotations', 'quotation-lines'],
    ['on-hand-requests', 'on-hand-entries'],
    ['sales-order-headers', 'customers-by-party'],
  ] as const
  for (const [first, second] of pairs) assert.ok(at(first) >= 0 && at(first) < at(second), `${first} before ${second}`)
})

test('the JSON Schema for editors says what the parser takes (WRITE_SCHEMAS=1 writes it anew)', () => {
  const file = join(folder, 'table-map.schema.json')
  const wanted = JSON.parse(JSON.stringify({ title: 'Table map', ...z.toJSONSchema(mapFile, { io: 'input' }) }))
  if (process.env.WRITE_SCHEMAS === '1') writeFileSync(file, `${JSON.stringify(wanted, null, 2)}\n`)
  assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), wanted)
})

test('a map that names what does not exist is refused with every problem at once', () => {
  const source = parse(readFileSync(join(folder, 'dynamics365/customers.yaml'), 'utf8'))
  source.columns[0].column = 'acountnumber'
  source.columns.push(
    { field: 'X', dir: '=', column: 'nolookup.name' },
    { field: 'Y', dir: '=', column: 'fax', values: 'nolist' },
  )
  assert.throws(
    () => parseMap(catalog, source, {}, 'customers.yaml'),
    (error: Error) =>
      ['acountnumber', 'nolookup', 'nolist', 'key column accountnumber'].every((word) => error.message.includes(word)),
  )
})

test('filters judge plain values as both sides do', () => {
  const customers = maps.find((map) => map.name === 'customers')
  const invoices = maps.find((map) => map.name === 'invoices')
  assert.ok(customers?.filter.erp && customers.filter.portal && invoices?.filter.erp)
  assert.equal(passes(customers.filter.erp, { PartyType: 'organization' }), true)
  assert.equal(passes(customers.filter.erp, { PartyType: null }), false)
  assert.equal(passes(customers.filter.portal, { customertypecode: 3 }), true)
  assert.equal(passes(invoices.filter.erp, { SalesOrderNumber: '' }), false)
  assert.deepEqual(customers.filter.where, { PartyType: 'Organization' })
})
