import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createStudio } from './testing/test-studio.ts'
import type {
  Definitions,
  DeleteOutcome,
  GridPage,
  HistoryPage,
  LookupChoice,
  PlanInfo,
  RelatedRows,
  RowDetail,
  SampleValue,
  SaveOutcome,
} from './wire-data.ts'

const NOWHERE = '00000000-0000-7000-8000-000000000000'

test('a row is made, changed and told about: every problem at once, and the row as it is now where somebody was quicker', async () => {
  await using studio = await createStudio()
  const admin = await studio.administrator()
  const wrong = await admin.post<SaveOutcome>('/tables/account/rows', {
    values: { telephone1: 5, accountnumber: 'x'.repeat(300), msdyn_company: NOWHERE },
  })
  assert.equal(wrong.kind, 'invalid')
  const codes = wrong.kind === 'invalid' ? wrong.problems.map((one) => `${one.column} ${one.code}`).sort() : []
  assert.deepEqual(codes, ['accountnumber too_long', 'msdyn_company reference', 'telephone1 type'])

  const values = { name: 'Northwind', accountnumber: 'N-1', msdyn_company: studio.people.usmf }
  const made = await admin.post<SaveOutcome>('/tables/account/rows', { values })
  assert.equal(made.kind, 'saved')
  if (made.kind !== 'saved') return
  const path = `/tables/account/rows/${made.id}`
  const mine = await admin.post<SaveOutcome>(`${path}/changes`, { version: made.version, values: { telephone1: '1' } })
  assert.equal(mine.kind, 'saved')
  const late = await admin.post<SaveOutcome>(`${path}/changes`, { version: made.version, values: { telephone1: '2' } })
  assert.equal(late.kind, 'stale')
  assert.equal(late.kind === 'stale' && late.row.values.telephone1, '1')

  const row = await admin.get<RowDetail>(path)
  assert.equal(row.names.msdyn_company, 'Contoso')
  assert.deepEqual(row.sync, { kind: 'unlinked' })
  assert.ok(row.mappedColumns.includes('accountnumber'))
  const { entries } = await admin.get<HistoryPage>(`${path}/history`)
  assert.deepEqual(
    entries.map((one) => [one.operation, one.who, one.from, one.changes.map((change) => [change.column, change.after])]),
    [
      ['update', 'Ada Admin', 'studio', [['telephone1', '1']]],
      ['create', 'Ada Admin', 'studio', []],
    ],
  )
})

test('what hangs on a row is counted before it is deleted, goes with it, and comes back with it', async () => {
  await using studio = await createStudio()
  const admin = await studio.administrator()
  const order = studio.people.orders.jane
  const path = `/tables/salesorder/rows/${order}`
  const before = await admin.get<RowDetail>(path)
  const related = await admin.get<RelatedRows[]>(`${path}/related`)
  const lines = related.find((one) => one.table === 'salesorderdetail' && one.column === 'salesorderid')
  assert.deepEqual([lines?.count, lines?.onDelete], [1, 'cascade'])

  const stale = await admin.post<DeleteOutcome>(`${path}/deletions`, { version: before.version + 1 })
  assert.deepEqual(stale, { kind: 'stale' })
  assert.deepEqual(await admin.post<DeleteOutcome>(`${path}/deletions`, { version: before.version }), { kind: 'deleted' })
  assert.equal((await admin.try('GET', path)).status, 404)
  assert.deepEqual(await admin.post(`${path}/restorations`, {}), { restored: 2 })
  const after = await admin.get<RowDetail>(path)
  const kept = ({ createdon: _c, modifiedon: _m, versionnumber: _v, ...values }: RowDetail['values']) => values
  assert.deepEqual(kept(after.values), kept(before.values))
  const back = await admin.get<GridPage>(`/tables/salesorderdetail/rows?filter=${encodeURIComponent(`salesorderid eq ${order}`)}`)
  assert.equal(back.rows.length, 1)
  assert.equal((await admin.try('POST', `${path}/restorations`, {})).status, 404, 'a row that is there is not brought back')
  assert.deepEqual(
    await admin.post<DeleteOutcome>(`/tables/cdm_company/rows/${studio.people.usmf}/deletions`, {
      version: (await admin.get<RowDetail>(`/tables/cdm_company/rows/${studio.people.usmf}`)).version,
    }),
    { kind: 'in_use' },
  )
})

test('lookups are found by what people type, with their key', async () => {
  await using studio = await createStudio()
  const admin = await studio.administrator()
  const found = await admin.get<LookupChoice[]>('/tables/account/choices?search=fab')
  assert.deepEqual(found, [{ id: studio.people.accounts.x, name: 'Fabrikam', key: 'X' }])
  assert.deepEqual(await admin.get<LookupChoice[]>('/tables/account/choices?search=nobody'), [])
})

test('a column is planned, made, usable at once, retired with its values kept, brought back, and purged only when its loss is named', async () => {
  await using studio = await createStudio()
  const admin = await studio.administrator()
  const message = 'For the tests'
  const column = { type: 'integer', label: { en: 'Loyalty', fr: 'Fidélité' } }
  const document = { extend: 'account', columns: { contoso_loyalty: column } }
  const plan = await admin.post<PlanInfo>('/definitions/previews', { document })
  assert.deepEqual([plan.steps.length > 0, plan.losses, plan.refusals], [true, [], []])
  await admin.post('/definitions/changes', { document, message })
  const x = studio.people.accounts.x
  const { version } = await admin.get<RowDetail>(`/tables/account/rows/${x}`)
  const saved = await admin.post<SaveOutcome>(`/tables/account/rows/${x}/changes`, { version, values: { contoso_loyalty: 7 } })
  assert.equal(saved.kind, 'saved')

  const doubled = { type: 'integer', calculated: 'contoso_loyalty mul 2' }
  const both = { extend: 'account', columns: { contoso_loyalty: column, contoso_twice: doubled } }
  const samples = await admin.post<SampleValue[]>('/definitions/samples', { document: both, column: 'contoso_twice' })
  assert.deepEqual(samples.find((one) => one.name === 'Fabrikam')?.value, '14')
  const wrong = { extend: 'account', columns: { contoso_twice: { ...doubled, calculated: 'nothing mul' } } }
  const refused = await admin.try('POST', '/definitions/samples', { document: wrong, column: 'contoso_twice' })
  assert.equal(refused.status, 400)

  await admin.post('/definitions/changes', { document: { extend: 'account', columns: {} }, message })
  const { hidden, prefix, versions } = await admin.get<Definitions>('/definitions')
  assert.deepEqual(hidden, [{ table: 'account', column: 'contoso_loyalty', type: 'integer', values: 1 }])
  assert.equal(prefix, 'new')
  assert.deepEqual([versions.length, versions[0]?.author], [2, 'Ada Admin'])
  await admin.post('/definitions/reversions', { version: versions[1]?.version, message })
  assert.equal((await admin.get<RowDetail>(`/tables/account/rows/${x}`)).values.contoso_loyalty, 7)

  await admin.post('/definitions/changes', { document: { extend: 'account', columns: {} }, message })
  const purge = { table: 'account', column: 'contoso_loyalty', message }
  assert.equal((await admin.try('POST', '/definitions/purges', purge)).status, 409)
  assert.deepEqual(await admin.post('/definitions/purges', { ...purge, confirm: ['account.contoso_loyalty'] }), { values: 1 })
})
