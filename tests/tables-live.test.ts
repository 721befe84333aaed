import assert from 'node:assert/strict'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { visitorOf } from '../src/access/request.ts'
import { registerPortalApi } from '../src/api/portal-api.ts'
import { MAPS_FOLDER } from '../src/context.ts'
import { openDualWrite } from '../src/dual-write/engine.ts'
import { missingForMaps, readMaps } from '../src/dual-write/map.ts'
import { html } from '../src/lib/html.ts'
import { silentLog } from '../src/log/log.ts'
import { systemClock } from '../src/log/system-clock.ts'
import type { SiteFiles } from '../src/portals/site-folder.ts'
import { smallSite } from '../src/portals/testing/small-site.ts'
import { migrate } from '../src/postgres/migrate.ts'
import { applyCustomization, purgeColumn, withdrawCustomization } from '../src/tables/customizing.ts'
import { openCatalog } from '../src/tables/live-catalog.ts'
import { engineRows } from '../src/tables/predicate.ts'
import { insertRows, listRows, updateRow } from '../src/tables/rows.queries.ts'
import { applyDefinitions } from '../src/tables/schema.ts'
import { createTestDatabase } from './support/database.ts'
import { createMemoryErp } from './support/memory-connector.ts'
import { createTestPortal } from './support/portal.ts'

const nothing = async () => html``
const BY = { by: 'a test', message: 'to see' }
const CODE = { extend: 'account', columns: { contoso_code: { type: 'string', length: 10 } } }
const RETURNS = {
  table: 'contoso_return',
  set: 'contoso_returns',
  id: 'contoso_returnid',
  name: 'number',
  scope: 'global',
  columns: {
    number: { type: 'string', length: 20, required: true },
    pieces: { type: 'integer', min: 0 },
    value: { type: 'money' },
    state: { type: 'choice', options: { open: 1, done: 2 } },
    accountid: { type: 'lookup', target: 'account', collection: 'contoso_account_returns' },
  },
  keys: { number: ['number'] },
}

function siteWith(files: Readonly<Record<string, string>>): SiteFiles {
  return new Map([...smallSite(), ...Object.entries(files).map(([path, text]): [string, Buffer] => [path, Buffer.from(text)])])
}

const WITH_CODE = {
  'permissions/account.yaml': `
table: account
webApi: { enabled: true, columns: [name, contoso_code] }
permissions:
  - { name: The account, accessType: account, privileges: [read], roles: [Representative] }
`,
  'lists/accounts.yaml': `
table: account
label: title.accounts
empty: empty
columns: [{ column: name, label: name }, { column: contoso_code, label: number }]
search: true
pageRows: 5
`,
}

const WITH_RETURNS = {
  ...WITH_CODE,
  'permissions/contoso_return.yaml': `
table: contoso_return
webApi: { enabled: true, columns: [number, pieces, accountid] }
permissions:
  - { name: Returns of the account, accessType: account, relationship: accountid, privileges: [read], roles: [Representative] }
`,
}

test('a new column and a new table are in lists, permissions and the web API without a restart, and stay while they are used', async () => {
  await using portal = await createTestPortal({ files: smallSite(), components: { echo: nothing, missing: nothing } })
  const { catalog, database, releases } = portal
  await registerPortalApi(portal.server, {
    database,
    catalog,
    permissions: () => releases.current().site.permissions,
    views: () => releases.current().site.views,
    visitorOf,
    log: silentLog,
  })
  const ground = { database, catalog, clock: systemClock }
  const [own = '', other = ''] = await portal.insert(
    'account',
    ['Fabrikam', 'Tailspin'].map((name, i) => ({ accountnumber: `C${i}`, name, msdyn_company: portal.companyId })),
  )
  await portal.addPerson({ email: 'nora@fabrikam.example', firstName: 'Nora', accountId: own, roles: ['Representative'] })
  const nora = await portal.as('nora@fabrikam.example')

  await assert.rejects(releases.publish(siteWith(WITH_CODE), { author: 'test', message: 'too early' }), /contoso_code/)
  await applyCustomization(ground, CODE, BY)
  await database.transaction((tx) =>
    updateRow(tx, catalog.get('account'), own, { contoso_code: 'GOLD' }, { predicate: engineRows }),
  )
  await releases.publish(siteWith(WITH_CODE), { author: 'test', message: 'with the code' })
  assert.match((await nora.get('/accounts')).text, /GOLD/)
  const read = async (path: string) => JSON.parse((await nora.get(path)).text) as { value: Record<string, unknown>[] }
  assert.deepEqual(
    (await read('/_api/accounts?$select=contoso_code')).value.map((row) => row.contoso_code),
    ['GOLD'],
  )

  await applyCustomization(ground, RETURNS, BY)
  await portal.insert('contoso_return', [
    { number: 'R1', pieces: 2, accountid: own },
    { number: 'R2', pieces: 3, accountid: other },
  ])
  await releases.publish(siteWith(WITH_RETURNS), { author: 'test', message: 'with returns' })
  const returns = await read('/_api/contoso_returns?$select=number&$filter=pieces gt 1')
  assert.deepEqual(
    returns.value.map((row) => row.number),
    ['R1'],
    'a new table is behind its permissions',
  )

  // What the shown site needs cannot go; what it needs no more can, and what it needs may become another type.
  await assert.rejects(withdrawCustomization(ground, 'account', BY), { code: 'tables.in_use' })
  await applyCustomization(ground, { extend: 'account', columns: { contoso_code: { type: 'memo' } } }, BY)
  assert.match((await nora.get('/accounts')).text, /GOLD/)
  await releases.publish(smallSite(), { author: 'test', message: 'without' })
  await withdrawCustomization(ground, 'account', BY)
  await withdrawCustomization(ground, 'contoso_return', BY)
  assert.equal((await nora.get('/_api/contoso_returns')).status, 404)
  assert.equal((await nora.get('/accounts')).status, 200)
  await purgeColumn(ground, 'account', 'contoso_code', { ...BY, confirm: ['account.contoso_code'] })
  assert.equal((await nora.get('/accounts')).status, 200)
})

test('a map in a folder of one’s own carries a table and columns of one’s own, both ways', async () => {
  await using t = await createTestDatabase()
  const migrations = ['tables', 'dual-write'].map((module) => ({
    module,
    folder: join(import.meta.dirname, '../src', module, 'migrations'),
  }))
  await migrate(t.database, migrations)
  const catalog = await openCatalog({ database: t.database, log: silentLog })
  await applyDefinitions(t.database, catalog)
  const { accountid: _, ...columns } = RETURNS.columns
  await applyCustomization({ database: t.database, catalog, clock: systemClock }, { ...RETURNS, columns }, BY)

  const folder = mkdtempSync(join(tmpdir(), 'comptoir-maps-'))
  writeFileSync(join(folder, 'values.yaml'), 'ReturnState: { Open: 1, Done: 2 }')
  writeFileSync(
    join(folder, 'returns.yaml'),
    `
map: contoso-returns
title: Returns
version: 1.0.0
table: contoso_return
entity: ContosoReturns
key: number
recordKey: [ReturnNumber]
columns:
  - { field: ReturnNumber, dir: '=', column: number }
  - { field: Pieces, dir: '=', column: pieces }
  - { field: Amount, dir: '=', column: value }
  - { field: State, dir: '=', column: state, values: ReturnState }
`,
  )
  const maps = readMaps(catalog, MAPS_FOLDER, folder)
  assert.deepEqual(missingForMaps(maps, catalog), [])
  const erp = createMemoryErp({ ContosoReturns: { keyFields: ['ReturnNumber'] } })
  const key = erp.put('ContosoReturns', { ReturnNumber: 'R1', Pieces: 2, Amount: '12.50', State: 'Done' })
  const engine = await openDualWrite({
    database: t.database,
    catalog,
    connector: erp.connector,
    mapFolders: [folder],
    clock: systemClock,
    log: silentLog,
    eventUrl: 'http://localhost/e',
    eventSecret: 's',
  })
  try {
    await engine.start()
    await engine.whenRunning()
    const table = catalog.get('contoso_return')
    const rows = () =>
      t.database.read((tx) =>
        listRows(tx, catalog, {
          table,
          columns: ['contoso_returnid', 'number', 'pieces', 'value', 'state'],
          predicate: engineRows,
          rowsMax: 10,
        }),
      )
    const [row] = await rows()
    assert.deepEqual([row?.number, row?.pieces, row?.value, row?.state], ['R1', 2, '12.5', 2])
    await t.database.transaction((tx) =>
      updateRow(tx, table, String(row?.contoso_returnid), { pieces: 7 }, { predicate: engineRows }),
    )
    await t.database.transaction((tx) => insertRows(tx, table, [{ number: 'R2', pieces: 1, state: 1 }]))
    await until(() => erp.get('ContosoReturns', key)?.Pieces === 7 && erp.rows('ContosoReturns').length === 2)
    assert.equal(erp.rows('ContosoReturns').find((one) => one.ReturnNumber === 'R2')?.State, 'Open')
    const without = { ...RETURNS, columns: { number: columns.number } }
    const dependent = catalog.addDependent({ problemsWith: (next) => missingForMaps(maps, next) })
    await assert.rejects(
      applyCustomization({ database: t.database, catalog, clock: systemClock }, without, BY),
      /map contoso-returns carries the column contoso_return.pieces/,
    )
    dependent()
  } finally {
    await engine.stop()
    await catalog.close()
  }
})

async function until(isSo: () => boolean): Promise<void> {
  for (let i = 0; i < 200 && !isSo(); i++) await delay(50)
  assert.ok(isSo(), 'did not come')
}
