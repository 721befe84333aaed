import { Paper, SimpleGrid, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import type { Direction } from '#dual-write/facets-control.ts'
import type { Comparison } from '#dual-write/facets-rows.ts'
import type { MapStatus } from '../../../wire.ts'
import { useWords } from '../../lib/messages.tsx'
import { TextLink } from '../../parts/link.tsx'
import { comparisonQuery, latencyQuery } from '../queries.ts'
import { equalPercent } from '../rows/equality.ts'
import { lagOf } from './themes.ts'

const LATENCY_MINUTES = 60

/** Equal or not, how quick, how much waits: the figures one looks at first. */
export function Figures({ maps }: { maps: MapStatus[] }) {
  const { t, number, duration } = useWords()
  const queued = maps.reduce((sum, map) => sum + map.queued.toErp + map.queued.toPortal, 0)
  const parked = maps.reduce((sum, map) => sum + map.parked, 0)
  const [slowest] = [...maps].sort((a, b) => lagOf(b) - lagOf(a))
  const oldest = slowest !== undefined && (
    <>
      {t('figure.oldest', { map: slowest.title, lag: duration(lagOf(slowest)) })}{' '}
      <TextLink to="/dual-write" search={{ sort: 'lag' }} underline="always">
        {t('figure.showWaiting')}
      </TextLink>
    </>
  )
  const running = maps.filter((map) => map.state === 'running').length
  return (
    <SimpleGrid
      cols={{ base: 2, md: 3, xl: 6 }}
      spacing="sm"
      className="figures"
      component="section"
      aria-label={t('figure.label')}
    >
      <Equality maps={maps} />
      <Latency direction="toErp" />
      <Latency direction="toPortal" />
      <Tile
        label={t('figure.queued')}
        value={number(queued)}
        more={
          <>
            {slowest === undefined || lagOf(slowest) === 0 ? t('figure.noLag') : oldest}
            {queued > 0 && (
              <>
                {' · '}
                <TextLink to="/sync/queued" underline="always">
                  {t('figure.showQueued')}
                </TextLink>
              </>
            )}
          </>
        }
      />
      <Tile
        tone={parked === 0 ? 'good' : 'bad'}
        label={t('figure.parked')}
        value={number(parked)}
        more={parked === 0 ? t('figure.noParked') : <TextLink to="/parked-changes">{t('figure.showParked')}</TextLink>}
      />
      <Tile
        tone={running === maps.length ? 'good' : 'plain'}
        label={t('figure.running')}
        value={t('overview.ofTotal', { count: running, total: maps.length })}
        more={t('figure.notRunning', { count: maps.filter((map) => map.state === 'not_running').length })}
      />
    </SimpleGrid>
  )
}

function Equality({ maps }: { maps: MapStatus[] }) {
  const { t, number, ago, language } = useWords()
  const comparison = useQuery(comparisonQuery)
  const known = comparison.data === undefined ? undefined : sumOf(comparison.data)
  const compared = new Set(comparison.data?.maps.map((one) => one.map))
  const toCome = maps.filter((map) => map.state === 'running' && !compared.has(map.name)).length
  const more = (
    <TextLink to="/sync/differences" underline="always">
      {t('figure.showDifferences')}
    </TextLink>
  )
  if (known === undefined || known.comparedAt === null)
    return <Tile label={t('figure.equal')} value="–" more={comparison.isPending ? t('state.loading') : t('figure.notCompared')} />
  const rows = number(known.rows)
  const same = toCome === 0 ? t('figure.allEqual', { rows }) : t('figure.soFar', { rows, count: toCome })
  const said = known.differences === 0 ? same : t('figure.different', { count: number(known.differences), rows })
  return (
    <Tile
      tone={known.differences === 0 ? 'good' : 'bad'}
      label={t('figure.equal')}
      value={equalPercent(known.rows, known.differences, language)}
      more={
        <>
          {said}
          {known.explained > 0 && ` ${t('figure.explained', { count: number(known.explained) })}`}
          {' · '}
          {ago(known.comparedAt)} {known.differences > 0 && more}
        </>
      }
    />
  )
}

/** Of all maps; as old as what was compared longest ago. */
function sumOf({ maps }: Comparison) {
  const sum = { rows: 0, differences: 0, explained: 0, comparedAt: null as string | null }
  for (const { rows, differences, explained, comparedAt } of maps) {
    sum.rows += rows
    sum.differences += differences
    sum.explained += explained
    if (comparedAt !== null && (sum.comparedAt === null || comparedAt < sum.comparedAt)) sum.comparedAt = comparedAt
  }
  return sum
}

function Latency({ direction }: { direction: Direction }) {
  const { t, duration, ago } = useWords()
  const latency = useQuery(latencyQuery(LATENCY_MINUTES))
  const figures = latency.data?.[direction]
  const label = t(`figure.latency.${direction}`)
  if (figures === undefined || figures.p50Ms === null)
    return (
      <Tile
        label={label}
        value="–"
        more={
          figures === undefined
            ? t('state.loading')
            : figures.lastBeatAt === null
              ? t('figure.quiet')
              : t('figure.quietOpen', { when: ago(figures.lastBeatAt) })
        }
      />
    )
  const { p50Ms, p95Ms, p99Ms } = figures
  return (
    <Tile
      label={label}
      value={duration(p50Ms)}
      more={t('figure.percentiles', { p95: duration(p95Ms ?? p50Ms), p99: duration(p99Ms ?? p50Ms), count: figures.count })}
    />
  )
}

function Tile(props: { tone?: 'good' | 'bad' | 'plain'; label: string; value: string; more: ReactNode }) {
  return (
    <Paper withBorder p="sm" className={`tile tile-${props.tone ?? 'plain'}`}>
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
