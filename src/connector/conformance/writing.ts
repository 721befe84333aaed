import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RemoteFields } from '../contract.ts'
import { applied, kinds, plainCreate, SIGNAL, type Subject, write } from '../subject.ts'

/** Promises about single records and about groups without a header. */
export function testWriting(subject: () => Subject): void {
  testValues(subject)
  testCreating(subject)
  testChanging(subject)
  testRefusing(subject)
}

function testValues(subject: () => Subject): void {
  test('values: decimals, whole numbers, dates, moments, enums and text of any script come back exactly as they went', async () => {
    const { connect, company, roundTrips } = subject()
    for (const { title, entity, fields, findBy } of roundTrips) {
      const [created] = await write(connect(), { operation: 'create', entity, company, fields, findBy })
      assert(created !== undefined)
      const found = await connect().readRecords({ entity, fields: Object.keys(fields), keys: [created.key] }, SIGNAL)
      assert.deepEqual(pick(found.get(created.key)?.fields, fields), fields, title)
      if (created.fields !== undefined) assert.deepEqual(pick(created.fields, fields), fields, `${title}, as answered`)
    }
  })

  test('values: no value is null, whatever the ERP keeps for it, and null takes a value away', async () => {
    const one = subject()
    const { entity, textField } = one.plain
    const connector = one.connect()
    const [created] = await write(connector, plainCreate(one, 'NULL1', 'Something'))
    const key = created?.key ?? ''
    await write(connector, { operation: 'update', entity, key, fields: { [textField]: null } })
    const found = await connector.readRecords({ entity, fields: [textField], keys: [key] }, SIGNAL)
    assert.equal(found.get(key)?.fields[textField], null)
  })
}

function testCreating(subject: () => Subject): void {
  test('create: the answer names the key under which the record is read again, and its version', async () => {
    const one = subject()
    const [created] = await write(one.connect(), plainCreate(one, 'KEY1', 'First'))
    const found = await one.connect().readRecords({ entity: one.plain.entity, fields: [], keys: [created?.key ?? ''] }, SIGNAL)
    const record = found.get(created?.key ?? '')
    assert.equal(record?.fields[one.plain.keyField], 'KEY1')
    if (one.connect().capabilities.versions && created?.version !== undefined) assert.equal(record?.version, created.version)
  })

  test('create: repeated after its answer was lost, it finds the record and makes no other', async () => {
    const one = subject()
    one.faults.loseAnswer(1)
    const writes = [plainCreate(one, 'LOST1', 'Once')]
    assert.deepEqual(kinds(await one.connect().writeGroup({ attempt: 1, writes }, SIGNAL)), ['retry'])
    one.faults.none()
    const [again] = applied(await one.connect().writeGroup({ attempt: 2, writes }, SIGNAL))
    const { entity, keyField, textField } = one.plain
    const page = await one
      .connect()
      .readPage({ entity, fields: [], company: one.company, where: { [keyField]: 'LOST1' }, rowsMax: 10 }, SIGNAL)
    assert.deepEqual(
      page.records.map((record) => record.key),
      [again?.key],
    )
    assert.equal(again?.fields?.[textField] ?? 'Once', 'Once')
  })
}

function testChanging(subject: () => Subject): void {
  test('update: with the version that was read it is applied, with an older one it is a conflict and changes nothing', async () => {
    const one = subject()
    const connector = one.connect()
    if (!connector.capabilities.versions) return
    const { entity, textField } = one.plain
    const [created] = await write(connector, plainCreate(one, 'VER1', 'First'))
    const key = created?.key ?? ''
    const read = async () => (await connector.readRecords({ entity, fields: [textField], keys: [key] }, SIGNAL)).get(key)
    const before = await read()
    assert(before !== undefined)
    const update = (text: string) =>
      ({ operation: 'update', entity, key, fields: { [textField]: text }, ifVersion: before.version }) as const
    await write(connector, update('Second'))
    assert.deepEqual(kinds(await connector.writeGroup({ attempt: 1, writes: [update('Third')] }, SIGNAL)), ['conflict'])
    const after = await read()
    assert.equal(after?.fields[textField], 'Second')
    assert.notEqual(after?.version, before.version)
  })

  test('delete: the record is gone; deleting it again has happened already; updating it is a conflict', async () => {
    const one = subject()
    const connector = one.connect()
    if (!connector.capabilities.deletes) return
    const { entity, textField } = one.plain
    const [created] = await write(connector, plainCreate(one, 'DEL1', 'Going'))
    const key = created?.key ?? ''
    await write(connector, { operation: 'delete', entity, key })
    assert.equal((await connector.readRecords({ entity, fields: [], keys: [key] }, SIGNAL)).size, 0)
    await write(connector, { operation: 'delete', entity, key })
    const update = { operation: 'update', entity, key, fields: { [textField]: 'Back' } } as const
    assert.deepEqual(kinds(await connector.writeGroup({ attempt: 1, writes: [update] }, SIGNAL)), ['conflict'])
  })
}

function testRefusing(subject: () => Subject): void {
  test('refusals: what the ERP will never take is rejected, with a sentence for people', async () => {
    const one = subject()
    const connector = one.connect()
    const fields = { [one.plain.keyField]: 'BAD1', NoSuchField: 'x' }
    const bad = { ...plainCreate(one, 'BAD1', ''), fields }
    const unknown = { ...plainCreate(one, 'BAD1', ''), entity: 'NoSuchEntity' }
    for (const write of [bad, unknown]) {
      const [outcome] = await connector.writeGroup({ attempt: 1, writes: [write] }, SIGNAL)
      assert.equal(outcome?.kind, 'rejected')
      assert.match(outcome.kind === 'rejected' ? outcome.message : '', /^[^<>{}]{10,}$/)
      assert.match(outcome.kind === 'rejected' ? outcome.code : '', /^\w+(\.\w+)*$/)
    }
    await assert.rejects(connector.readPage({ entity: 'NoSuchEntity', fields: [], company: undefined, rowsMax: 1 }, SIGNAL), {
      code: 'connector.refused',
    })
  })

  test('several writes: all of them, or none when one is refused, and every outcome says so', async () => {
    const one = subject()
    const connector = one.connect()
    const { entity, textField } = one.plain
    const [kept, gone] = await write(connector, plainCreate(one, 'SET1', 'Kept'), plainCreate(one, 'SET2', 'Going'))
    const update = { operation: 'update', entity, key: kept?.key ?? '', fields: { [textField]: 'Changed' } } as const
    const remove = { operation: 'delete', entity, key: gone?.key ?? '' } as const
    const refused = plainCreate(one, 'SET1', 'There already')
    const outcomes = await connector.writeGroup(
      { attempt: 1, writes: [plainCreate(one, 'SET3', 'New'), update, remove, refused] },
      SIGNAL,
    )
    assert.deepEqual(kinds(outcomes), ['rejected', 'rejected', 'rejected', 'rejected'])
    assert.deepEqual(await texts(one, ['SET1', 'SET2', 'SET3']), { SET1: 'Kept', SET2: 'Going' })
    await write(connector, plainCreate(one, 'SET3', 'New'), update, remove)
    assert.deepEqual(await texts(one, ['SET1', 'SET2', 'SET3']), { SET1: 'Changed', SET3: 'New' })
    // What is deleted already does not hold the others back.
    await write(connector, { ...update, fields: { [textField]: 'Again' } }, remove)
    assert.deepEqual(await texts(one, ['SET1', 'SET2', 'SET3']), { SET1: 'Again', SET3: 'New' })
  })
}

function pick(fields: RemoteFields | undefined, like: RemoteFields): RemoteFields {
  return Object.fromEntries(Object.keys(like).map((name) => [name, fields?.[name] ?? null]))
}

async function texts(subject: Subject, keys: readonly string[]): Promise<Record<string, unknown>> {
  const { entity, keyField, textField } = subject.plain
  const found: Record<string, unknown> = {}
  for (const key of keys) {
    const request = { entity, fields: [textField], company: subject.company, where: { [keyField]: key }, rowsMax: 10 }
    for (const record of (await subject.connect().readPage(request, SIGNAL)).records) found[key] = record.fields[textField]
  }
  return found
}
