import { Group, Progress, Stack, Text } from '@mantine/core'
import type { InitialSyncProgress } from '../../wire.ts'
import { useWords } from '../lib/messages.tsx'

/** How far the first copy is: rows, rate, time left, failures. */
export function InitialSync({ progress, name }: { progress: InitialSyncProgress; name: string }) {
  const { t, number, duration } = useWords()
  const percent =
    progress.rowsTotal === null || progress.rowsTotal === 0 ? 0 : Math.min(100, (progress.rowsDone / progress.rowsTotal) * 100)
  return (
    <Stack gap={4}>
      <Progress value={percent} aria-label={t('initialSync.label', { name })} animated={false} />
      <Group gap="md">
        <Text size="xs" c="dimmed">
          {progress.rowsTotal === null
            ? t('initialSync.rows', { done: number(progress.rowsDone) })
            : t('initialSync.rowsOf', { done: number(progress.rowsDone), total: number(progress.rowsTotal) })}
        </Text>
        {progress.rowsPerSecond !== null && (
          <Text size="xs" c="dimmed">
            {t('initialSync.rate', { rate: number(Math.round(progress.rowsPerSecond)) })}
          </Text>
        )}
        {progress.secondsLeft !== null && (
          <Text size="xs" c="dimmed">
            {t('initialSync.left', { time: duration(progress.secondsLeft * 1_000) })}
          </Text>
        )}
        {progress.failed > 0 && (
          <Text size="xs" className="bad">
            {t('initialSync.failed', { count: progress.failed })}
          </Text>
        )}
      </Group>
    </Stack>
  )
}
