import { Button, Group, SegmentedControl, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { Direction } from '#dual-write/facets-control.ts'
import type { QueuedItem, RefusedItem } from '#dual-write/facets-rows.ts'
import { saveCsv } from '../../lib/csv.ts'
import { useWords } from '../../lib/messages.tsx'
import { Confirm, type Question } from '../../parts/confirm.tsx'
import { Empty, Loaded } from '../../parts/states.tsx'
import { askEngine } from '../engine-api.ts'
import { SyncHead } from '../head.tsx'
import { MapSelect } from '../map-select.tsx'
import { useRowNames } from '../names.ts'
import { queuedQuery } from '../queries.ts'
import { deed } from './deeds.ts'
import { QueuedTable } from './queued-table.tsx'
import { RefusedAlert } from './refused.tsx'
import { SelectionBar } from './selection-bar.tsx'
import { useSelection } from './use-selection.ts'

export type QueuedAddress = { map?: string; direction?: string; after?: string }

/** What waits for its turn, change by change: what each waits for, and what a person can do about it. */
export function QueuedScreen({ address }: { address: QueuedAddress }) {
  const { t } = useWords()
  const navigate = useNavigate()
  const go = (next: QueuedAddress) => void navigate({ to: '/sync/queued', search: next })
  const { map, after } = address
  const direction = address.direction === 'toErp' || address.direction === 'toPortal' ? address.direction : undefined
  const filter: { map?: string; direction?: Direction } = {
    ...(map !== undefined && { map }),
    ...(direction !== undefined && { direction }),
  }
  const query = useQuery(queuedQuery({ ...filter, ...(after !== undefined && { after }) }))
  return (
    <>
      <SyncHead title={t('queued.title')} lead={t('queued.lead')} />
      <Group mb="md">
        <MapSelect
          label={t('parked.filter')}
          placeholder={t('parked.allMaps')}
          map={map}
          choose={(chosen) => go({ ...(direction !== undefined && { direction }), ...(chosen !== '' && { map: chosen }) })}
        />
        <SegmentedControl
          aria-label={t('queued.direction')}
          value={direction ?? ''}
          onChange={(chosen) => go({ ...(map !== undefined && { map }), ...(chosen !== '' && { direction: chosen }) })}
          data={[
            { value: '', label: t('direction.both') },
            { value: 'toErp', label: t('direction.toErp') },
            { value: 'toPortal', label: t('direction.toPortal') },
          ]}
        />
      </Group>
      <Loaded query={query}>
        {({ rows, next }) => (
          <Stack>
            {rows.length === 0 ? (
              <Empty title={t('queued.none')} text={t(after === undefined ? 'queued.noneText' : 'queued.noneLeft')} />
            ) : (
              <Queue items={rows} />
            )}
            <Group gap="xs">
              {after !== undefined && (
                <Button variant="default" size="xs" onClick={() => go(filter)}>
                  {t('list.first')}
                </Button>
              )}
              {next !== null && (
                <Button variant="default" size="xs" onClick={() => go({ ...filter, after: next })}>
                  {t('list.next')}
                </Button>
              )}
            </Group>
          </Stack>
        )}
      </Loaded>
    </>
  )
}

type Outcome = { refused: RefusedItem[] }

function Queue({ items }: { items: QueuedItem[] }) {
  const { t } = useWords()
  const nameOf = useRowNames(items)
  const [question, ask] = useState<Question>()
  const [refused, setRefused] = useState<{ key: string; reason: string }[]>([])
  const selection = useSelection(items.map((item) => item.id))
  const { chosen } = selection
  const tellRefused = (done: Outcome | undefined) =>
    setRefused((done?.refused ?? []).map(({ id, reason }) => ({ key: nameIn(items, id, nameOf), reason })))
  const hurry = async (ids: readonly string[]) => {
    const done = await deed(
      t,
      () => askEngine<Outcome & { hurried: number }>('POST', '/queued-changes/hurries', { ids }),
      ({ hurried }) => t('queued.hurried', { count: hurried }),
    )
    tellRefused(done)
  }
  const discard = (ids: readonly string[]) =>
    ask({
      title: t('queued.discard.title', { count: ids.length }),
      text: t('queued.discard.text'),
      deed: t('parked.discard.deed'),
      danger: true,
      reasonLabel: t('parked.discard.reason'),
      act: async (reason) => {
        const done = await deed(
          t,
          () => askEngine<Outcome & { discarded: number }>('POST', '/queued-changes/discards', { ids, reason }),
          ({ discarded }) => t('wait.discarded', { count: discarded }),
        )
        tellRefused(done)
        selection.clear()
      },
    })
  return (
    <Stack gap="xs">
      <SelectionBar
        ids={items.map((item) => item.id)}
        chosen={chosen}
        tickAll={selection.tickAll}
        save={() => saveCsv('queued-changes', asTable(items))}
        deeds={[
          { label: t('queued.hurrySelected', { count: chosen.length }), act: (ids) => void hurry(ids) },
          { label: t('wait.discardSelected', { count: chosen.length }), act: discard },
        ]}
      />
      <Text size="sm" c="dimmed" role="status">
        {t('queued.shown', { count: items.length })}
      </Text>
      <RefusedAlert refused={refused} />
      <QueuedTable
        items={items}
        nameOf={nameOf}
        selection={selection}
        hurry={(id) => void hurry([id])}
        discard={(id) => discard([id])}
      />
      <Confirm question={question} close={() => ask(undefined)} />
    </Stack>
  )
}

function nameIn(items: readonly QueuedItem[], id: string, nameOf: (rowId: string | null) => string | undefined): string {
  const item = items.find((one) => one.id === id)
  return `${nameOf(item?.rowId ?? null) ?? item?.remoteKey ?? item?.rowId ?? ''} ${id}`.trim()
}

/** Under names that do not change with the language. */
function asTable(items: readonly QueuedItem[]): (string | null)[][] {
  const heads = ['id', 'map', 'direction', 'table', 'row', 'record', 'operation', 'columns', 'queued', 'due', 'attempt', 'actor']
  return [
    [...heads, 'state', 'waitsFor'],
    ...items.map((item) => [
      ...[item.id, item.map, item.direction, item.table, item.rowId, item.remoteKey, item.operation, item.columns.join(' ')],
      ...[item.queuedAt, item.dueAt, String(item.attempt), item.actor, item.state, item.waitsFor],
    ]),
  ]
}
