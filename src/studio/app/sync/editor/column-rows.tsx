import { ActionIcon, Group, Table, Text } from '@mantine/core'
import { memo, type ReactNode } from 'react'
import type { Finding, PreviewedColumn, SchemaColumn, SchemaField } from '#dual-write/facets-control.ts'
import { useWords } from '../../lib/messages.tsx'
import { NextIcon, PreviousIcon } from '../../parts/icons.tsx'
import { FindingList } from './finding-list.tsx'
import { columnOf, type Entry, type Way, wayOf, withWay } from './map-text.ts'
import type { Sample } from './sample.ts'
import { transformWords } from './transform-words.ts'

export type RowProps = {
  index: number
  entry: Entry
  column: SchemaColumn | undefined
  field: SchemaField | undefined
  sample: Sample
  findings: readonly Finding[]
  isOpen: boolean
  isLast: boolean
  change: (index: number, entry: Entry) => void
  move: (index: number, by: -1 | 1) => void
  remove: (index: number) => void
  toggle: (index: number) => void
  children?: ReactNode
}

const WAYS: readonly Way[] = ['both', 'toErp', 'toPortal']
const ARROWS = { both: '⇄', toErp: '→', toPortal: '←' } as const

/** One entry: the portal's column, the way, the ERP's field, what happens between, and what comes of it for the sample. */
export const ColumnRow = memo(function ColumnRow(props: RowProps) {
  const { index, entry, column, field, sample, findings, isOpen, change, toggle, children } = props
  const { t, named } = useWords()
  // A sample of before would look as if the mistake did nothing.
  const isRight = findings.every((one) => one.severity !== 'error')
  const name = columnOf(entry) ?? entry.field ?? t('editor.entry', { number: index + 1 })
  return (
    <>
      <Table.Tr className={isOpen ? 'entry-open' : undefined}>
        <Table.Td>
          <button type="button" className="text-button mono" aria-expanded={isOpen} onClick={() => toggle(index)}>
            {entry.column ?? '–'}
          </button>
          {column !== undefined && <TypeWords type={named('type', column.type)} length={column.length} must={column.required} />}
        </Table.Td>
        <Table.Td>
          <select
            className="way"
            aria-label={t('editor.wayOf', { name })}
            value={wayOf(entry.dir)}
            onChange={(event) => change(index, withWay(entry, event.currentTarget.value as Way))}
          >
            {WAYS.map((way) => (
              <option key={way} value={way}>
                {`${ARROWS[way]} ${t(`direction.${way}`)}`}
              </option>
            ))}
          </select>
        </Table.Td>
        <Table.Td>
          <span className="mono">{entry.field ?? '–'}</span>
          {field !== undefined && <TypeWords type={named('type', field.type)} length={null} must={!field.nullable} />}
        </Table.Td>
        <Table.Td>
          {transformWords(entry, t).map((words) => (
            <div key={words} className="small wrap-anywhere">
              {words}
            </div>
          ))}
        </Table.Td>
        <Table.Td>
          {isRight && wayOf(entry.dir) !== 'toErp' && <SampleValue arrow="←" one={sample.toPortal} />}
          {isRight && wayOf(entry.dir) !== 'toPortal' && <SampleValue arrow="→" one={sample.toErp} />}
        </Table.Td>
        <Table.Td>
          <RowDeeds {...props} name={name} />
        </Table.Td>
      </Table.Tr>
      {(isOpen || findings.length > 0) && (
        <Table.Tr>
          <Table.Td colSpan={6}>
            {findings.length > 0 && <FindingList findings={findings} />}
            {isOpen && children}
          </Table.Td>
        </Table.Tr>
      )}
    </>
  )
}, isSameRow)

function TypeWords({ type, length, must }: { type: string; length: number | null; must: boolean }) {
  const { t } = useWords()
  return (
    <Text size="xs" c="dimmed">
      {type}
      {length !== null && ` (${length})`}
      {must && ` · ${t('editor.mandatory')}`}
    </Text>
  )
}

function SampleValue({ arrow, one }: { arrow: string; one: PreviewedColumn | undefined }) {
  const { t } = useWords()
  if (one === undefined) return null
  const shown = one.value ?? t('editor.nothing')
  return (
    <div className="small wrap-anywhere">
      <span aria-hidden="true">{arrow}</span>{' '}
      {one.source !== null && one.source !== one.value && <span className="when">{`${one.source} ⇒ `}</span>}
      <span className={one.value === null ? 'when' : undefined}>{shown}</span>
      {one.note !== null && <div className="bad">{one.note}</div>}
    </div>
  )
}

function RowDeeds({ index, isLast, move, remove, name }: RowProps & { name: string }) {
  const { t } = useWords()
  return (
    <Group gap={2} wrap="nowrap" justify="flex-end">
      <ActionIcon
        variant="subtle"
        color="gray"
        size="sm"
        disabled={index === 0}
        aria-label={t('editor.up', { name })}
        onClick={() => move(index, -1)}
      >
        <PreviousIcon size={15} />
      </ActionIcon>
      <ActionIcon
        variant="subtle"
        color="gray"
        size="sm"
        disabled={isLast}
        aria-label={t('editor.down', { name })}
        onClick={() => move(index, 1)}
      >
        <NextIcon size={15} />
      </ActionIcon>
      <ActionIcon variant="subtle" color="gray" size="sm" aria-label={t('editor.remove', { name })} onClick={() => remove(index)}>
        <span aria-hidden="true">✕</span>
      </ActionIcon>
    </Group>
  )
}

/** Every keystroke reads the text anew: rows in which nothing has changed are not drawn again. */
function isSameRow(before: RowProps, after: RowProps): boolean {
  const dataOf = ({ index, entry, column, field, sample, findings, isOpen, isLast }: RowProps) =>
    JSON.stringify([index, entry, column?.name, field?.name, sample, findings, isOpen, isLast])
  return !before.isOpen && before.change === after.change && dataOf(before) === dataOf(after)
}
