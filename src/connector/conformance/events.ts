import assert from 'node:assert/strict'
import { test } from 'node:test'
import { plainCreate, SIGNAL, type Subject, write } from '../subject.ts'

/** Promises about the changes that the ERP posts. */
export function testEvents(subject: () => Subject): void {
  test('events: each change of an asked entity is told, under the key by which the record is read', async () => {
    const one = subject()
    const connector = one.connect()
    if (!connector.capabilities.events || one.listen === undefined) {
      assert.equal(connector.capabilities.events, false, 'a subject with events has a place for them')
      const registration = { url: 'http://localhost/events', secret: 'a-secret', entities: [one.plain.entity] }
      await assert.rejects(connector.registerEvents(registration, SIGNAL), { code: 'connector.refused' })
      return
    }
    await using endpoint = await one.listen()
    const { entity, textField } = one.plain
    const registration = { url: endpoint.url, secret: 'a-secret', entities: [entity] }
    await connector.registerEvents(registration, SIGNAL)
    await connector.registerEvents(registration, SIGNAL)
    const [created] = await write(connector, plainCreate(one, "E'1,=%", 'First'))
    const key = created?.key ?? ''
    await write(connector, { operation: 'update', entity, key, fields: { [textField]: 'Second' } })
    await write(connector, { operation: 'delete', entity, key })
    // At least once each, and perhaps those of records of other tests: told apart by id and by key.
    const told = () => new Map(endpoint.bodies.flatMap((body) => connector.parseEvent(body)).map((one) => [one.eventId, one]))
    const notices = () => [...told().values()].filter((notice) => notice.key === key)
    await endpoint.waitUntil(() => notices().length >= 3)
    assert.deepEqual(
      notices().map((notice) => [notice.entity, notice.operation, notice.key]),
      [
        [entity, 'create', key],
        [entity, 'update', key],
        [entity, 'delete', key],
      ],
    )
    // Right after a start, before anything has been asked of the ERP: the same, or "send it again".
    for (const body of endpoint.bodies) {
      try {
        assert.deepEqual(one.connect().parseEvent(body), connector.parseEvent(body))
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'connector.unavailable')
      }
    }
  })

  test('events: what is not an event of this ERP is refused', () => {
    const connector = subject().connect()
    for (const body of [
      undefined,
      null,
      'text',
      7,
      [],
      {},
      { MessageName: 'Create' },
      { PrimaryEntityName: 'x', MessageName: 'Drop' },
    ]) {
      assert.throws(() => connector.parseEvent(body), { code: 'connector.bad_event' }, JSON.stringify(body))
    }
  })
}
