import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Connector, RemoteNotice } from '../contract.ts'
import { plainCreate, SIGNAL, type Subject, write } from '../subject.ts'

const PAGES_MAX = 200
const ROUNDS = 12
const WAIT_MS_MAX = 20_000
const LOOK_MS = 20

/** Promises about changes that are asked for. */
export function testChanges(subject: () => Subject): void {
  testTelling(subject)
  testLate(subject)
  testWatching(subject)
}

function testTelling(subject: () => Subject): void {
  test('changes: without a cursor none, then each, under the key by which the record is read; another connector goes on', async () => {
    const one = subject()
    const connector = one.connect()
    if (connector.readChanges === undefined) return
    const { entity, textField } = one.plain
    const kind = (await connector.describe(SIGNAL)).find((each) => each.name === entity)?.changes
    if (kind !== 'all' && kind !== 'no_deletes') {
      await assert.rejects(connector.readChanges({ entity, since: undefined, rowsMax: 1 }, SIGNAL), { code: 'connector.refused' })
      return
    }
    await write(connector, plainCreate(one, 'CH0', 'before'))
    const begin = await connector.readChanges({ entity, since: undefined, rowsMax: 100 }, SIGNAL)
    assert.deepEqual([begin.notices, begin.more], [[], false])
    const made = await write(connector, ...Array.from({ length: 7 }, (_, n) => plainCreate(one, `CH'${n},=%`, 'made')))
    const [first = '', second = ''] = made.map((each) => each.key)
    await write(connector, { operation: 'update', entity, key: first, fields: { [textField]: 'changed' } })
    const { notices, next } = await follow(one.connect(), entity, begin.next, 2)
    const toldFirst = new Set(notices.map((notice) => notice.key))
    // By a version others may come again while somebody writes for long.
    for (const { key } of made) assert(toldFirst.has(key), key)
    if (kind === 'all') assert.equal(toldFirst.size, made.length)
    assert(notices.every((notice) => notice.entity === entity && notice.eventId !== ''))
    await write(connector, { operation: 'update', entity, key: first, fields: { [textField]: 'again' } })
    await write(connector, { operation: 'delete', entity, key: second })
    const later = await follow(one.connect(), entity, next, 100)
    const told = new Map(later.notices.map((notice) => [notice.key, notice.operation]))
    assert(told.has(first))
    assert.equal(told.get(second), kind === 'all' ? 'delete' : undefined)
    const silence = await follow(one.connect(), entity, later.next, 100)
    if (kind === 'all') assert.deepEqual(silence.notices, [])
  })
}

function testLate(subject: () => Subject): void {
  test('changes: what is made early and becomes visible late is told all the same', async () => {
    const one = subject()
    const connector = one.connect()
    if (connector.readChanges === undefined || one.changeLate === undefined) return
    const { entity, keyField } = one.plain
    let { next } = await connector.readChanges({ entity, since: undefined, rowsMax: 100 }, SIGNAL)
    const told = new Set<string>()
    const open: { key: string; commit: () => Promise<void> }[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const key = `LATE${round}`
      open.push({ key, commit: await one.changeLate(key, 'late') })
      await write(connector, plainCreate(one, `SOON${round}`, 'soon'))
      // Some stay open over several readings, and end in another order.
      if (round % 3 === 2) for (const { commit } of open.splice(0, 2).reverse()) await commit()
      const page = await follow(one.connect(), entity, next, 3)
      next = page.next
      for (const { key } of page.notices) told.add(key)
    }
    for (const { commit } of open) await commit()
    for (const { key } of (await follow(connector, entity, next, 3)).notices) told.add(key)
    const missed = []
    for (let round = 0; round < ROUNDS; round++) {
      for (const value of [`LATE${round}`, `SOON${round}`]) {
        const request = { entity, fields: [], company: one.company, where: { [keyField]: value }, rowsMax: 1 }
        const key = (await connector.readPage(request, SIGNAL)).records[0]?.key ?? assert.fail(value)
        if (!told.has(key)) missed.push(value)
      }
    }
    assert.deepEqual(missed, [])
  })

  test('changes: what is no cursor is refused', async () => {
    const one = subject()
    const connector = one.connect()
    if (connector.readChanges === undefined) return
    const request = { entity: one.plain.entity, since: 'no cursor', rowsMax: 10 }
    await assert.rejects(connector.readChanges(request, SIGNAL), { code: 'connector.refused' })
  })
}

function testWatching(subject: () => Subject): void {
  test('changes: who watches is called at once, and soon after each change, until the signal aborts', async () => {
    const one = subject()
    const connector = one.connect()
    if (connector.watchChanges === undefined) return
    const { entity, textField } = one.plain
    const [made] = await write(connector, plainCreate(one, 'WATCHED', 'before'))
    const stop = new AbortController()
    const calls: string[] = []
    const watching = connector.watchChanges({ entities: [entity], onChange: (name) => calls.push(name) }, stop.signal)
    const change = (text: string) =>
      write(one.connect(), { operation: 'update', entity, key: made?.key ?? '', fields: { [textField]: text } })
    await until(() => calls.length > 0)
    for (const text of ['one', 'two']) {
      const before = calls.length
      await change(text)
      await until(() => calls.length > before)
    }
    stop.abort()
    await watching
    const ended = calls.length
    await change('three')
    assert.deepEqual(calls, Array(ended).fill(entity))
  })

  test('changes: who watches is told when the line is lost, and may watch again', async () => {
    const one = subject()
    if (one.connect().watchChanges === undefined) return
    const stop = new AbortController()
    let calls = 0
    const watch = async () => one.connect().watchChanges?.({ entities: [one.plain.entity], onChange: () => calls++ }, stop.signal)
    const lost = watch()
    await until(() => calls > 0)
    one.faults.outage('cut')
    await assert.rejects(lost, { code: 'connector.unavailable' })
    one.faults.none()
    const before = calls
    const again = watch()
    await until(() => calls > before)
    stop.abort()
    await again
  })
}

async function until(isSo: () => boolean): Promise<void> {
  for (let ms = 0; !isSo(); ms += LOOK_MS) {
    assert(ms < WAIT_MS_MAX, 'in time')
    await new Promise((done) => setTimeout(done, LOOK_MS))
  }
}

async function follow(
  connector: Connector,
  entity: string,
  since: string,
  rowsMax: number,
): Promise<{ notices: RemoteNotice[]; next: string }> {
  const notices: RemoteNotice[] = []
  let next = since
  for (let pages = 0; pages < PAGES_MAX; pages++) {
    const page = await connector.readChanges?.({ entity, since: next, rowsMax }, SIGNAL)
    assert(page !== undefined)
    assert(page.notices.length <= rowsMax)
    notices.push(...page.notices)
    next = page.next
    if (!page.more) return { notices, next }
  }
  return assert.fail(`more than ${PAGES_MAX} pages`)
}
