import { Group, Table, Text, UnstyledButton } from '@mantine/core'
import type { Direction } from '#dual-write/facets-control.ts'
import type { MapStatus } from '../../../wire.ts'
import { useWords } from '../../lib/messages.tsx'
import { useSaid } from '../../lib/said.ts'
import { StateBadge } from '../../parts/badges.tsx'
import { InitialSync } from '../../parts/initial-sync.tsx'
import { TextLink } from '../../parts/link.tsx'
import { Sparkline } from '../../parts/sparkline.tsx'
import { Verbs } from '../lifecycle/verbs.tsx'
import { lagOf } from './themes.ts'

/** By what maps can be sorted, each with the value that decides. Texts rise, numbers fall: what is much comes first. */
const SORTS = {
  title: (map: MapStatus) => map.title,
  state: (map: MapStatus) => map.state,
  toErp: (map: MapStatus) => map.queued.toErp,
  toPortal: (map: MapStatus) => map.queued.toPortal,
  lag: lagOf,
  parked: (map: MapStatus) => map.parked,
  differences: (map: MapStatus) => map.differences ?? -1,
  rate: (map: MapStatus) => map.perMinute.toErp + map.perMinute.toPortal,
  rows: (map: MapStatus) => map.rows ?? -1,
} satisfies Record<string, (map: MapStatus) => string | number>
type Head = keyof typeof SORTS
const HEADS = Object.keys(SORTS) as Head[]

/** All maps in dependency order, or sorted by what is of interest: `sort` is a column's name, with a minus for the other way round. */
export function MapTable(props: { maps: MapStatus[]; sort: string | undefined; onSort: (sort: string) => void }) {
  const { t, language } = useWords()
  const { maps, sort = '', onSort } = props
  const isBackwards = sort.startsWith('-')
  const by = isBackwards ? sort.slice(1) : sort
  return (
    <Table.ScrollContainer minWidth={1000}>
      <Table highlightOnHover verticalSpacing={4} horizontalSpacing={6} className="map-table">
        <Table.Thead>
          <Table.Tr>
            {HEADS.map((head) => {
              const order = by !== head ? undefined : isBackwards ? 'other' : 'first'
              const isText = head === 'title' || head === 'state'
              const rises = (order === 'first') === isText
              return (
                <Table.Th
                  key={head}
                  className={isText ? undefined : 'number'}
                  aria-sort={order === undefined ? undefined : rises ? 'ascending' : 'descending'}
                >
                  <UnstyledButton
                    className="grid-sort"
                    onClick={() => onSort(order === undefined ? head : order === 'first' ? `-${head}` : '')}
                  >
                    {t(`mapTable.${head}`)}
                    <span aria-hidden="true">{order === undefined ? '' : rises ? ' ↑' : ' ↓'}</span>
                  </UnstyledButton>
                </Table.Th>
              )
            })}
            <Table.Th>{t('mapTable.verbs')}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {sorted(maps, by, isBackwards, language).map((map) => (
            <MapRow key={map.name} map={map} />
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}

function sorted(maps: MapStatus[], by: string, isBackwards: boolean, language: string): MapStatus[] {
  const head = HEADS.find((one) => one === by)
  if (head === undefined) return maps
  const rankOf = SORTS[head]
  const turn = isBackwards ? -1 : 1
  return [...maps].sort((a, b) => {
    const [one, other] = [rankOf(a), rankOf(b)]
    if (typeof one === 'string') return one.localeCompare(String(other), language) * turn
    return (Number(other) - one) * turn
  })
}

function MapRow({ map }: { map: MapStatus }) {
  const { t, number, duration, ago } = useWords()
  const said = useSaid()
  const lagMs = lagOf(map)
  const rate = map.perMinute.toErp + map.perMinute.toPortal
  return (
    <Table.Tr>
      <Table.Td>
        <TextLink to="/dual-write/$name" params={{ name: map.name }} fw={600} size="sm">
          {map.title}
        </TextLink>
        <Text size="xs" c="dimmed" className="mono">
          {map.table} {map.carries.toErp ? '⇄' : '←'} {map.entity}
        </Text>
        {map.lastError !== null && (
          <Text size="xs" className="bad" lineClamp={2} title={said(map.lastError.reason)}>
            {t('maps.lastError', { reason: said(map.lastError.reason), when: ago(map.lastError.at) })}
          </Text>
        )}
        {map.initialSync !== null && map.initialSync.state !== 'done' && (
          <InitialSync progress={map.initialSync} name={map.title} />
        )}
      </Table.Td>
      <Table.Td>
        <StateBadge state={map.state} />
        {map.scopes.length > 0 && (
          <Text size="xs" c="dimmed">
            {t('mapTable.pausedParts', { count: map.scopes.length })}
          </Text>
        )}
      </Table.Td>
      <Queued map={map} direction="toErp" />
      <Queued map={map} direction="toPortal" />
      <Table.Td className="number">{lagMs === 0 ? '–' : duration(lagMs)}</Table.Td>
      <Table.Td className="number">
        {map.parked === 0 ? (
          '0'
        ) : (
          <TextLink to="/parked-changes" search={{ map: map.name }} size="sm" className="bad">
            {t('maps.parked', { count: map.parked })}
          </TextLink>
        )}
      </Table.Td>
      <Table.Td className={map.differences !== null && map.differences > 0 ? 'number bad' : 'number'}>
        {map.differences === null ? '–' : number(map.differences)}
      </Table.Td>
      <Table.Td className="number">
        <Group gap={6} justify="flex-end" wrap="nowrap">
          {number(rate)}
          <Sparkline map={map.name} />
        </Group>
      </Table.Td>
      <Table.Td className="number">{map.rows === null ? '–' : number(map.rows)}</Table.Td>
      <Table.Td>
        <Verbs map={map} compact />
      </Table.Td>
    </Table.Tr>
  )
}

/** How many wait for one way, and the way to see which. */
function Queued({ map, direction }: { map: MapStatus; direction: Direction }) {
  const { t, number } = useWords()
  const count = map.queued[direction]
  return (
    <Table.Td className="number">
      {!map.carries[direction] ? (
        '–'
      ) : count === 0 ? (
        '0'
      ) : (
        <TextLink
          to="/sync/queued"
          search={{ map: map.name, direction }}
          size="sm"
          aria-label={t(`mapTable.queued.${direction}`, { count, map: map.title })}
        >
          {number(count)}
        </TextLink>
      )}
    </Table.Td>
  )
}
