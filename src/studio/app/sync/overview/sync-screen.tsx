import { Group, SegmentedControl, Select, Stack, Text } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import { lazy, Suspense } from 'react'
import type { MapStatus } from '../../../wire.ts'
import { useMaps } from '../../lib/maps.ts'
import { useWords } from '../../lib/messages.tsx'
import { SearchBox } from '../../parts/list.tsx'
import { Empty, Loaded } from '../../parts/states.tsx'
import { SyncHead } from '../head.tsx'
import { Disarmed } from './disarmed.tsx'
import { Figures } from './figures.tsx'
import { Findings } from './findings.tsx'
import { MapTable } from './map-table.tsx'

/** The drawing libraries are only fetched by who looks at what they draw. */
const Picture = lazy(() => import('./picture.tsx').then((module) => ({ default: module.Picture })))
const Charts = lazy(() => import('../charts/charts.tsx').then((module) => ({ default: module.Charts })))

const VIEWS = ['list', 'picture', 'charts'] as const
const STATES = ['not_running', 'initializing', 'running', 'paused', 'resuming', 'parked', 'different'] as const
export const SYNC_ADDRESS = ['view', 'search', 'state', 'sort', 'hours'] as const
export type SyncAddress = { [name in (typeof SYNC_ADDRESS)[number]]?: string }

/** Everything that is kept equal, as it is this second: what is not well first, then all maps as a list, a picture or charts. */
export function SyncScreen({ address }: { address: SyncAddress }) {
  const { t } = useWords()
  const navigate = useNavigate()
  const picture = useMaps()
  const view = VIEWS.find((one) => one === address.view) ?? 'list'
  const go = (next: SyncAddress) => {
    const search = Object.entries({ ...address, ...next }).filter(([, value]) => value !== '' && value !== 'list')
    void navigate({ to: '/dual-write', search: Object.fromEntries(search), replace: true })
  }
  return (
    <>
      <SyncHead title={t('maps.title')} lead={t('maps.lead')} />
      <Stack gap="lg">
        <Disarmed />
        <Loaded query={picture}>
          {({ maps }) =>
            maps.length === 0 ? (
              <Empty title={t('maps.empty.title')} text={t('maps.empty.text')} />
            ) : (
              <>
                <Figures maps={maps} />
                <Findings />
                <Group gap="sm">
                  <SegmentedControl
                    aria-label={t('syncView.label')}
                    value={view}
                    onChange={(value) => go({ view: value })}
                    data={VIEWS.map((value) => ({ value, label: t(`syncView.${value}`) }))}
                  />
                  {view !== 'charts' && <Filter address={address} go={go} />}
                </Group>
                <Suspense fallback={<Text c="dimmed">{t('state.loading')}</Text>}>
                  {view === 'charts' ? (
                    <Charts hours={address.hours} change={(hours) => go({ hours })} />
                  ) : (
                    <Maps maps={maps.filter((map) => matches(map, address))} view={view} address={address} go={go} />
                  )}
                </Suspense>
              </>
            )
          }
        </Loaded>
      </Stack>
    </>
  )
}

function Maps(props: { maps: MapStatus[]; view: 'list' | 'picture'; address: SyncAddress; go: (next: SyncAddress) => void }) {
  const { t } = useWords()
  const { maps, view, address, go } = props
  if (maps.length === 0) return <Empty title={t('maps.noneFound')} text={t('maps.noneFoundText')} />
  if (view === 'picture') return <Picture maps={maps} />
  return <MapTable maps={maps} sort={address.sort} onSort={(sort) => go({ sort })} />
}

function Filter({ address, go }: { address: SyncAddress; go: (next: SyncAddress) => void }) {
  const { t } = useWords()
  return (
    <>
      <SearchBox label={t('maps.search')} value={address.search ?? ''} onSearch={(search) => go({ search })} />
      <Select
        aria-label={t('maps.filterState')}
        placeholder={t('maps.anyState')}
        clearable
        clearButtonProps={{ 'aria-label': t('action.clear') }}
        value={address.state ?? null}
        onChange={(state) => go({ state: state ?? '' })}
        data={STATES.map((value) => ({
          value,
          label: t(value === 'parked' || value === 'different' ? `maps.only.${value}` : `mapState.${value}`),
        }))}
      />
    </>
  )
}

function matches(map: MapStatus, { search = '', state }: SyncAddress): boolean {
  const text = `${map.title} ${map.name} ${map.table} ${map.entity}`.toLowerCase()
  if (
    !search
      .toLowerCase()
      .split(/\s+/)
      .every((word) => text.includes(word))
  )
    return false
  if (state === 'parked') return map.parked > 0
  if (state === 'different') return (map.differences ?? 0) > 0
  return state === undefined || map.state === state
}
