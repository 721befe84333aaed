import { Group, Paper, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { MapStatus } from '../../wire.ts'
import { mapsQuery } from '../lib/api.ts'
import { useWords } from '../lib/messages.tsx'
import { StateBadge } from '../parts/badges.tsx'
import { Flow } from '../parts/flow.tsx'
import { InitialSync } from '../parts/initial-sync.tsx'
import { TextLink } from '../parts/link.tsx'
import { Sparkline } from '../parts/sparkline.tsx'
import { Empty, Loaded, ScreenHead } from '../parts/states.tsx'
import { Verbs } from '../sync/lifecycle/verbs.tsx'

/** Both directions of every map at once, as they are this second. */
export function MapsScreen() {
  const { t } = useWords()
  const picture = useQuery(mapsQuery)
  return (
    <>
      <ScreenHead title={t('maps.title')} lead={t('maps.lead')} />
      <Loaded query={picture}>
        {({ maps }) =>
          maps.length === 0 ? (
            <Empty title={t('maps.empty.title')} text={t('maps.empty.text')} />
          ) : (
            <>
              <Heads />
              <Stack component="ul" gap={6} className="plain-list">
                {maps.map((map) => (
                  <MapRow key={map.name} map={map} />
                ))}
              </Stack>
            </>
          )
        }
      </Loaded>
    </>
  )
}

/** What the columns of wide windows are; in narrow ones each value carries its own label. */
function Heads() {
  const { t } = useWords()
  return (
    <div className="map-row map-heads" aria-hidden="true">
      <span />
      <div className="flow">
        <span>{t('flow.portal')}</span>
        <span />
        <span>{t('flow.erp')}</span>
      </div>
      <div className="figures">
        <span>{t('maps.rows')}</span>
        <span>{t('maps.lag')}</span>
        <span>{t('maps.rate')}</span>
      </div>
      <span />
    </div>
  )
}

function MapRow({ map }: { map: MapStatus }) {
  const { t, ago } = useWords()
  return (
    <Paper component="li" withBorder className="map-card">
      <div className="map-row">
        <div>
          <TextLink to="/dual-write/$name" params={{ name: map.name }} fw={600} size="sm">
            {map.title}
          </TextLink>
          <Group gap={8} mt={2}>
            <StateBadge state={map.state} />
            {map.parked > 0 && (
              <TextLink to="/parked-changes" search={{ map: map.name }} size="sm" className="bad">
                {t('maps.parked', { count: map.parked })}
              </TextLink>
            )}
          </Group>
        </div>
        <Flow map={map} />
        <MapFigures map={map} />
        <Verbs map={map} compact />
      </div>
      {map.initialSync !== null && map.initialSync.state !== 'done' && (
        <InitialSync progress={map.initialSync} name={map.title} />
      )}
      {map.lastError !== null && (
        <Text size="sm" className="bad" lineClamp={2}>
          {t('maps.lastError', { reason: map.lastError.reason, when: ago(map.lastError.at) })}
        </Text>
      )}
    </Paper>
  )
}

function MapFigures({ map }: { map: MapStatus }) {
  const { t, number, duration } = useWords()
  const lagMs = Math.max(map.lagMs.toErp, map.lagMs.toPortal)
  return (
    <div className="figures">
      <Figure label={t('maps.rows')} value={number(map.rows)} />
      <Figure label={t('maps.lag')} value={lagMs === 0 ? '–' : duration(lagMs)} />
      <div className="rate">
        <Figure label={t('maps.rate')} value={number(map.perMinute.toErp + map.perMinute.toPortal)} />
        <Sparkline map={map.name} />
      </div>
    </div>
  )
}

function Figure({ label, value }: { label: string; value: string }) {
  return (
    <div>
      <span className="figure-label">{label}</span>
      <span className="digits">{value}</span>
    </div>
  )
}
