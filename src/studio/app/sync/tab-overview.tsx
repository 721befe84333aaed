import { Alert, Group, List, Paper, Stack, Text } from '@mantine/core'
import type { MapStatus } from '../../wire.ts'
import { useWords } from '../lib/messages.tsx'
import { StateBadge } from '../parts/badges.tsx'
import { Flow } from '../parts/flow.tsx'
import { InitialSync } from '../parts/initial-sync.tsx'
import type { TabProps } from './map-page.tsx'

/** How a map is right now: what flows, what waits, what is wrong. */
export function OverviewTab({ status }: TabProps) {
  const { t, ago } = useWords()
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
          {status.initialSync !== null && <InitialSync progress={status.initialSync} name={status.title} />}
          {status.lastError !== null && (
            <Alert color="orange" title={t('map.lastError', { when: ago(status.lastError.at) })}>
              {status.lastError.reason}
            </Alert>
          )}
        </Stack>
      </Paper>
      <Misses status={status} />
    </Stack>
  )
}

/** What the map carries and the other side no longer has. */
function Misses({ status }: { status: MapStatus }) {
  const { t } = useWords()
  if (status.misses.length === 0) return null
  return (
    <Alert color="orange" title={t('map.misses')}>
      <List size="sm">
        {status.misses.map((miss) => (
          <List.Item key={miss}>{miss}</List.Item>
        ))}
      </List>
    </Alert>
  )
}
