import type { AsOf } from '../row-query.ts'

/** What relative operators mean, said of one moment at a time by somebody who looks at a clock: for tests, slow and obvious. */

type Holds = (momentMs: number, nowMs: number, timeZone: string, x: number) => boolean

/** What the zone's clock shows, as text: '2026-11-23 10:00'. */
function shown(momentMs: number, timeZone: string): string {
  const key = `${timeZone} ${momentMs}`
  let text = clockTexts.get(key)
  if (text === undefined) {
    text = (timeZone === 'Europe/Paris' ? PARIS : NEW_YORK).format(momentMs)
    clockTexts.set(key, text)
  }
  return text
}
const clock = (timeZone: string) => new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' })
const [PARIS, NEW_YORK, clockTexts] = [clock('Europe/Paris'), clock('America/New_York'), new Map<string, string>()]
function day(momentMs: number, timeZone: string): string {
  return shown(momentMs, timeZone).slice(0, 10)
}
function plus(dayText: string, days: number): string {
  return new Date(Date.parse(`${dayText}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10)
}
function plusMonths(dayText: string, months: number): string {
  const [year = 0, month = 1, date = 1] = dayText.split('-').map(Number)
  const whole = year * 12 + month - 1 + months
  for (let last = date; ; last--) {
    const text = `${String(Math.floor(whole / 12)).padStart(4, '0')}-${String((whole % 12) + 1).padStart(2, '0')}-${String(last).padStart(2, '0')}`
    if (!Number.isNaN(Date.parse(text)) && new Date(`${text}T00:00:00Z`).toISOString().startsWith(text)) return text
  }
}
const sunday = (text: string) => plus(text, -new Date(`${text}T00:00:00Z`).getUTCDay())
const quarter = (text: string) => Number(text.slice(0, 4)) * 4 + Math.floor((Number(text.slice(5, 7)) - 1) / 3)

const byDay =
  (holds: (it: string, today: string, x: number) => boolean): Holds =>
  (moment, now, zone, x) =>
    holds(day(moment, zone), day(now, zone), x)
const past =
  (holds: (it: string, today: string, x: number) => boolean): Holds =>
  (moment, now, zone, x) =>
    moment <= now && holds(day(moment, zone), day(now, zone), x)
const future =
  (holds: (it: string, today: string, x: number) => boolean): Holds =>
  (moment, now, zone, x) =>
    moment > now && holds(day(moment, zone), day(now, zone), x)

export const SPANS: Readonly<Record<string, Holds>> = {
  yesterday: byDay((it, today) => it === plus(today, -1)),
  today: byDay((it, today) => it === today),
  tomorrow: byDay((it, today) => it === plus(today, 1)),
  'last-seven-days': past((it, today) => it >= plus(today, -7)),
  'next-seven-days': future((it, today) => it <= plus(today, 7)),
  'last-week': byDay((it, today) => sunday(it) === plus(sunday(today), -7)),
  'this-week': byDay((it, today) => sunday(it) === sunday(today)),
  'next-week': byDay((it, today) => sunday(it) === plus(sunday(today), 7)),
  'last-month': byDay((it, today) => it.slice(0, 7) === plusMonths(`${today.slice(0, 7)}-01`, -1).slice(0, 7)),
  'this-month': byDay((it, today) => it.slice(0, 7) === today.slice(0, 7)),
  'next-month': byDay((it, today) => it.slice(0, 7) === plusMonths(`${today.slice(0, 7)}-01`, 1).slice(0, 7)),
  'last-year': byDay((it, today) => Number(it.slice(0, 4)) === Number(today.slice(0, 4)) - 1),
  'this-year': byDay((it, today) => it.slice(0, 4) === today.slice(0, 4)),
  'next-year': byDay((it, today) => Number(it.slice(0, 4)) === Number(today.slice(0, 4)) + 1),
  'last-x-hours': (moment, now, zone, x) => moment <= now && moment >= hourOf(now, zone) - x * 3_600_000,
  'next-x-hours': (moment, now, zone, x) => moment > now && moment < hourOf(now, zone) + (x + 1) * 3_600_000,
  'last-x-days': past((it, today, x) => it >= plus(today, -x)),
  'next-x-days': future((it, today, x) => it <= plus(today, x)),
  'last-x-weeks': past((it, today, x) => it >= plus(today, -7 * x)),
  'next-x-weeks': future((it, today, x) => it <= plus(today, 7 * x)),
  'last-x-months': past((it, today, x) => it >= plusMonths(today, -x)),
  'next-x-months': future((it, today, x) => it <= plusMonths(today, x)),
  'last-x-years': past((it, today, x) => it >= plusMonths(today, -12 * x)),
  'next-x-years': future((it, today, x) => it <= plusMonths(today, 12 * x)),
  'olderthan-x-minutes': (moment, now, _, x) => moment < now - x * 60_000,
  'olderthan-x-hours': (moment, now, _, x) => moment < now - x * 3_600_000,
  'olderthan-x-days': byDay((it, today, x) => it < plus(today, -x)),
  'olderthan-x-weeks': byDay((it, today, x) => it < plus(today, -7 * x)),
  'olderthan-x-months': byDay((it, today, x) => it < plusMonths(today, -x)),
  'olderthan-x-years': byDay((it, today, x) => it < plusMonths(today, -12 * x)),
  'last-fiscal-year': byDay((it, today) => Number(it.slice(0, 4)) === Number(today.slice(0, 4)) - 1),
  'this-fiscal-year': byDay((it, today) => it.slice(0, 4) === today.slice(0, 4)),
  'next-fiscal-year': byDay((it, today) => Number(it.slice(0, 4)) === Number(today.slice(0, 4)) + 1),
  'last-fiscal-period': byDay((it, today) => quarter(it) === quarter(today) - 1),
  'this-fiscal-period': byDay((it, today) => quarter(it) === quarter(today)),
  'next-fiscal-period': byDay((it, today) => quarter(it) === quarter(today) + 1),
  'last-x-fiscal-years': past((it, today, x) => Number(it.slice(0, 4)) >= Number(today.slice(0, 4)) - x),
  'next-x-fiscal-years': future((it, today, x) => Number(it.slice(0, 4)) <= Number(today.slice(0, 4)) + x),
  'last-x-fiscal-periods': past((it, today, x) => quarter(it) >= quarter(today) - x),
  'next-x-fiscal-periods': future((it, today, x) => quarter(it) <= quarter(today) + x),
}

/** Back to the full hour that the clock shows. */
function hourOf(now: number, zone: string): number {
  let moment = Math.floor(now / 60_000) * 60_000
  while (!shown(moment, zone).endsWith(':00:00')) moment -= 60_000
  return moment
}

/** Moments around every midnight and hour that could be the edge of something. */
export function* edges({ nowMs, timeZone }: AsOf): Generator<string> {
  const text = (ms: number) => new Date(ms).toISOString()
  for (const around of [0, 1, -1]) yield text(nowMs + around)
  for (let hours = -6; hours <= 6; hours++) yield text(nowMs + hours * 3_600_000)
  const today = day(nowMs, timeZone)
  const days = new Set<string>()
  for (let i = -23; i <= 23; i++) days.add(plus(today, i))
  for (let i = -40; i <= 40; i++) {
    days.add(plusMonths(today, i))
    days.add(plusMonths(`${today.slice(0, 7)}-01`, i))
    days.add(plus(plusMonths(today, i), 1))
  }
  for (const one of [...days].sort()) {
    // The first moment of the day, found by looking.
    let moment = Date.parse(`${one}T00:00:00Z`) - 15 * 3_600_000
    while (day(moment, timeZone) < one) moment += 1_800_000
    yield text(moment - 1)
    yield text(moment)
  }
}
