import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Connector, RemoteRecord } from '../contract.ts'
import { plainCreate, SIGNAL, type Subject, write } from '../subject.ts'

const PAGE_ROWS = 3
const PAGES_MAX = 200

/** Promises about describing and reading. */
export function testReading(subject: () => Subject): void {
  testDescribing(subject)
  testPages(subject)
  testRecordsByKey(subject)
}

function testDescribing(subject: () => Subject): void {
  test('describe: the entities name their key, their legal entity and the types of their fields', async () => {
    const { connect, plain, roundTrips } = subject()
    const entities = new Map((await connect().describe(SIGNAL)).map((entity) => [entity.name, entity]))
    const entity = entities.get(plain.entity)
    assert(entity !== undefined)
    assert(entity.keyFields.includes(plain.keyField))
    assert.equal(entity.fields.get(plain.textField)?.type, 'string')
    assert(entity.companyField !== undefined && entity.fields.has(entity.companyField))
    for (const { entity: name, fields } of roundTrips) {
      for (const field of Object.keys(fields)) assert(entities.get(name)?.fields.has(field), `${name}.${field}`)
    }
    const members = [...entities.values()].flatMap((one) => [...one.fields.values()]).filter((field) => field.type === 'enum')
    assert(members.every((field) => field.enumMembers.length > 0))
  })
}

function testPages(subject: () => Subject): void {
  test('pages: every record once and in one order, also when records come and go between the pages', async () => {
    const one = subject()
    const connector = one.connect()
    for (let n = 10; n < 24; n++) await write(connector, plainCreate(one, `PG${n}`, `Page ${n}`))
    const seen: RemoteRecord[] = []
    let page = 0
    for await (const records of pages(one, connector)) {
      seen.push(...records)
      page++
      // Before and behind the place that has been reached.
      await write(connector, plainCreate(one, `PG0${page}`, 'Came before'), plainCreate(one, `PG9${page}`, 'Came behind'))
      const first = seen.find((record) => /^PG1/.test(String(record.fields[one.plain.keyField])))
      if (page === 2 && first !== undefined)
        await write(connector, { operation: 'delete', entity: one.plain.entity, key: first.key })
    }
    const keys = seen.map((record) => String(record.fields[one.plain.keyField])).filter((key) => /^PG[12]\d$/.test(key))
    assert.deepEqual(
      keys,
      Array.from({ length: 14 }, (_, n) => `PG${n + 10}`),
    )
    assert.equal(new Set(seen.map((record) => record.key)).size, seen.length)
  })

  test('pages: another connector goes on from a cursor, to the same end; the first page tells how many there are', async () => {
    const one = subject()
    const { entity, textField } = one.plain
    const request = { entity, fields: [textField], company: one.company, rowsMax: PAGE_ROWS }
    const first = await one.connect().readPage({ ...request, count: true }, SIGNAL)
    assert(first.next !== undefined)
    assert.equal(first.records.length, PAGE_ROWS)
    const rest = await Array.fromAsync(pages(one, one.connect(), first.next))
    const all = await Array.fromAsync(pages(one, one.connect()))
    assert.deepEqual([...first.records, ...rest.flat()], all.flat())
    assert.equal(first.total, all.flat().length)
    assert.equal((await one.connect().readPage(request, SIGNAL)).total, undefined)
  })

  test('pages: of one legal entity only, and of records with the asked values only', async () => {
    const one = subject()
    const connector = one.connect()
    const { entity, textField } = one.plain
    await write(connector, plainCreate(one, 'WH1', "It's *all* 100% & <fine>"), plainCreate(one, 'WH2', 'Other'))
    const request = { entity, fields: [textField], rowsMax: 100 }
    const found = await connector.readPage(
      { ...request, company: one.company, where: { [textField]: "It's *all* 100% & <fine>" } },
      SIGNAL,
    )
    assert.deepEqual(
      found.records.map((record) => record.fields[one.plain.keyField]),
      ['WH1'],
    )
    assert.deepEqual((await connector.readPage({ ...request, company: one.otherCompany }, SIGNAL)).records, [])
  })
}

function testRecordsByKey(subject: () => Subject): void {
  test('records by key: many at once, whatever stands in their keys; what is not there is not in the answer', async () => {
    const one = subject()
    const connector = one.connect()
    const odd = ["O'1", 'A,B=C', 'x*', 'xy', 'ü ß', '50%', 'a/b?c', '(1)', 'q&#;']
    for (const key of odd) await write(connector, plainCreate(one, key, `Odd ${key}`))
    const plain = Array.from({ length: 150 }, (_, n) => `MANY${n}`)
    await write(connector, ...plain.map((key) => plainCreate(one, key, key)))
    const listed = (await Array.fromAsync(pages(one, connector))).flat()
    const wanted = listed.filter((record) => [...odd, ...plain].includes(String(record.fields[one.plain.keyField])))
    assert.equal(wanted.length, odd.length + plain.length)
    const missing = wanted[0]?.key.replace(/[^,=]*$/, 'NOT-THERE') ?? ''
    const asked = [...wanted.map((record) => record.key), missing].filter((key) => !key.endsWith('=x*'))
    const found = await connector.readRecords({ entity: one.plain.entity, fields: [one.plain.textField], keys: asked }, SIGNAL)
    assert.equal(found.size, asked.length - 1)
    for (const record of wanted) {
      if (asked.includes(record.key)) assert.deepEqual(found.get(record.key), record, record.key)
    }
    assert.equal(found.has(missing), false)
    const starred = wanted.find((record) => record.key.endsWith('x*'))
    const alone = await connector.readRecords({ entity: one.plain.entity, fields: [], keys: [starred?.key ?? ''] }, SIGNAL)
    assert.deepEqual([...alone.keys()], [starred?.key])
    assert.equal((await connector.readRecords({ entity: one.plain.entity, fields: [], keys: [] }, SIGNAL)).size, 0)
  })
}

async function* pages(subject: Subject, connector: Connector, from?: string): AsyncGenerator<RemoteRecord[]> {
  const { entity, textField } = subject.plain
  let after = from
  for (let count = 0; count < PAGES_MAX; count++) {
    const request = {
      entity,
      fields: [textField],
      company: subject.company,
      rowsMax: PAGE_ROWS,
      ...(after !== undefined && { after }),
    }
    const page = await connector.readPage(request, SIGNAL)
    yield page.records
    if (page.next === undefined) return
    after = page.next
  }
  assert.fail(`more than ${PAGES_MAX} pages`)
}
