import { Checkbox, Group, NativeSelect, Stack, Table, Text, VisuallyHidden } from '@mantine/core'
import { useCallback, useMemo, useRef, useState } from 'react'
import type { Finding, MapPreview, MapSchemas } from '#dual-write/facets-control.ts'
import { useWords } from '../../lib/messages.tsx'
import { SearchBox } from '../../parts/list.tsx'
import type { TabProps } from '../tab-props.ts'
import { AddColumn } from './add-column.tsx'
import { ColumnRow } from './column-rows.tsx'
import type { Draft } from './draft.ts'
import { EntryForm } from './entry-form.tsx'
import { HeadForm } from './head-form.tsx'
import {
  columnOf,
  type Entry,
  insertEntry,
  moveEntry,
  putEntry,
  putHead,
  type ReadText,
  readMapText,
  removeEntry,
} from './map-text.ts'
import { entryOf, keysOf, sampleOf } from './sample.ts'

type VisualProps = Pick<TabProps, 'address' | 'go'> & {
  draft: Draft
  read: ReadText
  schemas: MapSchemas
  findings: readonly Finding[]
  preview: MapPreview | undefined
}

/** The map as columns side by side. Every change is one of the text; what a form does not touch stays as it is written. */
export function VisualEditor(props: VisualProps) {
  const { draft, read, schemas, findings, preview, address, go } = props
  const { t } = useWords()
  const [open, setOpen] = useState<number | undefined>(undefined)
  const [onlyFindings, setOnlyFindings] = useState(false)
  const [picked, pick] = useState({ erp: 0, portal: 0 })
  const deeds = useDeeds(draft, setOpen)
  const byEntry = useMemo(() => Map.groupBy(findings, entryOf), [findings])
  const search = address.search ?? ''
  const shown = read.entries
    .map((entry, index) => ({ entry, index, findings: byEntry.get(index) ?? [] }))
    .filter((one) => isFound(one.entry, search) && (!onlyFindings || one.findings.length > 0))
  const key = schemas.keys.find((one) => one.name === read.head.key)?.columns ?? []
  return (
    <Stack gap="md">
      <details>
        <summary>{t('editor.head')}</summary>
        <HeadForm head={read.head} schemas={schemas} put={deeds.putHead} />
      </details>
      <Group align="flex-end" justify="space-between">
        <Group align="center">
          <SearchBox label={t('editor.search')} value={search} onSearch={(value) => go({ search: value })} />
          <Checkbox
            label={t('editor.onlyFindings')}
            checked={onlyFindings}
            onChange={(event) => setOnlyFindings(event.currentTarget.checked)}
          />
        </Group>
        <Group>
          {(['erp', 'portal'] as const).map((side) => (
            <SamplePicker
              key={side}
              label={t(side === 'erp' ? 'editor.sampleRecord' : 'editor.sampleRow')}
              names={keysOf(preview, side, key)}
              at={picked[side]}
              pick={(at) => pick({ ...picked, [side]: at })}
            />
          ))}
        </Group>
      </Group>
      <Table.ScrollContainer minWidth={860} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
        <Table verticalSpacing={4} className="entries">
          <EntriesHead schemas={schemas} />
          <Table.Tbody>
            {shown.map(({ entry, index, findings: own }) => (
              <ColumnRow
                key={index}
                index={index}
                entry={entry}
                column={schemas.columns.find((one) => one.name === columnOf(entry))}
                field={schemas.fields?.find((one) => one.name === entry.field)}
                sample={sampleOf(entry, preview?.toPortal[picked.erp], preview?.toErp[picked.portal])}
                findings={own}
                isOpen={open === index}
                isLast={index === read.entries.length - 1}
                {...deeds.row}
              >
                {open === index && <EntryForm entry={entry} schemas={schemas} change={(next) => deeds.row.change(index, next)} />}
              </ColumnRow>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      <Text size="sm" c="dimmed" role="status">
        {t('editor.shown', { shown: shown.length, total: read.entries.length })}
      </Text>
      <AddColumn entries={read.entries} schemas={schemas} search={search} add={deeds.add} />
    </Stack>
  )
}

/** What can be done to the text: the same functions at every drawing, so that rows need not be drawn again. */
function useDeeds(draft: Draft, setOpen: (open: (now: number | undefined) => number | undefined) => void) {
  const { change } = draft
  const text = useRef(draft.text)
  text.current = draft.text
  const put = useCallback(
    (next: string, place?: string) => {
      text.current = next
      change(next, place)
    },
    [change],
  )
  const row = useMemo(
    () => ({
      change: (index: number, entry: Entry) => {
        const before = readMapText(text.current).entries[index]
        put(putEntry(text.current, index, entry), `column ${index} ${changedNames(before, entry).join()}`)
      },
      move: (index: number, by: -1 | 1) => {
        put(moveEntry(text.current, index, by))
        setOpen((now) => (now === index ? index + by : now === index + by ? index : now))
      },
      remove: (index: number) => {
        put(removeEntry(text.current, index))
        setOpen((now) => (now === undefined || now === index ? undefined : now > index ? now - 1 : now))
      },
      toggle: (index: number) => setOpen((now) => (now === index ? undefined : index)),
    }),
    [put, setOpen],
  )
  return {
    row,
    add: (entry: Entry) => put(insertEntry(text.current, Number.POSITIVE_INFINITY, entry)),
    putHead: (name: string, value: unknown) => put(putHead(text.current, name, value), name),
  }
}

/** What is typed into one property is one step back; two properties are two. */
function changedNames(before: Entry | undefined, after: Entry): string[] {
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after)])] as (keyof Entry)[]
  return names.filter((name) => JSON.stringify(before?.[name]) !== JSON.stringify(after[name]))
}

function EntriesHead({ schemas }: { schemas: MapSchemas }) {
  const { t } = useWords()
  return (
    <Table.Thead>
      <Table.Tr>
        <Table.Th>{t('map.column', { table: schemas.table })}</Table.Th>
        <Table.Th>{t('map.direction')}</Table.Th>
        <Table.Th>{t('map.field', { entity: schemas.entity })}</Table.Th>
        <Table.Th>{t('map.transform')}</Table.Th>
        <Table.Th>{t('editor.sample')}</Table.Th>
        <Table.Th>
          <VisuallyHidden>{t('editor.deeds')}</VisuallyHidden>
        </Table.Th>
      </Table.Tr>
    </Table.Thead>
  )
}

function SamplePicker(props: { label: string; names: readonly string[]; at: number; pick: (at: number) => void }) {
  if (props.names.length === 0) return null
  return (
    <NativeSelect
      size="xs"
      label={props.label}
      value={String(props.at)}
      onChange={(event) => props.pick(Number(event.currentTarget.value))}
      data={props.names.map((label, at) => ({ value: String(at), label }))}
    />
  )
}

function isFound(entry: Entry, search: string): boolean {
  const wanted = search.toLowerCase()
  return `${entry.column ?? ''} ${entry.field ?? ''}`.toLowerCase().includes(wanted)
}
