import { Group, SegmentedControl, Stack, Table, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import type { Direction } from '#dual-write/facets-control.ts'
import { useWords } from '../../lib/messages.tsx'
import { Empty, Loaded } from '../../parts/states.tsx'
import { seriesQuery } from '../queries.ts'
import { type Line, Plot } from './plot.tsx'
import { HOURS, type Hours, type Step, stepsOf } from './series.ts'

const PERCENTILES = ['p50Ms', 'p95Ms', 'p99Ms'] as const
const DASHES = { p50Ms: [], p95Ms: [8, 4], p99Ms: [2, 4] }
const COLORS: Readonly<Record<Direction, string>> = { toErp: '--flowing', toPortal: '--bad' }

/** How much travelled and how quickly, of one map or of all, with the same figures as a table. */
export function Charts(props: { map?: string; hours: string | undefined; change: (hours: string) => void }) {
  const { t } = useWords()
  const hours = HOURS.find((one) => String(one) === props.hours) ?? 1
  const series = useQuery(seriesQuery(props.map, hours))
  return (
    <Stack component="section" aria-label={t('charts.label')}>
      <Group>
        <SegmentedControl
          size="xs"
          aria-label={t('charts.span')}
          value={String(hours)}
          onChange={props.change}
          data={HOURS.map((one) => ({ value: String(one), label: t(`charts.hours.${one}`) }))}
        />
      </Group>
      <Loaded query={series}>
        {(points) =>
          points.length === 0 ? (
            <Empty title={t('charts.empty')} text={t('charts.emptyText')} />
          ) : (
            <Drawn steps={stepsOf(points, hours, Date.now())} hours={hours} />
          )
        }
      </Loaded>
    </Stack>
  )
}

function Drawn({ steps, hours }: { steps: Step[]; hours: Hours }) {
  const { t, number, duration } = useWords()
  const atMs = useMemo(() => steps.map((step) => step.atMs), [steps])
  const rate = (['toErp', 'toPortal'] as const).map(
    (direction): Line => ({
      label: t(`direction.${direction}`),
      color: COLORS[direction],
      dash: direction === 'toErp' ? [] : [8, 4],
      values: steps.map((step) => step.rate[direction]),
    }),
  )
  const latency = (direction: Direction) =>
    PERCENTILES.map(
      (name): Line => ({
        label: t(`charts.${name}`),
        color: COLORS[direction],
        dash: DASHES[name],
        values: steps.map((step) => step.latency[direction]?.[name] ?? null),
      }),
    )
  return (
    <>
      <div className="plots">
        <Chart title={t('charts.rate')} atMs={atMs} lines={rate} format={(value) => number(Math.round(value * 10) / 10)} />
        <Chart title={t('charts.latency.toErp')} atMs={atMs} lines={latency('toErp')} dots format={duration} />
        <Chart title={t('charts.latency.toPortal')} atMs={atMs} lines={latency('toPortal')} dots format={duration} />
      </div>
      {hours > 1 && (
        <Text size="xs" c="dimmed">
          {t('charts.slowest')}
        </Text>
      )}
      <details>
        <summary>{t('charts.table')}</summary>
        <StepTable steps={steps} />
      </details>
    </>
  )
}

function Chart(props: { title: string; atMs: number[]; lines: Line[]; dots?: boolean; format: (value: number) => string }) {
  return (
    <section>
      <Title order={2} size="h5">
        {props.title}
      </Title>
      <Group gap="md" mb={4}>
        {props.lines.map((line) => (
          <Group key={line.label} gap={6}>
            <svg width="26" height="8" aria-hidden="true">
              <line
                x1="0"
                x2="26"
                y1="4"
                y2="4"
                stroke={`var(${line.color})`}
                strokeWidth="2"
                strokeDasharray={line.dash.join(' ')}
              />
            </svg>
            <Text size="xs">{line.label}</Text>
          </Group>
        ))}
      </Group>
      <Plot atMs={props.atMs} lines={props.lines} dots={props.dots ?? false} format={props.format} />
    </section>
  )
}

/** Only the steps in which something happened, newest first. */
function StepTable({ steps }: { steps: Step[] }) {
  const { t, number, duration, dateTime } = useWords()
  const busy = steps.filter((step) => step.rate.toErp + step.rate.toPortal > 0).reverse()
  const directions = ['toErp', 'toPortal'] as const
  return (
    <Table.ScrollContainer minWidth={720}>
      <Table verticalSpacing={2} fz="sm">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t('charts.from')}</Table.Th>
            {directions.map((direction) => (
              <Table.Th key={direction} className="number">
                {t('charts.rate')}, {t(`direction.${direction}`)}
              </Table.Th>
            ))}
            {directions.map((direction) => (
              <Table.Th key={direction} className="number">
                {t(`charts.latency.${direction}`)} (p50 / p95 / p99)
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {busy.map((step) => (
            <Table.Tr key={step.atMs}>
              <Table.Td>{dateTime(new Date(step.atMs).toISOString())}</Table.Td>
              {directions.map((direction) => (
                <Table.Td key={direction} className="number">
                  {number(Math.round(step.rate[direction] * 10) / 10)}
                </Table.Td>
              ))}
              {directions.map((direction) => (
                <Table.Td key={direction} className="number">
                  {PERCENTILES.map((name) => step.latency[direction]?.[name])
                    .map((ms) => (ms === undefined ? '–' : duration(ms)))
                    .join(' / ')}
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}
