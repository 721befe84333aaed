import { Button, Checkbox, Group, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useVirtualizer } from '@tanstack/react-virtual'
import { useRef, useState } from 'react'
import type { ParkedCluster } from '#dual-write/facets-rows.ts'
import type { ParkedItem } from '../../../wire.ts'
import { saveCsv } from '../../lib/csv.ts'
import { useWords } from '../../lib/messages.tsx'
import { useSaid } from '../../lib/said.ts'
import { Confirm, type Question } from '../../parts/confirm.tsx'
import { TextLink } from '../../parts/link.tsx'
import { Loaded } from '../../parts/states.tsx'
import './rows.css'
import { askEngine } from '../engine-api.ts'
import { parkedOfCluster } from '../queries.ts'
import { deed } from './deeds.ts'
import { EditParked } from './edit-parked.tsx'
import { SelectionBar } from './selection-bar.tsx'
import { useSelection } from './use-selection.ts'

const ITEM_HEIGHT_PX = 74
const OVERSCAN_ITEMS = 8

/** The changes of one cause: as many as there are, drawn as one scrolls. */
export function ClusterItems({ cluster }: { cluster: ParkedCluster }) {
  const items = useQuery(parkedOfCluster(cluster.id))
  return <Loaded query={items}>{(found) => <Items items={found.rows} count={cluster.count} />}</Loaded>
}

function Items({ items, count }: { items: ParkedItem[]; count: number }) {
  const { t } = useWords()
  const [question, ask] = useState<Question>()
  const [edited, edit] = useState<ParkedItem>()
  const selection = useSelection(items.map((item) => item.id))
  const { chosen } = selection
  const retry = (ids: readonly string[]) =>
    deed(
      t,
      () => askEngine<{ retried: number }>('POST', '/parked-changes/retries', { ids }),
      ({ retried }) => t('parked.retried', { count: retried }),
    )
  const discard = (ids: readonly string[]) =>
    ask({
      title: t('parked.discard.title'),
      text: t('parked.discard.text'),
      deed: t('parked.discard.deed'),
      danger: true,
      reasonLabel: t('parked.discard.reason'),
      act: (reason) =>
        deed(
          t,
          () => askEngine<{ discarded: number }>('POST', '/parked-changes/discards', { ids, reason }),
          ({ discarded }) => t('wait.discarded', { count: discarded }),
        ),
    })
  return (
    <Stack gap="xs" mt="md">
      <SelectionBar
        ids={items.map((item) => item.id)}
        chosen={chosen}
        tickAll={selection.tickAll}
        save={() => saveCsv('parked-changes', asTable(items))}
        deeds={[
          { label: t('parked.retrySelected', { count: chosen.length }), act: (ids) => void retry(ids) },
          { label: t('wait.discardSelected', { count: chosen.length }), act: discard },
        ]}
      />
      {count > items.length && items.length > 0 && (
        <Text size="sm" c="dimmed">
          {t('parked.more', { shown: items.length })}
        </Text>
      )}
      <VirtualList
        items={items}
        draw={(item) => (
          <ItemRow
            item={item}
            isSelected={selection.has(item.id)}
            select={(on) => selection.tick(item.id, on)}
            retry={() => void retry([item.id])}
            discard={() => discard([item.id])}
            edit={() => edit(item)}
          />
        )}
      />
      <Confirm question={question} close={() => ask(undefined)} />
      <EditParked item={edited} close={() => edit(undefined)} />
    </Stack>
  )
}

/** For those who mend the cause elsewhere: what they need to know, under names that do not change with the language. */
function asTable(items: readonly ParkedItem[]): (string | null)[][] {
  const heads = [
    'id',
    'map',
    'direction',
    'table',
    'row',
    'name',
    'record',
    'operation',
    'columns',
    'code',
    'reason',
    'attempt',
    'actor',
    'parked',
  ]
  return [
    heads,
    ...items.map((item) => [
      item.id,
      item.map,
      item.direction,
      item.table,
      item.rowId,
      item.rowName,
      item.remoteKey,
      item.operation,
      item.columns.join(' '),
      item.code,
      item.reason,
      String(item.attempt),
      item.actor,
      item.parkedAt,
    ]),
  ]
}

function VirtualList({ items, draw }: { items: ParkedItem[]; draw: (item: ParkedItem) => React.ReactNode }) {
  const { t } = useWords()
  const scroller = useRef<HTMLDivElement>(null)
  const virtual = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ITEM_HEIGHT_PX,
    overscan: OVERSCAN_ITEMS,
    measureElement: (element) => element.getBoundingClientRect().height,
  })
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
    <section ref={scroller} className="scrolled-list" aria-label={t('parked.title')} tabIndex={0}>
      <ul className="plain-list" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map(({ index, start }) => {
          const item = items[index]
          if (item === undefined) return null
          return (
            <li
              key={item.id}
              ref={virtual.measureElement}
              data-index={index}
              className="scrolled-item"
              style={{ transform: `translateY(${start}px)` }}
            >
              {draw(item)}
            </li>
          )
        })}
      </ul>
    </section>
  )
}

function ItemRow(props: {
  item: ParkedItem
  isSelected: boolean
  select: (on: boolean) => void
  retry: () => void
  discard: () => void
  edit: () => void
}) {
  const { t, named, ago, dateTime } = useWords()
  const said = useSaid()
  const { item } = props
  const name = item.rowName ?? item.remoteKey ?? item.rowId ?? item.id
  return (
    <Group align="flex-start" gap="md">
      <Checkbox
        mt={3}
        checked={props.isSelected}
        onChange={(event) => props.select(event.currentTarget.checked)}
        aria-label={t('parked.select', { name })}
      />
      <Stack gap={2} className="grow">
        <Group gap="xs">
          {item.rowId === null ? (
            <Text fw={600} size="sm" className="wrap-anywhere">
              {name}
            </Text>
          ) : (
            <TextLink to="/data/$table" params={{ table: item.table }} search={{ row: item.rowId }} fw={600} size="sm">
              {name}
            </TextLink>
          )}
          <Text size="sm" c="dimmed">
            {named('operation', item.operation)} · {t(`parked.${item.direction}`)}
          </Text>
          <TextLink
            to="/sync/explain"
            search={item.rowId === null ? { map: item.map, key: item.remoteKey ?? '' } : { map: item.map, row: item.rowId }}
            size="sm"
          >
            {t('way.why')}
          </TextLink>
        </Group>
        <Text size="sm" className="bad wrap-anywhere">
          {said(item.reason)}
        </Text>
        <Text size="xs" c="dimmed" title={dateTime(item.parkedAt)}>
          {t('parked.when', { when: ago(item.parkedAt), attempts: item.attempt })}
          {item.actor !== null && ` · ${t('parked.by', { actor: item.actor })}`}
        </Text>
      </Stack>
      <Group gap={6}>
        <Button size="compact-sm" variant="default" onClick={props.edit} aria-label={t('wait.editOne', { name })}>
          {t('wait.edit')}
        </Button>
        <Button size="compact-sm" variant="default" onClick={props.retry} aria-label={t('parked.retryOne', { name })}>
          {t('action.tryAgain')}
        </Button>
        <Button
          size="compact-sm"
          variant="subtle"
          c="var(--bad)"
          onClick={props.discard}
          aria-label={t('parked.discardOne', { name })}
        >
          {t('parked.discard.deed')}
        </Button>
      </Group>
    </Group>
  )
}
