import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { GroupOutcome, WriteGroup } from '../contract.ts'
import { applied, kinds, SIGNAL, type Subject } from '../subject.ts'

/** More attempts than any group may need once nothing goes wrong any more. */
const ATTEMPTS_MAX = 4
/** More requests than a group takes. */
const REQUESTS_MAX = 12

/** Promises about a header with its lines: in the end exactly one whole group, or nothing. */
export function testGroups(subject: () => Subject): void {
  test('header and lines: written as one, the lines under the number that the ERP gave the header', async () => {
    const { connect, group } = subject()
    const writes = group.writes('WHOLE', ['good', 'good', 'good'])
    const outcomes = applied(await connect().writeGroup({ attempt: 1, writes }, SIGNAL))
    assert.equal(new Set(outcomes.map((outcome) => outcome.key)).size, 4)
    assert.deepEqual(await group.find('WHOLE'), [{ lines: 3, ready: true }])
    for (const [index, outcome] of outcomes.entries()) {
      const entity = writes[index]?.entity ?? ''
      const found = await connect().readRecords({ entity, fields: [], keys: [outcome.key] }, SIGNAL)
      assert.equal(found.get(outcome.key)?.version, outcome.version ?? found.get(outcome.key)?.version)
    }
  })

  test('header and lines: when a line is refused nothing stays, and every outcome has the reason', async () => {
    const { connect, group } = subject()
    for (const items of [['bad'], ['good', 'bad'], ['bad', 'good', 'good']] as const) {
      const outcomes = await connect().writeGroup({ attempt: 1, writes: group.writes('REFUSED', items) }, SIGNAL)
      assert.deepEqual(new Set(kinds(outcomes)), new Set(['rejected']))
      assert.equal(new Set(outcomes.map((outcome) => (outcome.kind === 'rejected' ? outcome.message : ''))).size, 1)
      assert.deepEqual(await group.find('REFUSED'), [])
    }
  })

  for (const [title, fail] of [
    ['the answer is lost', 'loseAnswer'],
    ['the line is cut before it arrives', 'cutFrom'],
  ] as const) {
    testInterrupted(subject, title, fail)
    testInterruptedAndRefused(subject, title, fail)
  }

  test('header and lines: repeated after all went well, nothing is doubled and the outcomes are the same', async () => {
    const { connect, group } = subject()
    const writes = group.writes('TWICE', ['good', 'good'])
    const first = applied(await connect().writeGroup({ attempt: 1, writes }, SIGNAL))
    const again = applied(await connect().writeGroup({ attempt: 2, writes }, SIGNAL))
    assert.deepEqual(
      again.map((one) => one.key),
      first.map((one) => one.key),
    )
    assert.deepEqual(await group.find('TWICE'), [{ lines: 2, ready: true }])
  })

  testHandedOver(subject)

  test('header and lines: many groups at once, each whole', async () => {
    const { connect, group } = subject()
    const connector = connect()
    const references = Array.from({ length: 12 }, (_, n) => `MANY-${n}`)
    await Promise.all(
      references.map(async (reference) => {
        const writes = group.writes(reference, ['good', 'good'])
        applied(await connector.writeGroup({ attempt: 1, writes }, SIGNAL))
      }),
    )
    for (const reference of references) assert.deepEqual(await group.find(reference), [{ lines: 2, ready: true }])
  })
}

function testHandedOver(subject: () => Subject): void {
  test('groups that are handed over at once: each whole, and one that is refused leaves the others be', async () => {
    const { connect, group } = subject()
    const connector = connect()
    // Where a connector takes one group at a time, they are handed over side by side.
    const hand = (groups: readonly WriteGroup[]) =>
      connector.writeGroups?.(groups, SIGNAL) ?? Promise.all(groups.map((one) => connector.writeGroup(one, SIGNAL)))
    const items = [['good', 'good'], ['good', 'bad'], ['good']] as const
    const groups = items.map((some, n) => ({ attempt: 1, id: `handed-${n}`, writes: group.writes(`HANDED-${n}`, [...some]) }))
    const first = await hand(groups)
    assert.deepEqual(
      first.map((outcomes) => [...new Set(kinds(outcomes))]),
      [['applied'], ['rejected'], ['applied']],
    )
    const again = await hand(groups.map((one) => ({ ...one, attempt: 2 })))
    const keysOf = (outcomes: GroupOutcome) => outcomes.map((one) => (one.kind === 'applied' ? one.key : one.kind))
    assert.deepEqual(again.map(keysOf), first.map(keysOf))
    for (const [n, lines] of [2, 0, 1].entries())
      assert.deepEqual(await group.find(`HANDED-${n}`), lines === 0 ? [] : [{ lines, ready: true }])
  })
}

function testInterrupted(subject: () => Subject, title: string, fail: 'loseAnswer' | 'cutFrom'): void {
  test(`header and lines: when ${title} at any request, the next attempts end with exactly one whole group`, async () => {
    const { connect, group, faults } = subject()
    for (let nth = 1; ; nth++) {
      assert(nth < REQUESTS_MAX, 'a group needs few requests')
      const reference = `${fail}-${nth}`
      const writes = group.writes(reference, ['good', 'good'])
      faults[fail](nth)
      const first = await connect().writeGroup({ attempt: 1, writes }, SIGNAL)
      const wasHit = faults.writesSeen() >= nth
      faults.none()
      if (!wasHit) {
        applied(first)
        break
      }
      assert.deepEqual(new Set(kinds(first)), new Set(['retry']))
      for (const found of await group.find(reference)) {
        assert(found.lines === 2 || (found.lines === 0 && !found.ready), 'nobody can process half a group')
      }
      applied(await connect().writeGroup({ attempt: 2, writes }, SIGNAL))
      assert.deepEqual(await group.find(reference), [{ lines: 2, ready: true }], reference)
    }
  })
}

function testInterruptedAndRefused(subject: () => Subject, title: string, fail: 'loseAnswer' | 'cutFrom'): void {
  test(`header and lines: when ${title} at any request and a line is refused, nothing stays in the end`, async () => {
    const { connect, group, faults } = subject()
    for (let nth = 1; ; nth++) {
      assert(nth < REQUESTS_MAX, 'a group needs few requests')
      const reference = `${fail}-bad-${nth}`
      const writes = group.writes(reference, ['good', 'bad'])
      faults[fail](nth)
      const first = await connect().writeGroup({ attempt: 1, writes }, SIGNAL)
      const wasHit = faults.writesSeen() >= nth
      faults.none()
      let outcomes = first
      for (let attempt = 2; outcomes.some((one) => one.kind === 'retry'); attempt++) {
        assert(attempt <= ATTEMPTS_MAX)
        outcomes = await connect().writeGroup({ attempt, writes }, SIGNAL)
      }
      assert.deepEqual(new Set(kinds(outcomes)), new Set(['rejected']))
      assert.deepEqual(await group.find(reference), [], reference)
      if (!wasHit) break
    }
  })
}
