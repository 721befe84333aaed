import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Condition, ConditionOperator, Connector, KeyRange, RemoteRecord, Selection } from '../contract.ts'
import { hashRecords } from '../range-hash.ts'
import { plainCreate, SIGNAL, type Subject, write } from '../subject.ts'
import { meets } from '../where.ts'

const PAGES_MAX = 500

/** Promises about reading a part of an entity: conditions, ranges of the key and their hashes; and that nothing else is promised. */
export function testSelecting(subject: () => Subject): void {
  testCapabilities(subject)
  testConditions(subject)
  testRanges(subject)
  testHashes(subject)
}

function testCapabilities(subject: () => Subject): void {
  test('capabilities: what is declared is there, what is not is refused', async () => {
    const one = subject()
    const connector = one.connect()
    const { changes, ranges, hashes, modifiedTime } = connector.capabilities
    assert.deepEqual(
      [connector.readChanges, connector.splitRanges, connector.hashRange].map((call) => call !== undefined),
      [changes, ranges, hashes],
    )
    const page = { ...all(one), fields: [], rowsMax: 1 }
    if (!ranges) {
      const range = { from: 'a', before: undefined }
      await assert.rejects(connector.readPage({ ...page, range }, SIGNAL), { code: 'connector.refused' })
    }
    if (!modifiedTime) assert.equal((await connector.readPage(page, SIGNAL)).records[0]?.modifiedAt, undefined)
    await connector.ping(SIGNAL)
  })
}

function testConditions(subject: () => Subject): void {
  test('conditions: each operator brings what it means, whatever stands in the text, and nothing else', async () => {
    const one = subject()
    const connector = one.connect()
    const { keyField, textField } = one.plain
    const isExact = one.comparesCase === true
    const texts = ['Apple', isExact ? 'Pear' : 'APPLE', 'banana', "it's", '10', '9', '9.0', '50%', 'a_b', 'Ärger', null]
    await write(
      connector,
      ...texts.map((text, n) => ({ ...plainCreate(one, `CO${n}`, ''), fields: { [keyField]: `CO${n}`, [textField]: text } })),
    )
    const known = await readAll(connector, { ...all(one), fields: [textField] })
    const own = (records: readonly RemoteRecord[]) =>
      records.map((record) => String(record.fields[keyField])).filter((key) => /^CO\d+$/.test(key))
    const tried: Condition[] = connector.capabilities.filters.flatMap((operator) => conditionsWith(operator, textField, isExact))
    assert(tried.length > 0 || connector.capabilities.filters.length === 0)
    for (const condition of tried) {
      const found = await readAll(connector, { ...all(one), fields: [textField], where: [condition] })
      const meant = known.filter((record) => meets([condition], record.fields))
      assert.deepEqual(own(found), own(meant), JSON.stringify(condition))
    }
  })
}

function conditionsWith(operator: ConditionOperator, field: string, isExact: boolean): Condition[] {
  const [apple, its] = isExact ? ['Apple', "it's"] : ['apple', "IT'S"]
  if (operator === 'in')
    return [
      { field, operator, value: [apple, 'banana', 'nothing such'] },
      { field, operator, value: [] },
    ]
  const values = operator === 'eq' || operator === 'ne' ? [apple, '50%', its, null] : ['b', '9.5', its]
  return values.map((value) => ({ field, operator, value }))
}

function testRanges(subject: () => Subject): void {
  test('ranges: together they hold every record once, in the order of the pages, also what comes later; none is much larger', async () => {
    const one = subject()
    const connector = one.connect()
    if (connector.splitRanges === undefined) return
    await write(connector, ...Array.from({ length: 40 }, (_, n) => plainCreate(one, `RG${n + 10}`, 'range')))
    const ranges = await connector.splitRanges({ ...all(one), rangesMax: 5 }, SIGNAL)
    assert(ranges.length > 1 && ranges.length <= 5, `${ranges.length} ranges`)
    const readRanges = async () => {
      const parts = []
      for (const range of ranges) parts.push(await readAll(connector, { ...all(one), fields: [], range }))
      return parts
    }
    const keysOf = (records: readonly RemoteRecord[]) => records.map((record) => record.key)
    const parts = await readRanges()
    const whole = await readAll(connector, { ...all(one), fields: [] })
    assert.deepEqual(keysOf(parts.flat()), keysOf(whole))
    for (const part of parts) assert(part.length <= (2 * whole.length) / ranges.length, `${part.length} of ${whole.length}`)
    await write(connector, ...['AAA', 'RG10X', 'RG30X', 'ZZZ'].map((key) => plainCreate(one, key, 'range')))
    assert.deepEqual(keysOf((await readRanges()).flat()), keysOf(await readAll(connector, { ...all(one), fields: [] })))
    const none: Selection = { ...all(one), company: one.otherCompany }
    const [only, ...others] = await connector.splitRanges({ ...none, rangesMax: 5 }, SIGNAL)
    assert.deepEqual([only?.from, only?.before, others], [undefined, undefined, []])
  })
}

function testHashes(subject: () => Subject): void {
  test('hashes: the same as of the records that were read, range by range; another value, another hash', async () => {
    const one = subject()
    const connector = one.connect()
    const { hashRange } = connector
    if (hashRange === undefined) return
    const { entity, textField } = one.plain
    const odd = ['a|b', 'c\\d', '+-', 'Ünïcode 🚲', '-']
    const made = await write(connector, ...odd.map((text, n) => plainCreate(one, `HA${n}`, text)))
    await write(connector, { operation: 'update', entity, key: made[4]?.key ?? '', fields: { [textField]: null } })
    const ranges: (KeyRange | undefined)[] = [
      undefined,
      ...((await connector.splitRanges?.({ ...all(one), rangesMax: 3 }, SIGNAL)) ?? []),
    ]
    const hash = (range: KeyRange | undefined) =>
      hashRange({ ...all(one), ...(range !== undefined && { range }), fields: [textField] }, SIGNAL)
    for (const range of ranges) {
      const records = await readAll(connector, { ...all(one), fields: [textField], ...(range !== undefined && { range }) })
      assert.deepEqual(await hash(range), hashRecords(records, [textField]))
    }
    const before = await hash(undefined)
    await write(connector, { operation: 'update', entity, key: made[0]?.key ?? '', fields: { [textField]: 'a|c' } })
    const after = await hash(undefined)
    assert.equal(after.rows, before.rows)
    assert.notEqual(after.hash, before.hash)
    await write(connector, { operation: 'update', entity, key: made[0]?.key ?? '', fields: { [textField]: 'a|b' } })
    assert.deepEqual(await hash(undefined), before)
  })
}

function all(subject: Subject): Selection {
  return { entity: subject.plain.entity, company: subject.company }
}

async function readAll(connector: Connector, selection: Selection & { fields: readonly string[] }): Promise<RemoteRecord[]> {
  const records: RemoteRecord[] = []
  let after: string | undefined
  for (let pages = 0; pages < PAGES_MAX; pages++) {
    const page = await connector.readPage({ ...selection, rowsMax: 50, ...(after !== undefined && { after }) }, SIGNAL)
    records.push(...page.records)
    if (page.next === undefined) return records
    after = page.next
  }
  return assert.fail(`more than ${PAGES_MAX} pages`)
}
