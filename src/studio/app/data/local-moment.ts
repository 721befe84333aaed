/** Between moments in UTC and what an input of the browser holds: its own clock, to the minute. */

/** '2026-11-23T09:00:00Z' → '2026-11-23T10:00' in Paris; with `isEverywhere`, the figures as they stand. */
export function inputOfMoment(iso: string, isEverywhere: boolean): string {
  const at = new Date(iso)
  if (Number.isNaN(at.getTime())) return ''
  if (isEverywhere) return at.toISOString().slice(0, 16)
  const two = (value: number) => String(value).padStart(2, '0')
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}`
}

export function momentOfInput(text: string, isEverywhere: boolean): string | null {
  if (text === '') return null
  const at = new Date(isEverywhere ? `${text}Z` : text)
  return Number.isNaN(at.getTime()) ? text : at.toISOString()
}

export function zoneName(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone
}
