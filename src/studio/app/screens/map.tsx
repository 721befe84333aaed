import { Alert, Code, Group, Paper, Stack, Table, Text, Timeline, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { Activity, ColumnMapping, MapDetail, Transform } from '../../wire.ts'
import { mapQuery, mapsQuery } from '../lib/api.ts'
import { useWords } from '../lib/messages.tsx'
import { StateBadge } from '../parts/badges.tsx'
import { Flow } from '../parts/flow.tsx'
import { InitialSync } from '../parts/initial-sync.tsx'
import { TextLink } from '../parts/link.tsx'
import { MapActions } from '../parts/map-actions.tsx'
import { Loaded, ScreenHead } from '../parts/states.tsx'

/** One map whole: its state, its columns side by side, its failed rows, and what has happened to it. */
export function MapScreen({ name }: { name: string }) {
  const { t, ago } = useWords()
  const detail = useQuery(mapQuery(name))
  const live = useQuery(mapsQuery).data?.maps.find((map) => map.name === name)
  const status = live ?? detail.data?.status
  return (
    <>
      <ScreenHead
        title={status?.title ?? name}
        above={
          <TextLink to="/dual-write" size="sm">
            {t('maps.title')}
          </TextLink>
        }
        actions={status !== undefined && <MapActions name={name} title={status.title} state={status.state} />}
      />
      <Loaded query={detail}>
        {(map) => {
          const now = live ?? map.status
          return (
            <Stack gap="xl">
              <Paper withBorder p="md">
                <Stack gap="md">
                  <Group gap="sm">
                    <StateBadge state={now.state} />
                    <Text size="sm" c="dimmed">
                      {t('map.version', { version: now.version })}
                    </Text>
                  </Group>
                  <Flow map={now} />
                  {now.initialSync !== null && <InitialSync progress={now.initialSync} name={now.title} />}
                  {now.lastError !== null && (
                    <Alert color="orange" title={t('map.lastError', { when: ago(now.lastError.at) })}>
                      {now.lastError.reason}
                    </Alert>
                  )}
                </Stack>
              </Paper>
              <Columns map={map} />
              {map.failures.length > 0 && <Failures failures={map.failures} />}
              <ActivityLog entries={map.activity} />
            </Stack>
          )
        }}
      </Loaded>
    </>
  )
}

function Columns({ map }: { map: MapDetail }) {
  const { t } = useWords()
  return (
    <section aria-labelledby="columns">
      <Title order={2} size="h4" id="columns" mb="sm">
        {t('map.columns', { count: map.columns.length })}
      </Title>
      {(map.filters.portal !== null || map.filters.erp !== null) && (
        <Stack gap={4} mb="sm">
          {map.filters.portal !== null && <Filter label={t('map.filterPortal')} text={map.filters.portal} />}
          {map.filters.erp !== null && <Filter label={t('map.filterErp')} text={map.filters.erp} />}
        </Stack>
      )}
      <Table.ScrollContainer minWidth={560}>
        <Table verticalSpacing="xs" highlightOnHover>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t('map.column', { table: map.status.table })}</Table.Th>
              <Table.Th>{t('map.direction')}</Table.Th>
              <Table.Th>{t('map.field', { entity: map.status.entity })}</Table.Th>
              <Table.Th>{t('map.transform')}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {map.columns.map((column) => (
              <ColumnRow key={`${column.column} ${column.field}`} column={column} />
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </section>
  )
}

const ARROWS: Readonly<Record<ColumnMapping['direction'], string>> = {
  both: '⇄',
  toErp: '→',
  toPortal: '←',
}

function ColumnRow({ column }: { column: ColumnMapping }) {
  const { t } = useWords()
  return (
    <Table.Tr>
      <Table.Td>
        <Group gap={6}>
          <span className="mono">{column.column}</span>
          {column.isKey && (
            <Text span size="xs" c="dimmed">
              {t('map.key')}
            </Text>
          )}
        </Group>
      </Table.Td>
      <Table.Td>
        <span aria-hidden="true" className="arrow">
          {ARROWS[column.direction]}
        </span>{' '}
        <Text span size="xs" c="dimmed">
          {t(`direction.${column.direction}`)}
        </Text>
      </Table.Td>
      <Table.Td>
        <span className="mono">{column.field}</span>
      </Table.Td>
      <Table.Td>
        {column.transforms.map((transform) => (
          <TransformText key={JSON.stringify(transform)} transform={transform} />
        ))}
      </Table.Td>
    </Table.Tr>
  )
}

function TransformText({ transform }: { transform: Transform }) {
  const { t } = useWords()
  switch (transform.kind) {
    case 'values':
      return (
        <details>
          <summary>{t('transform.values', { count: transform.pairs.length })}</summary>
          {transform.pairs.map(([ours, theirs]) => (
            <div key={`${ours} ${theirs}`} className="mono small">
              {ours} = {theirs}
            </div>
          ))}
        </details>
      )
    case 'constant':
      return <Text size="sm">{t('transform.constant', { value: transform.value })}</Text>
    case 'lookup':
    case 'fillFrom':
      return <Text size="sm">{t(`transform.${transform.kind}`, { path: transform.path })}</Text>
    case 'lowerCase':
      return <Text size="sm">{t('transform.lowerCase')}</Text>
    default:
      return transform satisfies never
  }
}

function Filter({ label, text }: { label: string; text: string }) {
  return (
    <Text size="sm">
      {label} <Code>{text}</Code>
    </Text>
  )
}

function Failures({ failures }: { failures: MapDetail['failures'] }) {
  const { t, number } = useWords()
  return (
    <section aria-labelledby="failures">
      <Title order={2} size="h4" id="failures" mb="sm">
        {t('map.failures')}
      </Title>
      <Table.ScrollContainer minWidth={480}>
        <Table verticalSpacing="xs">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t('map.failureReason')}</Table.Th>
              <Table.Th className="number">{t('map.failureRows')}</Table.Th>
              <Table.Th>{t('map.failureExample')}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {failures.map((failure) => (
              <Table.Tr key={failure.example}>
                <Table.Td>{failure.reason}</Table.Td>
                <Table.Td className="number">{number(failure.count)}</Table.Td>
                <Table.Td className="mono">{failure.example}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </section>
  )
}

function ActivityLog({ entries }: { entries: Activity[] }) {
  const { t, named, dateTime } = useWords()
  return (
    <section aria-labelledby="activity">
      <Title order={2} size="h4" id="activity" mb="sm">
        {t('map.activity')}
      </Title>
      {entries.length === 0 ? (
        <Text c="dimmed">{t('map.noActivity')}</Text>
      ) : (
        <Timeline bulletSize={12} lineWidth={2}>
          {entries.map((entry) => (
            <Timeline.Item key={entry.id} title={named('activity', entry.action)}>
              {entry.details !== '' && <Text size="sm">{entry.details}</Text>}
              <Text size="xs" c="dimmed">
                {dateTime(entry.at)} · {entry.actor}
              </Text>
            </Timeline.Item>
          ))}
        </Timeline>
      )}
    </section>
  )
}
