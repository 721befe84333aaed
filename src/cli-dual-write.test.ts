import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { Command } from 'commander'
import { newRowId } from '#tables/rows.queries.ts'
import { quiet, setUp, until, type World } from '../tests/support/dual-write-world.ts'
import { mapVariants } from '../tests/support/map-variants.ts'
import type { MapCommandParts } from './cli-input.ts'
import { addMapCommands } from './cli-maps.ts'
import { addParkedCommands } from './cli-parked.ts'
import { addQueuedCommands } from './cli-queued.ts'
import { addValueCommands } from './cli-values.ts'
import { addWatchCommands } from './cli-watch.ts'

const KEY = (account: string) => `dataAreaId=usmf,CustomerAccount=${account}`

/** What the command says, line by line; throws what the command throws. `json` is what it prints with --json. */
function commandsOf(world: World) {
  return async function run(...args: string[]): Promise<{ lines: string[]; json: unknown; isWell: boolean }> {
    const lines: string[] = []
    const parts: MapCommandParts = {
      actor: 'tester',
      print: (rows) => void lines.push(JSON.stringify(rows)),
      say: (text) => void lines.push(text),
      tell: () => undefined,
      withEngine: (work) => work(world.engine),
    }
    const program = new Command('comptoir').exitOverride().configureOutput({ writeErr: () => undefined })
    addMapCommands(program, parts)
    addParkedCommands(program, parts)
    addQueuedCommands(program, parts)
    addValueCommands(program, parts)
    addWatchCommands(program, parts)
    const exitOverride = (command: Command): void => {
      command.exitOverride().configureOutput({ writeErr: () => undefined })
      command.commands.forEach(exitOverride)
    }
    exitOverride(program)
    try {
      await program.parseAsync(args, { from: 'user' })
      return { lines, json: args.includes('--json') ? JSON.parse(lines.join('')) : undefined, isWell: process.exitCode !== 1 }
    } finally {
      process.exitCode = undefined
    }
  }
}

async function ready(options: Parameters<typeof setUp>[0] = {}): Promise<World> {
  const world = await setUp(options)
  await world.engine.whenRunning()
  await quiet(world)
  return world
}

test('existing data is adopted from the command line: a reviewed file of pairs; a record is renumbered, and merged', async () => {
  await using world = await ready()
  const run = commandsOf(world)
  const company = (await world.row('account', 'accountnumber', 'C1')).msdyn_company ?? null
  await world.engine.pauseMap('customers', 'tester', { direction: 'toErp' })
  const own = newRowId()
  await world.insert('account', {
    ...{ accountid: own, accountnumber: 'OLD-1', name: 'FABRIKAM, Inc.', msdyn_company: company, customertypecode: 3 },
  })
  world.erp.deliverTo(undefined)
  const customer = { dataAreaId: 'usmf', OrganizationName: 'Fabrikam Inc', PartyType: 'Organization' }
  world.erp.put('CustomersV3', { ...customer, CustomerAccount: 'C77' })
  const file = join(mkdtempSync(join(tmpdir(), 'comptoir-pairs-')), 'pairs.json')

  assert.deepEqual((await run('maps', 'pairs', 'customers', '--rule', 'name=exact', '--json')).json, [])
  const said = await run('maps', 'pairs', 'customers', '--rule', 'name=loose', '--file', file)
  assert.deepEqual(said.lines, [`1 pairs are in ${file}`])
  await assert.rejects(run('maps', 'adopt', file), /Give --winner erp or portal/)
  await assert.rejects(run('maps', 'adopt', file, '--winner', 'erp', '--certain'), /holds no pair/)
  assert.deepEqual((await run('maps', 'adopt', file, '--winner', 'erp')).lines, ['1 pairs are linked'])
  const again = await run('maps', 'adopt', file, '--winner', 'erp', '--json')
  assert.deepEqual([again.isWell, (again.json as { adopted: number }).adopted], [false, 0])
  writeFileSync(file, '{"map": "customers"}')
  await assert.rejects(run('maps', 'adopt', file, '--winner', 'erp'), /no list of pairs/)
  await until('the record fills the row', async () => (await world.row('account', 'accountid', own)).accountnumber === 'C77')

  world.erp.remove('CustomersV3', KEY('C77'))
  world.erp.put('CustomersV3', { ...customer, CustomerAccount: 'C78' })
  await run('maps', 'renumber', 'customers', KEY('C77'), KEY('C78'))
  await until('the row has its new number', async () => (await world.row('account', 'accountid', own)).accountnumber === 'C78')
  const { lines } = await run('maps', 'merge', 'customers', KEY('C78'), KEY('C1'))
  assert.deepEqual(lines, ['0 references point to dataAreaId=usmf,CustomerAccount=C1 now'])
  const deeds = (await world.engine.listActivity({ map: 'customers', rowsMax: 20 })).filter((one) => one.actor === 'tester')
  assert.deepEqual(
    deeds.map((one) => one.action).filter((action) => action !== 'paused'),
    ['merged two records', 'renumbered', 'adopted existing data', 'adopted existing data'],
  )
})

test('single queued changes are listed page by page, sent at once and discarded with a reason, from the command line', async () => {
  await using world = await ready()
  const run = commandsOf(world)
  await world.engine.pauseMap('customers', 'tester')
  const { accountid } = await world.row('account', 'accountnumber', 'C1')
  await world.edit('account', accountid, { telephone1: '1' })
  await world.edit('account', accountid, { fax: '2' })
  const { json } = await run(...'queued list --map customers --direction toErp --top 1 --json'.split(' '))
  const first = json as { rows: { id: string; waitsFor: string }[]; next: string }
  assert.match(first.rows[0]?.waitsFor ?? '', /The map is paused/)
  const id = first.rows[0]?.id ?? ''
  const second = await run('queued', 'list', '--after', first.next, '--map', 'customers', '--json')
  assert.match(JSON.stringify(second.json), new RegExp(`Waits behind ${id}`))
  assert.match((await run('queued', 'list', '--top', '1')).lines.join(), /the next page: --after/)
  await assert.rejects(run('queued', 'list', '--direction', 'up'), /toErp/)
  await assert.rejects(run('queued', 'list', '--top', '0'), /whole number/)
  const refused = await run('queued', 'now', id)
  assert.deepEqual([refused.isWell, refused.lines[0]], [false, '0 are due at once'])
  assert.match(refused.lines[1] ?? '', /^out:\d+: The map is paused/)
  const gone = await run('queued', 'discard', id, '--reason', 'a mistake', '--json')
  assert.deepEqual([gone.isWell, gone.json], [true, { discarded: 1, refused: [] }])
  assert.equal((await run('queued', 'discard', id)).isWell, false, 'it is gone')
  const [told] = await world.engine.listActivity({ map: 'customers', rowsMax: 1 })
  assert.deepEqual([told?.actor, told?.details.discardedBecause], ['tester', 'a mistake'])
})

test('what is parked is corrected and discarded with a reason, and a value that lost is taken, from the command line', async () => {
  const variants = mapVariants({ customers: { columns: { PrimaryContactPhone: { wins: 'erp' } } } })
  await using world = await ready({ mapFolders: [variants] })
  const run = commandsOf(world)
  const account = await world.row('account', 'accountnumber', 'C1')
  world.erp.faults.onWrite = (write) => (write.entity === 'CustomersV3' ? 'reject' : undefined)
  await world.edit('account', account.accountid, { name: 'Refused' })
  await until('it is parked', async () => (await world.engine.listParked({ map: 'customers', rowsMax: 10 })).length === 1)
  const [item] = (await run('parked', 'list', '--map', 'customers', '--json')).json as { id: string }[]
  const id = item?.id ?? ''
  await assert.rejects(run('parked', 'edit', id, '--set', 'name'), /column=value/)
  await assert.rejects(run('parked', 'edit', id, '--set', 'name=A', '--clear', 'name'), /set and cleared/)
  world.erp.faults.onWrite = () => undefined
  await run('parked', 'edit', id, '--set', 'name=Right, at last', '--set', 'fax=1', '--clear', 'telephone1')
  await quiet(world)
  const record = world.erp.get('CustomersV3', KEY('C1'))
  assert.deepEqual(
    [record?.OrganizationName, record?.PrimaryContactFax, record?.PrimaryContactPhone ?? null],
    ['Right, at last', '1', null],
  )

  world.erp.faults.onWrite = () => 'reject'
  await world.edit('account', account.accountid, { name: 'Refused again' })
  await until('it is parked', async () => (await world.engine.listParked({ map: 'customers', rowsMax: 10 })).length === 1)
  const [second] = await world.engine.listParked({ map: 'customers', rowsMax: 10 })
  const discarded = await run('parked', 'discard', second?.id ?? '', '--reason', 'the customer has gone', '--json')
  assert.deepEqual(discarded.json, { discarded: 1, notParked: 0 })
  assert.equal((await run('parked', 'discard', second?.id ?? '')).isWell, false)
  const told = await world.engine.listActivity({ map: 'customers', rowsMax: 20 })
  assert.equal(told.find((one) => one.action === 'discarded a parked change')?.details.discardedBecause, 'the customer has gone')
  world.erp.faults.onWrite = () => undefined

  await world.engine.pauseMap('customers', 'tester')
  await world.edit('account', account.accountid, { telephone1: 'ours' })
  world.erp.change('CustomersV3', KEY('C1'), { PrimaryContactPhone: 'theirs' })
  await world.engine.resumeMap('customers', 'tester')
  await until('the value has lost', async () => (await world.engine.listConflicts({ map: 'customers', rowsMax: 9 })).length === 1)
  await quiet(world)
  const [lost] = (await run('conflicts', 'list', '--map', 'customers', '--row', String(account.accountid), '--json')).json as {
    id: number
  }[]
  await assert.rejects(run('conflicts', 'take', 'x'), /whole number/)
  await run('conflicts', 'take', String(lost?.id))
  await until('the ERP has it after all', async () => world.erp.get('CustomersV3', KEY('C1'))?.PrimaryContactPhone === 'ours')
})

test('the command line', async (t) => {
  await using world = await ready()
  const run = commandsOf(world)
  await t.test('alert rules are made, changed and removed; what is not given stays', async () => {
    await assert.rejects(run('alerts', 'add', '--kind', 'parked', '--mail', 'a@b.example'), /--title/)
    await assert.rejects(run('alerts', 'add', '--title', 'T', '--mail', 'a@b.example'), /--kind/)
    await assert.rejects(run('alerts', 'add', '--title', 'T', '--kind', 'parked', '--count', '1.5'), /whole number/)
    await assert.rejects(run('alerts', 'add', '--title', 'T', '--kind', 'parked', '--webhook', 'chat'), /begins with http/)
    const added = await run(...'alerts add --title Refused --map customers --kind parked --count 3 --mail a@b.example'.split(' '))
    const id = /^rule (\d+) holds$/.exec(added.lines[0] ?? '')?.[1] ?? ''
    await run('alerts', 'change', id, '--minutes', '5', '--pause', '--no-enabled')
    const rule = { id: Number(id), title: 'Refused', map: 'customers', kind: 'parked', count: 3, windowMinutes: 5 }
    assert.deepEqual((await run('alerts', 'rules', '--json')).json, [
      { ...rule, action: { mail: ['a@b.example'], webhook: null, pause: true }, enabled: false },
    ])
    await run('alerts', 'change', id, '--enabled', '--no-pause', '--all-maps')
    const [changed] = await world.engine.listAlertRules()
    assert.deepEqual([changed?.enabled, changed?.action.pause, changed?.map], [true, false, null])
    await assert.rejects(run('alerts', 'change', '99', '--count', '1'), /no alert rule 99/)
    await run('alerts', 'remove', id)
    assert.deepEqual(await world.engine.listAlertRules(), [])
  })

  await t.test('a map is text: shown, previewed, saved, activated; its outcomes and prerequisites are listed', async () => {
    const shown = (await run('maps', 'show', 'currencies', '--json')).json as { text: string; version: string }
    const file = join(mkdtempSync(join(tmpdir(), 'comptoir-map-')), 'currencies.yaml')
    writeFileSync(file, shown.text.replace(/^version: .*$/m, 'version: 99.0.0'))
    assert.match((await run('maps', 'preview', file, '--rows', '1')).lines.join('\n'), /to the portal: /)
    writeFileSync(`${file}.bad`, shown.text.replace(/^version: .*$/m, 'version: none'))
    const bad = await run('maps', 'preview', `${file}.bad`)
    assert.deepEqual([bad.isWell, bad.lines.length], [false, 1])
    await assert.rejects(run('maps', 'save', file, '--message', 'newer', '--based-on', '0.0.1'), { code: 'dual_write.conflict' })
    const saved = await run('maps', 'save', file, '--message', 'newer', '--based-on', shown.version)
    assert.equal(saved.lines.at(-1), 'currencies 99.0.0 is active')
    await run('maps', 'activate', 'currencies', shown.version)
    const versions = (await run('maps', 'versions', 'currencies', '--json')).json as { version: string; active: boolean }[]
    assert.deepEqual(
      versions.map((one) => [one.version, one.active]).sort(),
      [
        [shown.version, true],
        ['99.0.0', false],
      ].sort(),
    )
    const old = await run('maps', 'show', 'currencies', '--version', '99.0.0')
    assert.equal(old.lines.join('\n'), readFileSync(file, 'utf8').trimEnd())
    const outcomes = (await run('maps', 'outcomes', 'customers', '--kind', 'created', '--json')).json as {
      rows: { key: string }[]
    }
    assert.ok(outcomes.rows.some((one) => one.key === KEY('C1')))
    const before = (await run('maps', 'prerequisites', 'customers', '--json')).json as { map: string }[]
    assert.ok(before.some((one) => one.map === 'companies'))
    const schema = (await run('maps', 'schema', 'customers', '--json')).json as { table: string }
    assert.equal(schema.table, 'account')
    assert.deepEqual((await run('maps', 'retry', 'customers', '--json')).json, { failedRows: 0, parkedChanges: 0 })
    assert.equal(typeof ((await run('maps', 'refresh', 'customers', '--json')).json as { queued: number }).queued, 'number')
    assert.deepEqual((await run('maps', 'repair', 'customers', '--to', 'erp', '--json')).json, { repaired: 0, refused: [] })
    const compared = (await run('maps', 'compare', 'currencies', '--quick', '--json')).json as { equal: boolean }
    assert.equal(compared.equal, true)
    assert.deepEqual((await run('maps', 'pause', 'customers', '--company', 'usmf')).lines, [
      'customers is paused, usmf: changes queue',
    ])
    await run('maps', 'resume', 'customers', '--company', 'usmf')
  })
  await t.test('a script that pauses, resumes, stops and runs a map is told its line, as the list has it', async () => {
    type Line = { name: string; state: string }
    const listed = ((await run('maps', 'list', '--json')).json as Line[]).find((one) => one.name === 'currencies')
    const fields = ['name', 'state', 'rows', 'queued', 'parked', 'lagMs']
    assert.deepEqual(Object.keys(listed ?? {}), fields)
    const states: string[] = []
    for (const verb of ['pause', 'resume', 'stop', 'run']) {
      const line = (await run('maps', verb, 'currencies', '--json')).json as Line
      assert.deepEqual(Object.keys(line), fields)
      assert.equal(line.name, 'currencies')
      states.push(line.state)
    }
    const [paused, resumed, stopped, started] = states
    assert.deepEqual([paused, stopped], ['paused', 'not_running'])
    assert.match(`${resumed}, ${started}`, /^(resuming|running), (initializing|running)$/)
    await until('it runs again', async () => {
      const lines = (await run('maps', 'list', '--json')).json as Line[]
      return lines.find((one) => one.name === 'currencies')?.state === 'running'
    })
  })
  await t.test('a list of values is text, too: shown, planned, saved, given back to the file', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'comptoir-values-')), 'hold.yaml')
    const { lines } = await run('values', 'show', 'hold')
    assert.match(lines.join('\n'), /^No: 806380000\nInvoice: 806380001\n/)
    writeFileSync(file, lines.join('\n').replace('No: 806380000', 'No: 806380000\nNotAtAll: 806380000'))
    const plan = (await run('values', 'save', 'hold', file, '--plan', '--json')).json as { changes: string[]; maps: unknown[] }
    assert.equal(plan.changes.length, 1)
    await assert.rejects(run('values', 'save', 'hold', file), /--message/)
    await assert.rejects(run('values', 'save', 'hold', file, '--message', 'more', '--based-on', 'old'), {
      code: 'dual_write.conflict',
    })
    await run('values', 'save', 'hold', file, '--message', 'more')
    const list = (await run('values', 'show', 'hold', '--json')).json as { pairs: { erp: string }[]; saved: { by: string } }
    assert.deepEqual([list.pairs[1]?.erp, list.saved.by], ['NotAtAll', 'tester'])
    assert.deepEqual((await run('values', 'save', 'hold', file, '--message', 'again')).lines, ['nothing differs'])
    await run('values', 'reset', 'hold')
    assert.deepEqual((await run('values', 'show', 'hold')).lines, lines)
    writeFileSync(file, '- 1')
    await assert.rejects(run('values', 'save', 'hold', file, '--plan'), /no list of values/)
    await assert.rejects(run('values', 'show', 'nothing'), /no list of values nothing/)
  })
})
