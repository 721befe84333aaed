import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { silentLog } from '#log/log.ts'
import { systemClock } from '#log/system-clock.ts'
import { catalog, MAPS_FOLDER, quiet, setUp, until, type World } from '../../tests/support/dual-write-world.ts'
import { followFiles } from './activation.ts'
import { type DualWrite, openDualWrite } from './engine.ts'
import { openCore } from './open-core.ts'

const C1 = 'dataAreaId=usmf,CustomerAccount=C1'
const PHONE = "  - { field: PrimaryContactPhone, dir: '=', column: telephone1 }\n"
const FAX = "  - { field: PrimaryContactFax, dir: '=', column: fax }\n"

async function textOf(engine: DualWrite, changes: readonly [string, string][]): Promise<string> {
  let { text } = await engine.readMap('customers')
  for (const [from, to] of changes) {
    assert.ok(text.includes(from), `the map has ${from}`)
    text = text.replace(from, to)
  }
  return text
}

const account = (world: World) => world.row('account', 'accountnumber', 'C1')

test('a version that is saved while changes flow loses none, and its new columns are read and sent for the rows that are there', async () => {
  await using world = await setUp()
  await world.engine.whenRunning()
  await quiet(world)
  const { version } = await world.engine.readMap('customers')
  const without = await textOf(world.engine, [
    [`version: ${version}`, 'version: 7.0.1'],
    [PHONE, ''],
    [FAX, ''],
  ])
  await world.engine.saveMap(without, 'kim', 'no numbers')
  const { accountid } = await account(world)
  await world.edit('account', accountid, { telephone1: '+1 555' })
  world.erp.change('CustomersV3', C1, { PrimaryContactFax: '+1 777' })
  await quiet(world)
  assert.equal(world.erp.get('CustomersV3', C1)?.PrimaryContactPhone ?? null, null, 'nobody carries it now')
  assert.equal((await account(world)).fax ?? null, null)

  const sent = PHONE.replace("'='", "'<'")
  const again = without.replace('version: 7.0.1', 'version: 7.0.2').replace('columns:\n', `columns:\n${sent}${FAX}`)
  const saving = world.engine.saveMap(again, 'kim', 'numbers again')
  for (let i = 0; i < 12; i++) {
    await world.edit('account', accountid, { telephone1: `+1 ${i}`, websiteurl: `w${i}` })
    world.erp.change('CustomersV3', C1, { PrimaryContactFax: `+2 ${i}`, CreditRating: `r${i}` })
  }
  await saving
  await until('the ERP has the number', () => world.erp.get('CustomersV3', C1)?.PrimaryContactPhone === '+1 11')
  await until('the portal has the fax', async () => (await account(world)).fax === '+2 11')
  await quiet(world)
  assert.equal(world.erp.get('CustomersV3', C1)?.PrimaryContactURL, 'w11')
  assert.equal((await account(world)).msdyn_creditrating, 'r11')
  assert.deepEqual(
    (await world.engine.listVersions('customers')).map((one) => [one.version, one.active]),
    [
      ['7.0.2', true],
      ['7.0.1', false],
      [version, false],
    ],
  )
  const [saved] = await world.engine.listActivity({ map: 'customers', rowsMax: 1 })
  assert.deepEqual([saved?.action, saved?.actor, saved?.details.version], ['version saved', 'kim', '7.0.2'])
})

test('a text with errors, and a number that is taken, are refused; every process follows an activation, also back', async () => {
  await using world = await setUp()
  await world.engine.whenRunning()
  const other = await openDualWrite({
    database: world.database,
    catalog,
    connector: world.erp.connector,
    mapFolders: [MAPS_FOLDER],
    clock: systemClock,
    log: silentLog,
    eventUrl: undefined,
    eventSecret: 's',
  })
  await other.start()
  try {
    const { version } = await world.engine.readMap('customers')
    const wrong = await textOf(world.engine, [['column: telephone1', 'column: no_such_column']])
    await assert.rejects(world.engine.saveMap(wrong, 'kim', ''), { code: 'dual_write.invalid_map' })
    const same = await textOf(world.engine, [[FAX, '']])
    await assert.rejects(world.engine.saveMap(same, 'kim', ''), { code: 'dual_write.conflict' })
    const next = await textOf(world.engine, [
      [FAX, ''],
      [`version: ${version}`, 'version: 8.0.0'],
    ])
    await world.engine.saveMap(next, 'kim', '')
    const versionIn = (engine: DualWrite) => engine.maps().find((map) => map.name === 'customers')?.version
    await until('the other process has it', () => versionIn(other) === '8.0.0')
    await other.activateVersion('customers', version, 'lee')
    await until('the first process is back', () => versionIn(world.engine) === version)
    assert.equal((await world.engine.readMap('customers')).source, 'shipped')
  } finally {
    await other.stop()
  }
})

test('an export is told and taken in by another installation, which has the same maps afterwards', async () => {
  await using from = await setUp()
  await using to = await setUp()
  await Promise.all([from.engine.whenRunning(), to.engine.whenRunning()])
  const { version } = await from.engine.readMap('customers')
  const changed = await textOf(from.engine, [
    [FAX, ''],
    [PHONE, PHONE.replace("'='", "'>'")],
    [`version: ${version}`, 'version: 9.1.0'],
  ])
  await from.engine.saveMap(changed, 'kim', '')
  const bundle = JSON.parse(JSON.stringify(await from.engine.exportMaps('all'))) as object
  const plan = (await to.engine.planImport(bundle)).filter((one) => one.kind !== 'same')
  assert.deepEqual(
    plan.map(({ map, kind, from: was, to: is }) => [map, kind, was, is]),
    [['customers', 'changed', version, '9.1.0']],
  )
  assert.deepEqual(plan[0]?.changes, [
    `version: ${version} → 9.1.0`,
    '- fax (field PrimaryContactFax, direction =)',
    'telephone1: direction = → >',
  ])
  await to.engine.importMaps(bundle, 'lee')
  assert.ok((await to.engine.planImport(bundle)).every((one) => one.kind === 'same'))
  assert.equal(to.engine.maps().find((map) => map.name === 'customers')?.version, '9.1.0')
  await assert.rejects(to.engine.importMaps({ format: 'something' }, 'lee'), { code: 'request.invalid' })
})

test('a refresh follows a file that was edited while the engine runs', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'comptoir-maps-'))
  const file = join(folder, 'customers.yaml')
  const shipped = readFileSync(join(MAPS_FOLDER, 'customers.yaml'), 'utf8')
  writeFileSync(file, shipped.replace(FAX, ''))
  await using world = await setUp({ mapFolders: [folder] })
  await world.engine.whenRunning()
  world.erp.change('CustomersV3', C1, { PrimaryContactFax: '+1 777' })
  await quiet(world)
  assert.equal((await account(world)).fax ?? null, null)
  writeFileSync(file, shipped)
  const { schema } = await world.engine.refreshMap('customers', 'kim')
  assert.deepEqual(schema, [])
  await until('the new column is read', async () => (await account(world)).fax === '+1 777')
  assert.equal((await world.engine.readMap('customers')).source, 'folder')
})

test('an editor learns what both ends have, reads older versions, and does not save over what another has saved meanwhile', async () => {
  await using world = await setUp()
  await world.engine.whenRunning()
  const { engine } = world
  const schemas = await engine.readSchemas('customers')
  assert.equal(schemas.columns.find((one) => one.name === 'accountnumber')?.type, 'string')
  const currency = schemas.columns.find((one) => one.name === 'transactioncurrencyid')
  assert.deepEqual(currency?.paths, ['transactioncurrencyid.isocurrencycode'])
  assert.ok(schemas.lists.some((list) => list.name === 'yes-no' && list.entries.some((one) => one.erp === 'Yes')))
  const { version, text: before } = await engine.readMap('customers')
  const [mine, theirs] = await Promise.all(
    ['10.0.1', '10.0.2'].map((number) =>
      textOf(engine, [
        [`version: ${version}`, `version: ${number}`],
        [PHONE, PHONE.replace("'='", "'>'")],
      ]),
    ),
  )
  assert.ok((await engine.describeDifferences(before, theirs ?? '')).some((one) => one.startsWith('telephone1: direction')))
  await engine.saveMap(theirs ?? '', 'lee', 'first', version)
  await assert.rejects(engine.saveMap(mine ?? '', 'kim', 'late', version), { code: 'dual_write.conflict' })
  await engine.saveMap((mine ?? '').replace('10.0.1', '10.0.3'), 'kim', 'looked at', '10.0.2')
  assert.equal((await engine.readMap('customers', '10.0.2')).text, theirs)
  assert.equal((await engine.readMap('customers', version)).text, before)
  await assert.rejects(engine.readMap('customers', '0.0.9'), { code: 'dual_write.not_found' })
})

test('a process that has not heard of a stored version yet does not put the file’s in its place', async () => {
  await using world = await setUp()
  await world.engine.whenRunning()
  await quiet(world)
  const { version } = await world.engine.readMap('customers')
  const place = { database: world.database, catalog, connector: world.erp.connector, mapFolders: [MAPS_FOLDER] }
  const late = await openCore({ ...place, clock: systemClock, log: silentLog })
  const stored = await textOf(world.engine, [
    [FAX, ''],
    [`version: ${version}`, 'version: 7.1.0'],
  ])
  await world.engine.saveMap(stored, 'kim', '')
  await followFiles(late)
  const activeOf = async () => (await world.engine.listVersions('customers')).filter((one) => one.active)
  assert.deepEqual(
    (await activeOf()).map((one) => one.version),
    ['7.1.0'],
  )
  await late.active.follow()
  await followFiles(late)
  assert.deepEqual(
    [late.maps.find((map) => map.name === 'customers')?.version, (await activeOf())[0]?.version],
    ['7.1.0', '7.1.0'],
  )
  // The other way round: the file holds again, and the late one still knows the stored version.
  await world.engine.activateVersion('customers', version, 'kim')
  await followFiles(late)
  assert.deepEqual(
    (await activeOf()).map((one) => one.version),
    [version],
  )
})

test('a filter that names a legal entity which does not exist is told', async () => {
  await using world = await setUp()
  await world.engine.whenRunning()
  const { text } = await world.engine.readMap('price-groups')
  const filtered = (code: string) => text.replace('columns:', `filter: { erp: "dataAreaId eq '${code}'" }\ncolumns:`)
  const codes = async (code: string) => (await world.engine.checkMap(filtered(code))).map((one) => `${one.code} ${one.at}`)
  assert.ok((await codes('nope')).includes('DIPV1008 filter.erp'))
  assert.ok(!(await codes('USMF')).includes('DIPV1008 filter.erp'))
})
