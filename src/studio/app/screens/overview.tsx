import { Alert, Paper, SimpleGrid, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import type { Overview } from '../../wire.ts'
import { overviewQuery } from '../lib/api.ts'
import { useMapTitles } from '../lib/maps.ts'
import { useWords } from '../lib/messages.tsx'
import { useSaid } from '../lib/said.ts'
import { TextLink } from '../parts/link.tsx'
import { Loaded, ScreenHead } from '../parts/states.tsx'

/** Is all well, how much is there, and where are things: the first screen of the day. */
export function OverviewScreen() {
  const { t } = useWords()
  const overview = useQuery(overviewQuery)
  return (
    <>
      <ScreenHead title={t('overview.title')} />
      <Loaded query={overview}>
        {(data) => (
          <Stack gap="xl">
            <Health data={data} />
            <Counts data={data} />
            <Errors data={data} />
            <Places data={data} />
          </Stack>
        )}
      </Loaded>
    </>
  )
}

function Health({ data }: { data: Overview }) {
  const { t, number, duration } = useWords()
  const { maps } = data
  const titleOf = useMapTitles()
  return (
    <SimpleGrid cols={{ base: 2, md: 4 }} spacing="md">
      <Tile
        tone={maps.paused > 0 ? 'bad' : maps.running === maps.total ? 'good' : 'plain'}
        label={t('overview.mapsRunning')}
        value={t('overview.ofTotal', { count: maps.running, total: maps.total })}
        more={<TextLink to="/dual-write">{t('overview.showMaps')}</TextLink>}
      />
      <Tile
        tone="plain"
        label={t('overview.queued')}
        value={number(maps.queued.toErp + maps.queued.toPortal)}
        more={
          data.slowest === null
            ? t('overview.noLag')
            : t('overview.slowest', { map: titleOf(data.slowest.map), lag: duration(data.slowest.lagMs) })
        }
      />
      <Tile
        tone={maps.parked === 0 ? 'good' : 'bad'}
        label={t('overview.parked')}
        value={number(maps.parked)}
        more={<TextLink to="/parked-changes">{t('overview.showParked')}</TextLink>}
      />
      <Tile
        tone={data.mails.failed === 0 ? 'plain' : 'bad'}
        label={t('overview.mails')}
        value={number(data.mails.waiting)}
        more={
          data.mails.failed > 0 ? (
            t('overview.mailsFailed', { count: data.mails.failed })
          ) : (
            <TextLink to="/outbox">{t('overview.showOutbox')}</TextLink>
          )
        }
      />
    </SimpleGrid>
  )
}

function Tile(props: { tone: 'good' | 'bad' | 'plain'; label: string; value: string; more: ReactNode }) {
  return (
    <Paper withBorder p="md" className={`tile tile-${props.tone}`}>
      <Text size="sm" c="dimmed">
        {props.label}
      </Text>
      <Text className="tile-value">{props.value}</Text>
      <Text size="sm" component="div">
        {props.more}
      </Text>
    </Paper>
  )
}

function Counts({ data }: { data: Overview }) {
  const { t, number } = useWords()
  return (
    <section aria-labelledby="counts">
      <Title order={2} size="h4" id="counts" mb="sm">
        {t('overview.counts')}
      </Title>
      <dl className="counts">
        {(Object.keys(data.counts) as (keyof Overview['counts'])[]).map((name) => (
          <div key={name}>
            <dt>{t(`count.${name}`)}</dt>
            <dd>{number(data.counts[name])}</dd>
          </div>
        ))}
      </dl>
    </section>
  )
}

function Errors({ data }: { data: Overview }) {
  const { t, ago } = useWords()
  const titleOf = useMapTitles()
  const said = useSaid()
  if (data.errors.length === 0) return null
  return (
    <section aria-labelledby="errors">
      <Title order={2} size="h4" id="errors" mb="sm">
        {t('overview.errors')}
      </Title>
      <Stack gap="xs">
        {data.errors.map((error) => (
          <Alert key={error.map} color="orange">
            <TextLink to="/dual-write/$name" params={{ name: error.map }} fw={600} c="inherit" underline="always">
              {titleOf(error.map)}
            </TextLink>{' '}
            {said(error.reason)} <span className="when">{ago(error.at)}</span>
          </Alert>
        ))}
      </Stack>
    </section>
  )
}

function Places({ data }: { data: Overview }) {
  const { t } = useWords()
  const { places } = data
  return (
    <section aria-labelledby="places">
      <Title order={2} size="h4" id="places" mb="sm">
        {t('overview.places')}
      </Title>
      <dl className="facts">
        <div>
          <dt>{t('place.portal')}</dt>
          <dd>
            <a href={places.portalUrl}>{places.portalUrl}</a>
          </dd>
        </div>
        <div>
          <dt>{t('place.erp')}</dt>
          <dd>
            <a href={places.erpUrl}>{places.erpUrl}</a>
          </dd>
        </div>
        <Place label={t('place.data')} value={places.dataDir} />
        <Place label={t('place.database')} value={places.database} />
        <Place label={t('place.mail')} value={places.smtp ?? t('place.noSmtp')} />
      </dl>
    </section>
  )
}

function Place({ label, value }: { label: string; value: string }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd className="mono">{value}</dd>
    </div>
  )
}
