import { Tabs, Text } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import { type ComponentType, lazy, Suspense } from 'react'
import type { MapStatus } from '../../wire.ts'
import { useMaps } from '../lib/maps.ts'
import { useWords } from '../lib/messages.tsx'
import { TextLink } from '../parts/link.tsx'
import { Empty, Loaded, ScreenHead } from '../parts/states.tsx'
import { Verbs } from './lifecycle/verbs.tsx'
import type { MapAddress, TabProps } from './tab-props.ts'

/** Each is fetched by who opens it. */
const TABS = {
  overview: tab(() => import('./tab-overview.tsx').then((module) => module.OverviewTab)),
  columns: tab(() => import('./tab-definition.tsx').then((module) => module.DefinitionTab)),
  copy: tab(() => import('./tab-copy.tsx').then((module) => module.CopyTab)),
  waiting: tab(() => import('./tab-waiting.tsx').then((module) => module.WaitingTab)),
  differences: tab(() => import('./tab-differences.tsx').then((module) => module.DifferencesTab)),
  versions: tab(() => import('./versions/tab-versions.tsx').then((module) => module.VersionsTab)),
  activity: tab(() => import('./tab-activity.tsx').then((module) => module.ActivityTab)),
} as const
type TabName = keyof typeof TABS
const TAB_NAMES = Object.keys(TABS) as TabName[]

/** One map whole, a tab for each thing that one wants to know or do. */
export function MapPage({ name, address }: { name: string; address: MapAddress }) {
  const { t } = useWords()
  const picture = useMaps()
  return (
    <Loaded query={picture}>
      {({ maps }) => {
        const status = maps.find((map) => map.name === name)
        return status === undefined ? (
          <Empty title={t('notFound.title')} text={t('map.unknown', { name })}>
            <TextLink to="/dual-write">{t('maps.title')}</TextLink>
          </Empty>
        ) : (
          <Page status={status} address={address} />
        )
      }}
    </Loaded>
  )
}

function Page({ status, address }: { status: MapStatus; address: MapAddress }) {
  const { t } = useWords()
  const navigate = useNavigate()
  const { name } = status
  const open = TAB_NAMES.find((one) => one === address.tab) ?? 'overview'
  const to = (search: MapAddress, replace: boolean) =>
    void navigate({ to: '/dual-write/$name', params: { name }, search: withoutEmpty(search), replace })
  return (
    <>
      <ScreenHead
        title={status.title}
        above={
          <TextLink to="/dual-write" size="sm">
            {t('maps.title')}
          </TextLink>
        }
        actions={<Verbs map={status} />}
      />
      <Tabs value={open} onChange={(value) => to({ tab: value ?? '' }, false)} keepMounted={false}>
        <Tabs.List mb="md">
          {TAB_NAMES.map((one) => (
            <Tabs.Tab key={one} value={one}>
              {t(`map.tab.${one}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {TAB_NAMES.map((one) => {
          const Content = TABS[one]
          return (
            <Tabs.Panel key={one} value={one}>
              <Suspense fallback={<Text c="dimmed">{t('state.loading')}</Text>}>
                <Content
                  key={name}
                  name={name}
                  status={status}
                  address={address}
                  go={(next, replace = true) => to({ ...address, ...next }, replace)}
                />
              </Suspense>
            </Tabs.Panel>
          )
        })}
      </Tabs>
    </>
  )
}

function tab(load: () => Promise<ComponentType<TabProps>>) {
  return lazy(async () => ({ default: await load() }))
}

/** What says nothing does not stand in the address. */
function withoutEmpty(address: MapAddress): MapAddress {
  return Object.fromEntries(Object.entries(address).filter(([, value]) => value !== '' && value !== 'overview'))
}
