import assert from 'node:assert/strict'
import test from 'node:test'
import { catalog, MAPS_FOLDER } from '../../../tests/support/dual-write-world.ts'
import { parseMaps, readMapFiles } from '../map-sources.ts'
import { stepsOf } from './steps.ts'

const [map] = parseMaps(catalog, readMapFiles([MAPS_FOLDER])).maps.filter((one) => one.name === 'customers')

test('no answer stands before what it answers: not in the same moment, and not where the clock was set back', () => {
  assert.ok(map)
  const entry = (at: string, step: 'sent' | 'answered' | 'received') => {
    return { map: 'customers', rowId: null, remoteKey: null, step, text: step, details: {}, at }
  }
  const change = { number: 1, table: 'account', rowId: '1', version: 1, surface: null, transactionId: 1, origin: null }
  const known = {
    ...{ state: 'running' as const, row: undefined, link: undefined, conflicts: [], waiting: [], notice: undefined },
    ...{ record: undefined, mapped: undefined, unread: null },
    history: [
      { ...change, operation: 'update' as const, before: {}, after: { name: 'B' }, actor: 'kim', at: '2026-11-23T10:00:05.000Z' },
      {
        ...change,
        operation: 'create' as const,
        before: null,
        after: { name: 'A' },
        actor: 'kim',
        at: '2026-11-23T10:00:00.000Z',
      },
    ],
    // Newest first; the clock went back by two seconds after the second.
    trace: [
      entry('2026-11-23T10:00:04.000Z', 'received'),
      entry('2026-11-23T10:00:01.000Z', 'answered'),
      entry('2026-11-23T10:00:03.000Z', 'sent'),
      entry('2026-11-23T10:00:00.000Z', 'answered'),
      entry('2026-11-23T10:00:00.000Z', 'sent'),
    ],
  }
  const steps = stepsOf(map, known, null)
  assert.deepEqual(
    steps.map((one) => one.step),
    ['captured', 'sent', 'answered', 'sent', 'answered', 'received', 'captured'],
  )
  const early = stepsOf(map, known, '2026-11-23T10:00:00.500Z')
  assert.deepEqual(
    early.map((one) => one.step),
    ['captured', 'sent', 'answered'],
  )
})
