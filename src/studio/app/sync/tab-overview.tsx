import { Alert, Button, Group, List, Paper, Stack, Table, Text, Title } from '@mantine/core'
import { useState } from 'react'
import type { MapScope } from '#dual-write/facets-control.ts'
import type { MapStatus } from '../../wire.ts'
import { useWords } from '../lib/messages.tsx'
import { useSaid } from '../lib/said.ts'
import { StateBadge } from '../parts/badges.tsx'
import { Flow } from '../parts/flow.tsx'
import { InitialSync } from '../parts/initial-sync.tsx'
import { TextLink } from '../parts/link.tsx'
import { Charts } from './charts/charts.tsx'
import { ResumeDialog } from './lifecycle/resume-dialog.tsx'
import { scopeText } from './lifecycle/scope-fields.tsx'
import { lagOf } from './overview/themes.ts'
import type { TabProps } from './tab-props.ts'

/** How a map is right now: what flows, what waits, what is wrong; and how it was. */
export function OverviewTab({ name, status, address, go }: TabProps) {
  const { t, ago } = useWords()
  const said = useSaid()
  return (
    <Stack gap="xl">
      <Paper withBorder p="md">
        <Stack gap="md">
          <Group gap="sm">
            <StateBadge state={status.state} />
            <Text size="sm" c="dimmed">
              {t('map.version', { version: status.version })}
            </Text>
          </Group>
          <Flow map={status} />
          <Facts status={status} />
          {status.initialSync !== null && status.initialSync.state !== 'done' && (
            <InitialSync progress={status.initialSync} name={status.title} />
          )}
          {status.lastError !== null && (
            <Alert color="orange" title={t('map.lastError', { when: ago(status.lastError.at) })}>
              {said(status.lastError.reason)}
            </Alert>
          )}
        </Stack>
      </Paper>
      <PausedParts status={status} />
      <Misses status={status} />
      <Charts map={name} hours={address.hours} change={(hours) => go({ hours })} />
    </Stack>
  )
}

function Facts({ status }: { status: MapStatus }) {
  const { t, number, duration, ago } = useWords()
  const lagMs = lagOf(status)
  const facts = [
    [t('maps.rows'), status.rows === null ? '–' : number(status.rows)],
    [t('maps.lag'), lagMs === 0 ? '–' : duration(lagMs)],
    [t('maps.rate'), number(status.perMinute.toErp + status.perMinute.toPortal)],
    [
      t('mapTable.differences'),
      status.differences === null || status.comparedAt === null
        ? t('figure.notCompared')
        : `${number(status.differences)} · ${ago(status.comparedAt)}`,
    ],
  ] as const
  const queued = status.queued.toErp + status.queued.toPortal
  return (
    <dl className="facts">
      <div>
        <dt>{t('figure.queued')}</dt>
        <dd>
          {queued === 0 ? (
            '0'
          ) : (
            <TextLink to="/sync/queued" search={{ map: status.name }}>
              {number(queued)}
            </TextLink>
          )}
        </dd>
      </div>
      <div>
        <dt>{t('mapTable.parked')}</dt>
        <dd>
          {status.parked === 0 ? (
            '0'
          ) : (
            <TextLink to="/parked-changes" search={{ map: status.name }}>
              {number(status.parked)}
            </TextLink>
          )}
        </dd>
      </div>
      {facts.map(([label, value]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}

/** Legal entities and directions that a person has paused while the rest runs. */
function PausedParts({ status }: { status: MapStatus }) {
  const { t, number, ago } = useWords()
  const [resuming, setResuming] = useState<MapScope | undefined>(undefined)
  // What the dialog asks about stays until it has faded.
  const [asked, setAsked] = useState<MapScope>({})
  if (status.scopes.length === 0) return null
  return (
    <section aria-labelledby="paused-parts">
      <Title order={2} size="h4" id="paused-parts" mb="sm">
        {t('map.pausedParts')}
      </Title>
      <Table.ScrollContainer minWidth={480} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
        <Table verticalSpacing="xs">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t('map.part')}</Table.Th>
              <Table.Th>{t('map.pausedSince')}</Table.Th>
              <Table.Th className="number">{t('figure.queued')}</Table.Th>
              <Table.Th>{t('mapTable.verbs')}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {status.scopes.map((scope) => {
              const part = scopeText(scope, t)
              const { company, direction } = scope
              const resume = () => {
                const next = { ...(company !== null && { company }), ...(direction !== null && { direction }) }
                setAsked(next)
                setResuming(next)
              }
              return (
                <Table.Tr key={part}>
                  <Table.Td>{part}</Table.Td>
                  <Table.Td>{ago(scope.since)}</Table.Td>
                  <Table.Td className="number">{number(scope.queued)}</Table.Td>
                  <Table.Td>
                    <Button size="compact-sm" variant="default" onClick={resume} aria-label={t('maps.do.resume', { name: part })}>
                      {t('maps.deed.resume')}
                    </Button>
                  </Table.Td>
                </Table.Tr>
              )
            })}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      <ResumeDialog map={status} scope={asked} opened={resuming !== undefined} close={() => setResuming(undefined)} />
    </section>
  )
}

/** What the map carries and the other side no longer has. */
function Misses({ status }: { status: MapStatus }) {
  const { t } = useWords()
  const said = useSaid()
  if (status.misses.length === 0) return null
  return (
    <Alert color="orange" title={t('map.misses')}>
      <List size="sm">
        {status.misses.map((miss) => (
          <List.Item key={miss}>{said(miss)}</List.Item>
        ))}
      </List>
    </Alert>
  )
}
