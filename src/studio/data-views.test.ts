import assert from 'node:assert/strict'
import test from 'node:test'
import { createStudio } from './testing/test-studio.ts'
import type { GridPage, ViewInfo } from './wire-data.ts'

test('a grid’s state is kept as a view, beside those of the site, and every view of the list can be shown by the grid', async () => {
  await using studio = await createStudio()
  const admin = await studio.administrator()
  const path = '/tables/salesorder/views'
  const list = () => admin.get<ViewInfo[]>(path)
  const ofSite = await list()
  assert.deepEqual(
    ofSite.map((one) => [one.name, one.isOfSite, one.isMine]),
    [
      ['all-orders', true, false],
      ['open-orders', true, false],
      ['this-month', true, false],
    ],
  )
  assert.equal(ofSite[1]?.labels.fr, 'Commandes en cours')
  const state = { columns: 'ordernumber,totalamount', filter: "ordernumber ne 'W-1'", orderby: 'ordernumber desc' }
  const made = await admin.post<ViewInfo>(path, { name: 'Not the first', isShared: true, state, widths: { totalamount: 90 } })
  assert.deepEqual([made.isMine, made.state, made.widths], [true, state, { totalamount: 90 }])
  const renamed = await admin.post<ViewInfo>(path, { id: made.id, name: 'Others', isShared: false, state })
  assert.deepEqual([renamed.id, renamed.name, renamed.isShared], [made.id, 'Others', false])

  for (const table of ['salesorder', 'invoice', 'account', 'contact', 'product']) {
    const views = await admin.get<ViewInfo[]>(`/tables/${table}/views`)
    assert.ok(views.length > 0, table)
    for (const view of views) await admin.get<GridPage>(`/tables/${table}/rows?${new URLSearchParams(view.state)}`)
  }

  const refused = await admin.try('POST', path, { name: 'Bad', isShared: false, state: { filter: 'nothing eq 1' } })
  assert.equal(refused.status, 400, refused.body)
  assert.match(refused.body, /no column nothing/)
  // A view of the site's files is changed in its file.
  const site = ofSite[0]?.id ?? ''
  assert.equal((await admin.try('POST', `${path}/${site}/deletions`, {})).status, 404)
  assert.equal((await admin.try('POST', `${path}/${made.id}/deletions`, {})).status, 204)
  assert.deepEqual((await list()).length, 3)
})
