import { assert } from './assert.ts'

/**
 * Clocks on walls. A local time is held as the milliseconds at which a clock in UTC would show the same figures, so that days, weeks and
 * months are plain arithmetic; `momentOf` and `localTimeOf` lead from one to the other through the zone's rules, changes of the clock
 * included.
 */
export type LocalMs = number

export const DAY_MS = 86_400_000

/** What a clock in the zone (IANA name) shows at the moment. */
export function localTimeOf(momentMs: number, timeZone: string): LocalMs {
  return momentMs + offsetAt(momentMs, timeZone)
}

/**
 * The first moment at which a clock in the zone shows these figures. Figures that the zone's clocks jump over mean the moment of the jump
 * and as long after it as they are into the gap.
 */
export function momentOf(localMs: LocalMs, timeZone: string): number {
  const before = offsetAt(localMs - DAY_MS, timeZone)
  const after = offsetAt(localMs + DAY_MS, timeZone)
  const fitting = [localMs - before, localMs - after].filter((moment) => localTimeOf(moment, timeZone) === localMs)
  return fitting.length > 0 ? Math.min(...fitting) : localMs - before
}

export function startOfDay(localMs: LocalMs): LocalMs {
  return Math.floor(localMs / DAY_MS) * DAY_MS
}

/** Weeks start on Sunday, as Dataverse's do until somebody sets them otherwise. */
export function startOfWeek(localMs: LocalMs): LocalMs {
  const day = startOfDay(localMs)
  return day - new Date(day).getUTCDay() * DAY_MS
}

/** The first day of the month that lies so many months after that of the given time. */
export function startOfMonth(localMs: LocalMs, monthsLater = 0): LocalMs {
  const date = new Date(localMs)
  return utcMs(date.getUTCFullYear(), date.getUTCMonth() + monthsLater, 1)
}

/** The same day of another month, or that month's last day where it is shorter; at midnight. */
export function addMonths(localMs: LocalMs, months: number): LocalMs {
  const first = startOfMonth(localMs, months)
  const daysOfMonth = new Date(startOfMonth(first, 1) - DAY_MS).getUTCDate()
  return first + (Math.min(new Date(localMs).getUTCDate(), daysOfMonth) - 1) * DAY_MS
}

/** '2026-11-23' */
export function dayText(localMs: LocalMs): string {
  return new Date(localMs).toISOString().slice(0, 10)
}

const DATE_TIME = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(Z|[+-]\d{2}:?\d{2})?)?$/i

/**
 * An ISO date or date-time: with an offset it is a moment, without one figures of a clock. Undefined for anything else, and for days that
 * do not exist.
 */
export function parseDateTime(text: string): { kind: 'moment'; ms: number } | { kind: 'local'; ms: LocalMs } | undefined {
  const found = DATE_TIME.exec(text.trim())
  if (found === null) return undefined
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = found.slice(1, 7).map((part) => Number(part ?? 0))
  if (year === 0 || hour > 23 || minute > 59 || second > 59) return undefined
  const midnight = utcMs(year, month - 1, day)
  const date = new Date(midnight)
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined
  const millisecond = Number((found[7] ?? '').padEnd(3, '0').slice(0, 3))
  const ms = midnight + ((hour * 60 + minute) * 60 + second) * 1_000 + millisecond
  const offset = found[8]
  if (offset === undefined) return { kind: 'local', ms }
  if (/z/i.test(offset)) return { kind: 'moment', ms }
  const [hours = 0, minutes = 0] = [offset.slice(1, 3), offset.slice(-2)].map(Number)
  if (hours > 14 || minutes > 59) return undefined
  const offsetMs = (hours * 60 + minutes) * 60_000
  return { kind: 'moment', ms: offset.startsWith('-') ? ms + offsetMs : ms - offsetMs }
}

/** Date.UTC takes years below 100 for those of the last century. */
function utcMs(year: number, month: number, day: number): number {
  const date = new Date(0)
  date.setUTCFullYear(year, month, day)
  return date.getTime()
}

const clocks = new Map<string, Intl.DateTimeFormat>()

function offsetAt(momentMs: number, timeZone: string): number {
  if (timeZone === 'UTC') return 0
  let clock = clocks.get(timeZone)
  if (clock === undefined) {
    clock = new Intl.DateTimeFormat('en-US', {
      timeZone,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
    clocks.set(timeZone, clock)
  }
  const parts = new Map(clock.formatToParts(momentMs).map((part) => [part.type, Number(part.value)]))
  const of = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? 0
  const shown = utcMs(of('year'), of('month') - 1, of('day')) + ((of('hour') * 60 + of('minute')) * 60 + of('second')) * 1_000
  assert(Number.isFinite(shown), 'a clock shows figures')
  return shown - Math.floor(momentMs / 1_000) * 1_000
}
