import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { xlsxOf } from '#lib/spreadsheet.ts'
import { createStudio, type TestStudio } from './testing/test-studio.ts'
import type { GridPage, HistoryPage, ImportInfo, ImportSettings } from './wire-data.ts'

test('what an export has written is read back as the same rows, whatever their texts are', async () => {
  await using studio = await createStudio()
  const desk = await openDesk(studio)
  const company = studio.people.usmf
  // An empty text is nothing, and no text of PostgreSQL holds a NUL.
  const text = fc
    .string({ unit: 'binary', minLength: 1, maxLength: 60 })
    .filter((one) => !one.includes('\0') && one.trim() !== '')
  const hostile = fc.constantFrom('=1+1', "'=1", '-5', ' +x', '"', 'a\r\nb', ';,\t|', "''@", 'sep=;', '\ufeff', '1,5')
  const row = fc.record({
    description: fc.oneof(text, hostile, fc.constant(null)),
    telephone1: fc.oneof(hostile, fc.constant(null)),
    creditlimit: fc.option(
      fc.integer({ min: -1_000_000, max: 1_000_000 }).map((cents) => (cents / 100).toFixed(2)),
      { nil: null },
    ),
    numberofemployees: fc.option(fc.integer({ min: 0, max: 2_000_000_000 }), { nil: null }),
    address1_addresstypecode: fc.constantFrom(1, 2, null),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 8 }), async (rows) => {
      const ids = await studio.insert(
        'account',
        rows.map((one, i) => ({ ...one, accountnumber: `P${i}`, name: 'Property', msdyn_company: company })),
      )
      const query = `filter=${encodeURIComponent("name eq 'Property'")}&columns=accountnumber,name,msdyn_company,${Object.keys(rows[0] ?? {}).join()}`
      const read = async () =>
        (await desk.admin.get<GridPage>(`/tables/account/rows?${query}`)).rows.map(({ id, values }) => ({ id, values }))
      const before = await read()
      const file = await desk.download(`/tables/account/export?values=stored&${query}`)
      const same = await desk.run('account', file, 'run')
      assert.deepEqual(countsOf(same), { read: rows.length, created: 0, updated: 0, unchanged: rows.length, refused: 0 })
      await desk.deleteRows('account', ids)
      const again = await desk.run('account', file, 'run')
      assert.deepEqual(countsOf(again), { read: rows.length, created: rows.length, updated: 0, unchanged: 0, refused: 0 })
      assert.deepEqual(await read(), before)
      await desk.deleteRows('account', ids)
    }),
    { numRuns: 8 },
  )
})

test('a file from Excel in French is understood: its letters, its separators, its heads, its numbers, its dates and names', async () => {
  await using studio = await createStudio()
  const desk = await openDesk(studio)
  const lines = [
    'Numéro de compte;Nom;Société;Limite de crédit;Type d’adresse'.replace('’', "'"),
    'F1;Crémerie;Contoso;1 234,50;billTo',
    'F2;"Le ""Zinc""";Nulle part;12;shipTo',
    'F1;Encore;Contoso;1;',
    'F3;Trop;Contoso;douze;billTo',
  ]
  const file = Buffer.from(lines.join('\r\n'), 'latin1')
  const info = await desk.send('account', file)
  assert.deepEqual([info.settings.encoding, info.settings.separator, info.settings.decimalMark], ['windows-1252', ';', ','])
  assert.deepEqual(info.settings.mapping.slice(0, 4), ['accountnumber', 'name', 'msdyn_company', 'creditlimit'])
  const key = info.settings.matchBy
  assert.notEqual(key, 'none')
  const dry = await desk.finish(info, 'dry')
  assert.deepEqual(countsOf(dry), { read: 4, created: 1, updated: 0, unchanged: 0, refused: 3 })
  assert.deepEqual(
    dry.refused.map((one) => [one.line, one.problems.map((each) => `${each.column} ${each.code}`)]),
    [
      [3, ['msdyn_company lookup_none']],
      [4, ['accountnumber line_twice']],
      [5, ['creditlimit type']],
    ],
  )
  const search = () =>
    desk.admin.get<GridPage>(`/tables/account/rows?filter=${encodeURIComponent("startswith(accountnumber,'F')")}`)
  assert.equal((await search()).rows.length, 0, 'a dry pass has written nothing')
  const done = await desk.finish(info, 'run')
  assert.equal(countsOf(done)?.created, 1)
  const [made] = (await search()).rows
  const history = await desk.admin.get<HistoryPage>(`/tables/account/rows/${made?.id}/history`)
  assert.deepEqual([history.entries[0]?.from, history.entries[0]?.who], ['import', 'Ada Admin'])
  const refused = (await desk.download(`/imports/${info.id}/refused?language=fr`)).toString('utf8')
  assert.match(refused, /^\ufeffNuméro de compte,Nom,.*problème\r\n/)
  assert.match(refused, /F2,"Le ""Zinc""",Nulle part,12,shipTo,Aucune ligne/)
  assert.deepEqual(countsOf(await desk.finish(info, 'run')), { read: 4, created: 0, updated: 0, unchanged: 1, refused: 3 })
})

test('a workbook is imported by the names of its columns, and lines without key make the same rows when the file is imported again', async () => {
  await using studio = await createStudio()
  const desk = await openDesk(studio)
  const columns = (['Account number', 'Name', 'Company', 'Number of employees'] as const).map((label, i) => ({
    label,
    kind: i === 3 ? ('number' as const) : ('text' as const),
  }))
  const rows = [
    ['X1', 'First', 'usmf', '12'],
    ['X2', '=Second', 'usmf', null],
  ]
  const file = await xlsxOf({ name: 'accounts', columns, timeZone: 'UTC' }, rows)
  const info = await desk.send('account', file)
  assert.equal(info.kind, 'xlsx')
  const unkeyed: ImportSettings = { ...info.settings, matchBy: 'none' }
  assert.equal(countsOf(await desk.finish(info, 'run', unkeyed))?.created, 2)
  const again = await desk.send('account', file)
  assert.equal(countsOf(await desk.finish(again, 'run', unkeyed))?.unchanged, 2)
  const found = await desk.admin.get<GridPage>(
    `/tables/account/rows?orderby=accountnumber&columns=name,numberofemployees&filter=${encodeURIComponent("startswith(accountnumber,'X') and accountnumber ne 'X'")}`,
  )
  assert.deepEqual(
    found.rows.map((one) => one.values),
    [
      { name: 'First', numberofemployees: 12 },
      { name: '=Second', numberofemployees: null },
    ],
  )
})

test('what is no table of rows is refused with its reason: a zip that would burst, a picture, nothing at all', async () => {
  await using studio = await createStudio()
  const desk = await openDesk(studio)
  const bomb = await xlsxOf({ name: 'a', columns: [{ label: 'Name', kind: 'text' }], timeZone: 'UTC' }, [])
  const at = bomb.indexOf(Buffer.from([0x50, 0x4b, 0x01, 0x02]))
  bomb.writeUInt32LE(0x7fffffff, at + 24)
  await assert.rejects(desk.send('account', bomb), /unpacked it would have more/)
  await assert.rejects(desk.send('account', Buffer.from('PK\x03\x04 no zip')), /no workbook/)
  await assert.rejects(desk.send('account', Buffer.from('')), /empty/)
})

type Desk = {
  admin: Awaited<ReturnType<TestStudio['administrator']>>
  send(table: string, file: Buffer): Promise<ImportInfo>
  finish(info: ImportInfo, pass: 'dry' | 'run', settings?: ImportSettings): Promise<ImportInfo>
  run(table: string, file: Buffer, pass: 'dry' | 'run'): Promise<ImportInfo>
  download(path: string): Promise<Buffer>
  deleteRows(table: string, ids: readonly string[]): Promise<void>
}

async function openDesk(studio: TestStudio): Promise<Desk> {
  const admin = await studio.administrator()
  const origin = `${await studio.listen()}/studio/api`
  const { csrfToken } = await admin.get<{ csrfToken: string }>('/me')
  const headers = { cookie: admin.cookie, 'x-csrf-token': csrfToken, 'content-type': 'application/octet-stream' }
  const desk: Desk = {
    admin,
    async send(table, file) {
      const answer = await fetch(`${origin}/tables/${table}/imports?name=file`, {
        method: 'POST',
        headers,
        body: new Uint8Array(file),
      })
      const body = (await answer.json()) as ImportInfo & { error?: { message: string } }
      if (!answer.ok) throw new Error(body.error?.message)
      return body
    },
    async finish({ id }, pass, settings) {
      if (settings !== undefined) await admin.post(`/imports/${id}/settings`, settings)
      await admin.post(`/imports/${id}/runs`, { pass })
      for (;;) {
        const info = await admin.get<ImportInfo>(`/imports/${id}`)
        if (info.state.kind !== 'working') return info
        await new Promise((done) => setTimeout(done, 20))
      }
    },
    run: async (table, file, pass) => desk.finish(await desk.send(table, file), pass),
    async download(path) {
      const answer = await fetch(origin + path, { headers })
      assert.equal(answer.status, 200)
      return Buffer.from(await answer.arrayBuffer())
    },
    async deleteRows(table, ids) {
      for (const id of ids) {
        const { version } = await admin.get<{ version: number }>(`/tables/${table}/rows/${id}`)
        await admin.post(`/tables/${table}/rows/${id}/deletions`, { version })
      }
    },
  }
  return desk
}

function countsOf({ state }: ImportInfo) {
  if (state.kind === 'failed') throw new Error(state.reason)
  return state.kind === 'ready' ? undefined : state.counts
}
