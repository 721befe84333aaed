import { addMonths, DAY_MS, type LocalMs, localTimeOf, startOfDay, startOfMonth, startOfWeek } from '#lib/local-time.ts'
import type { AsOf } from '../row-query.ts'

/**
 * The spans of time that Dataverse's relative conditions mean, from `from` up to but without `until`. Days, weeks (from Sunday), months and
 * years begin and end at midnight of the asker's zone; "last x" runs from the midnight before today's, x units back, until now, and
 * "next x" from now until the midnight that ends the last of them. Fiscal years are calendar years, fiscal periods their quarters.
 */
export type Period = { from?: Bound; until?: Bound }
/** Figures on a clock of the asker's zone, or a moment. */
export type Bound = { kind: 'local'; ms: LocalMs } | { kind: 'moment'; ms: number }

/** Undefined for operators that mean no span of time. `value` is the x of those that have one: see `unitsMax`. */
export function periodOf(operator: string, asOf: AsOf, value: number): Period | undefined {
  const local = localTimeOf(asOf.nowMs, asOf.timeZone)
  const known = Object.hasOwn(PERIODS, operator) ? PERIODS[operator] : undefined
  return known?.({ momentMs: asOf.nowMs, today: startOfDay(local), local }, value)
}

/** How large the x of an operator may be; undefined for operators without one. Beyond it, dates leave the calendar. */
export function unitsMax(operator: string): number | undefined {
  const unit = /^(?:last|next|olderthan)-x-(?:fiscal-)?([a-z]+)$/.exec(operator)?.[1]
  return unit === undefined ? undefined : UNITS_MAX[unit]
}

/** A quarter of a year, counted from 1: where it begins, `later` quarters on. */
export function startOfQuarter(year: number, quarter: number, later = 0): LocalMs {
  return startOfMonth(Date.UTC(2000, 0, 1), (year - 2000) * 12 + (quarter - 1 + later) * 3)
}

/** Hours and minutes say nothing of a column that holds days. */
export function needsTimeOfDay(operator: string): boolean {
  return /-(hours|minutes)$/.test(operator)
}

type Now = { momentMs: number; local: LocalMs; today: LocalMs }

const UNITS_MAX: Readonly<Record<string, number>> = {
  minutes: 5_000_000,
  hours: 100_000,
  days: 36_500,
  weeks: 5_200,
  months: 1_200,
  years: 100,
  periods: 400,
}
const HOUR_MS = 3_600_000
const WEEK_MS = 7 * DAY_MS

const local = (ms: LocalMs): Bound => ({ kind: 'local', ms })
const moment = (ms: number): Bound => ({ kind: 'moment', ms })
const between = (from: LocalMs, until: LocalMs): Period => ({ from: local(from), until: local(until) })
/** This very millisecond belongs to the past. */
const upToNow = (from: Bound, now: Now): Period => ({ from, until: moment(now.momentMs + 1) })
const afterNow = (now: Now, until: Bound): Period => ({ from: moment(now.momentMs + 1), until })
const before = (until: Bound): Period => ({ until })

const yearOf = (now: Now) => new Date(now.local).getUTCFullYear()
const startOfYear = (now: Now, later: number) => startOfQuarter(yearOf(now) + later, 1)
const quarterFrom = (now: Now, later: number) =>
  startOfQuarter(yearOf(now), Math.floor(new Date(now.local).getUTCMonth() / 3) + 1, later)
/** The hour that the clock shows, as the moment it began. */
const startOfHour = (now: Now) => now.momentMs - (now.local - Math.floor(now.local / HOUR_MS) * HOUR_MS)

const PERIODS: Readonly<Record<string, (now: Now, x: number) => Period>> = {
  yesterday: (now) => between(now.today - DAY_MS, now.today),
  today: (now) => between(now.today, now.today + DAY_MS),
  tomorrow: (now) => between(now.today + DAY_MS, now.today + 2 * DAY_MS),
  'last-seven-days': (now) => upToNow(local(now.today - WEEK_MS), now),
  'next-seven-days': (now) => afterNow(now, local(now.today + WEEK_MS + DAY_MS)),
  'last-week': (now) => between(startOfWeek(now.today) - WEEK_MS, startOfWeek(now.today)),
  'this-week': (now) => between(startOfWeek(now.today), startOfWeek(now.today) + WEEK_MS),
  'next-week': (now) => between(startOfWeek(now.today) + WEEK_MS, startOfWeek(now.today) + 2 * WEEK_MS),
  'last-month': (now) => between(startOfMonth(now.today, -1), startOfMonth(now.today)),
  'this-month': (now) => between(startOfMonth(now.today), startOfMonth(now.today, 1)),
  'next-month': (now) => between(startOfMonth(now.today, 1), startOfMonth(now.today, 2)),
  'last-year': (now) => between(startOfYear(now, -1), startOfYear(now, 0)),
  'this-year': (now) => between(startOfYear(now, 0), startOfYear(now, 1)),
  'next-year': (now) => between(startOfYear(now, 1), startOfYear(now, 2)),
  'last-x-hours': (now, x) => upToNow(moment(startOfHour(now) - x * HOUR_MS), now),
  'next-x-hours': (now, x) => afterNow(now, moment(startOfHour(now) + (x + 1) * HOUR_MS)),
  'last-x-days': (now, x) => upToNow(local(now.today - x * DAY_MS), now),
  'next-x-days': (now, x) => afterNow(now, local(now.today + (x + 1) * DAY_MS)),
  'last-x-weeks': (now, x) => upToNow(local(now.today - x * WEEK_MS), now),
  'next-x-weeks': (now, x) => afterNow(now, local(now.today + x * WEEK_MS + DAY_MS)),
  'last-x-months': (now, x) => upToNow(local(addMonths(now.today, -x)), now),
  'next-x-months': (now, x) => afterNow(now, local(addMonths(now.today, x) + DAY_MS)),
  'last-x-years': (now, x) => upToNow(local(addMonths(now.today, -12 * x)), now),
  'next-x-years': (now, x) => afterNow(now, local(addMonths(now.today, 12 * x) + DAY_MS)),
  'olderthan-x-minutes': (now, x) => before(moment(now.momentMs - x * 60_000)),
  'olderthan-x-hours': (now, x) => before(moment(now.momentMs - x * HOUR_MS)),
  'olderthan-x-days': (now, x) => before(local(now.today - x * DAY_MS)),
  'olderthan-x-weeks': (now, x) => before(local(now.today - x * WEEK_MS)),
  'olderthan-x-months': (now, x) => before(local(addMonths(now.today, -x))),
  'olderthan-x-years': (now, x) => before(local(addMonths(now.today, -12 * x))),
  'last-fiscal-year': (now) => between(startOfYear(now, -1), startOfYear(now, 0)),
  'this-fiscal-year': (now) => between(startOfYear(now, 0), startOfYear(now, 1)),
  'next-fiscal-year': (now) => between(startOfYear(now, 1), startOfYear(now, 2)),
  'last-fiscal-period': (now) => between(quarterFrom(now, -1), quarterFrom(now, 0)),
  'this-fiscal-period': (now) => between(quarterFrom(now, 0), quarterFrom(now, 1)),
  'next-fiscal-period': (now) => between(quarterFrom(now, 1), quarterFrom(now, 2)),
  'last-x-fiscal-years': (now, x) => upToNow(local(startOfYear(now, -x)), now),
  'next-x-fiscal-years': (now, x) => afterNow(now, local(startOfYear(now, x + 1))),
  'last-x-fiscal-periods': (now, x) => upToNow(local(quarterFrom(now, -x)), now),
  'next-x-fiscal-periods': (now, x) => afterNow(now, local(quarterFrom(now, x + 1))),
}
