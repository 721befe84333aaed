import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { addMonths, dayText, localTimeOf, momentOf, parseDateTime, startOfMonth, startOfWeek } from './local-time.ts'

const at = (text: string) => Date.parse(text)

test('a clock in a zone shows its figures, and leads back to the moment', () => {
  assert.equal(localTimeOf(at('2026-11-23T09:00:00Z'), 'Europe/Paris'), at('2026-11-23T10:00:00Z'))
  assert.equal(momentOf(at('2026-07-01T00:00:00Z'), 'Europe/Paris'), at('2026-06-30T22:00:00Z'))
  assert.equal(momentOf(at('2026-07-01T00:00:00Z'), 'Asia/Kolkata'), at('2026-06-30T18:30:00Z'))
})

test('where a clock is put back the first of two moments counts, and where it jumps the jump', () => {
  assert.equal(momentOf(at('2026-10-25T02:30:00Z'), 'Europe/Paris'), at('2026-10-25T00:30:00Z'))
  assert.equal(momentOf(at('2026-03-29T02:00:00Z'), 'Europe/Paris'), at('2026-03-29T01:00:00Z'))
  // Clocks in Cairo jump from midnight to one: the day begins with the jump.
  assert.equal(momentOf(at('2026-04-24T00:00:00Z'), 'Africa/Cairo'), at('2026-04-23T22:00:00Z'))
})

test('any moment is found again from its figures, save the second of two alike', () => {
  const zones = fc.constantFrom(
    'UTC',
    'Europe/Paris',
    'America/New_York',
    'Australia/Lord_Howe',
    'Asia/Kathmandu',
    'Pacific/Apia',
  )
  fc.assert(
    fc.property(fc.integer({ min: at('1990-01-01T00:00:00Z'), max: at('2040-01-01T00:00:00Z') }), zones, (moment, zone) => {
      const back = momentOf(localTimeOf(moment, zone), zone)
      assert.ok(back === moment || (back < moment && moment - back <= 7_200_000))
      assert.equal(localTimeOf(back, zone), localTimeOf(moment, zone))
    }),
    { numRuns: 500 },
  )
})

test('weeks start on Sunday, months keep their length', () => {
  assert.equal(dayText(startOfWeek(at('2026-11-23T10:00:00Z'))), '2026-11-22')
  assert.equal(dayText(startOfWeek(at('2026-11-22T23:59:59Z'))), '2026-11-22')
  assert.equal(dayText(addMonths(at('2026-03-31T12:00:00Z'), -1)), '2026-02-28')
  assert.equal(dayText(addMonths(at('2024-02-29T00:00:00Z'), 12)), '2025-02-28')
  assert.equal(dayText(startOfMonth(at('2026-01-31T00:00:00Z'), -1)), '2025-12-01')
})

test('a date-time with an offset is a moment, without one it is figures; days that do not exist are none', () => {
  assert.deepEqual(parseDateTime('2026-11-23T09:00:00+05:30'), { kind: 'moment', ms: at('2026-11-23T03:30:00Z') })
  assert.deepEqual(parseDateTime('2026-11-23'), { kind: 'local', ms: at('2026-11-23T00:00:00Z') })
  assert.deepEqual(parseDateTime('2026-11-23 09:05'), { kind: 'local', ms: at('2026-11-23T09:05:00Z') })
  for (const none of ['2026-02-30', '0000-01-01', '2026-13-01', '2026-11-23T24:00:00', 'today', '', '2026-11-23T09:00:00+99:00'])
    assert.equal(parseDateTime(none), undefined, none)
})
