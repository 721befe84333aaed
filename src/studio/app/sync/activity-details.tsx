import { Text } from '@mantine/core'
import type { Activity } from '#dual-write/facets-control.ts'
import { useWords, type Words } from '../lib/messages.tsx'

const LISTED_MAX = 6

/** What somebody did in words: the details that the engine keeps, each by its name; what is long is opened by whoever wants it. */
export function ActivityDetails({ entry }: { entry: Activity }) {
  const { dateTime } = useWords()
  return (
    <>
      {Object.entries(entry.details).map(([name, value]) => (
        <Detail key={name} name={name} value={value} />
      ))}
      <Text size="xs" c="dimmed">
        <time dateTime={entry.at}>{dateTime(entry.at)}</time> · {entry.actor}
      </Text>
    </>
  )
}

function Detail({ name, value }: { name: string; value: unknown }) {
  const words = useWords()
  const { t, named } = words
  const label = named('activityDetail', name)
  if (isNothing(value)) return null
  if (Array.isArray(value)) {
    const lines = value.map((one) => textOf(one, words))
    if (lines.length === 1 || lines.join(', ').length < 80) return <Line label={label} text={lines.join(', ')} />
    return (
      <details open={lines.length <= LISTED_MAX}>
        <summary className="small">
          {label} ({words.number(lines.length)})
        </summary>
        <ul className="difference-words">
          {lines.map((line) => (
            <li key={line} className="small wrap-anywhere">
              {line}
            </li>
          ))}
        </ul>
      </details>
    )
  }
  if (isLosses(value))
    return (
      <>
        <Line label={label} text={t('losses.counts', { toErp: value.toErp, toPortal: value.toPortal })} />
        <Detail name="samples" value={value.samples} />
      </>
    )
  return <Line label={label} text={name === 'queue' ? named('resume', String(value)) : textOf(value, words)} />
}

function Line({ label, text }: { label: string; text: string }) {
  return (
    <Text size="sm" className="wrap-anywhere">
      <Text span inherit c="dimmed">
        {label}:
      </Text>{' '}
      {text}
    </Text>
  )
}

/** A sample of what was given up says which row; anything else says itself, name by name. */
function textOf(value: unknown, words: Words): string {
  const { t, named, number } = words
  if (typeof value === 'number') return number(value)
  if (typeof value === 'boolean') return t(value ? 'value.yes' : 'value.no')
  if (value === 'toErp' || value === 'toPortal') return t(`direction.${value}`)
  if (Array.isArray(value)) return value.map((one) => textOf(one, words)).join(', ')
  if (typeof value !== 'object' || value === null) return String(value ?? '')
  return Object.entries(value)
    .filter(([, one]) => !isNothing(one) && one !== false)
    .map(([name, one]) =>
      one === true ? named('activityDetail', name) : `${named('activityDetail', name)}: ${textOf(one, words)}`,
    )
    .join(' · ')
}

function isNothing(value: unknown): boolean {
  return value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0)
}

function isLosses(value: unknown): value is { toErp: number; toPortal: number; samples?: unknown[] } {
  const { toErp, toPortal } = (value ?? {}) as { toErp?: unknown; toPortal?: unknown }
  return typeof toErp === 'number' && typeof toPortal === 'number'
}
