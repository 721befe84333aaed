import { Button, Checkbox, Group, type MantineColor, Table, Text, VisuallyHidden } from '@mantine/core'
import type { QueuedItem, QueuedState } from '#dual-write/facets-rows.ts'
import { useMapTitles } from '../../lib/maps.ts'
import { useWords } from '../../lib/messages.tsx'
import { useSaid } from '../../lib/said.ts'
import { Tag } from '../../parts/badges.tsx'
import { TextLink } from '../../parts/link.tsx'
import { DirectionText } from '../direction.tsx'
import type { useSelection } from './use-selection.ts'

type Props = {
  items: QueuedItem[]
  nameOf: (rowId: string | null) => string | undefined
  selection: ReturnType<typeof useSelection>
  hurry: (id: string) => void
  discard: (id: string) => void
}

/** A line for each change that waits. */
export function QueuedTable({ items, nameOf, selection, hurry, discard }: Props) {
  const { t } = useWords()
  return (
    <Table.ScrollContainer minWidth={960} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
      <Table verticalSpacing="xs" aria-label={t('queued.title')}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>
              <VisuallyHidden>{t('wait.selectAll')}</VisuallyHidden>
            </Table.Th>
            <Table.Th>{t('lost.row')}</Table.Th>
            <Table.Th>{t('queued.change')}</Table.Th>
            <Table.Th>{t('queued.since')}</Table.Th>
            <Table.Th>{t('queued.waitsFor')}</Table.Th>
            <Table.Th>
              <VisuallyHidden>{t('mapTable.verbs')}</VisuallyHidden>
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {items.map((item) => (
            <Line
              key={item.id}
              item={item}
              name={nameOf(item.rowId) ?? item.remoteKey ?? item.rowId ?? item.id}
              isSelected={selection.has(item.id)}
              select={(on) => selection.tick(item.id, on)}
              hurry={() => hurry(item.id)}
              discard={() => discard(item.id)}
            />
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}

const COLORS: Readonly<Record<QueuedState, MantineColor>> = {
  next: 'teal',
  under_way: 'teal',
  backing_off: 'orange',
  unreachable: 'orange',
  parent: 'yellow',
  behind: 'yellow',
  paused: 'yellow',
  disarmed: 'orange',
  initial_sync: 'blue',
  not_running: 'gray',
}
const HURRIED: readonly QueuedState[] = ['backing_off', 'unreachable', 'parent']
const COLUMNS_MAX = 4

function Line(props: {
  item: QueuedItem
  name: string
  isSelected: boolean
  select: (on: boolean) => void
  hurry: () => void
  discard: () => void
}) {
  const { t, named } = useWords()
  const { item, name } = props
  const title = useMapTitles()(item.map)
  const shown = item.columns.slice(0, COLUMNS_MAX).join(', ')
  const more = item.columns.length - COLUMNS_MAX
  return (
    <Table.Tr>
      <Table.Td>
        <Checkbox
          checked={props.isSelected}
          onChange={(event) => props.select(event.currentTarget.checked)}
          aria-label={t('parked.select', { name })}
        />
      </Table.Td>
      <Table.Td className="wrap-anywhere">
        <RowLink item={item} name={name} />
        <div className="small when">{title}</div>
      </Table.Td>
      <Table.Td className="wrap-anywhere">
        {named('operation', item.operation)} · <DirectionText direction={item.direction} />
        {item.operation === 'update' && (
          <Text size="xs" c="dimmed" className="mono" title={item.columns.join(', ')}>
            {more > 0 ? t('queued.columns', { columns: shown, count: more }) : shown}
          </Text>
        )}
      </Table.Td>
      <Since item={item} />
      <WaitsFor item={item} />
      <Table.Td>
        <Group gap={6} justify="flex-end" wrap="nowrap">
          {HURRIED.includes(item.state) && (
            <Button size="compact-sm" variant="default" onClick={props.hurry} aria-label={t('queued.hurryOne', { name })}>
              {t('queued.hurry')}
            </Button>
          )}
          <Button
            size="compact-sm"
            variant="subtle"
            c="var(--bad)"
            onClick={props.discard}
            disabled={item.state === 'under_way'}
            aria-label={t('parked.discardOne', { name })}
          >
            {t('parked.discard.deed')}
          </Button>
        </Group>
      </Table.Td>
    </Table.Tr>
  )
}

function RowLink({ item, name }: { item: QueuedItem; name: string }) {
  const { t } = useWords()
  const search = item.rowId === null ? { map: item.map, key: item.remoteKey ?? '' } : { map: item.map, row: item.rowId }
  return (
    <Group gap="xs">
      {item.rowId === null || item.operation === 'delete' ? (
        <Text size="sm" fw={600} className="wrap-anywhere">
          {name}
        </Text>
      ) : (
        <TextLink to="/data/$table" params={{ table: item.table }} search={{ row: item.rowId }} fw={600} size="sm">
          {name}
        </TextLink>
      )}
      <TextLink to="/sync/explain" search={search} size="sm" aria-label={t('queued.whyOf', { name })}>
        {t('way.why')}
      </TextLink>
    </Group>
  )
}

function Since({ item }: { item: QueuedItem }) {
  const { t, ago, dateTime } = useWords()
  return (
    <Table.Td title={dateTime(item.queuedAt)}>
      {ago(item.queuedAt)}
      {item.attempt > 0 && (
        <Text size="xs" c="dimmed">
          {t('queued.attempts', { count: item.attempt })}
        </Text>
      )}
    </Table.Td>
  )
}

function WaitsFor({ item }: { item: QueuedItem }) {
  const { t, dateTime } = useWords()
  const said = useSaid()
  return (
    <Table.Td className="wrap-anywhere">
      <Tag color={COLORS[item.state]}>{t(`queued.state.${item.state}`)}</Tag>
      <Text size="sm">{said(item.waitsFor)}</Text>
      {HURRIED.includes(item.state) && item.dueAt !== null && (
        <Text size="xs" c="dimmed">
          {t('queued.due', { when: dateTime(item.dueAt) })}
        </Text>
      )}
    </Table.Td>
  )
}
