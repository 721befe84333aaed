import { Button, Group, Paper, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { CopyErrorGroup } from '#dual-write/facets-control.ts'
import { useWords } from '../lib/messages.tsx'
import { useSaid } from '../lib/said.ts'
import { Loaded } from '../parts/states.tsx'
import { useDeed } from './lifecycle/use-deed.ts'
import { copyErrorsQuery } from './queries.ts'

/** Rows that failed, by cause, with what to do about each cause. Nothing where none failed. */
export function CopyErrors({ map, showRows }: { map: string; showRows: (code: string) => void }) {
  const { t } = useWords()
  const { busy, act } = useDeed(map, 'notice')
  const errors = useQuery(copyErrorsQuery(map))
  const retry = (which: { code?: string }) =>
    void act<{ retried: number }>('copy-retries', which, ({ retried }) => t('copy.retried', { count: retried }))
  return (
    <Loaded query={errors}>
      {(groups) =>
        groups.length === 0 ? null : (
          <section aria-labelledby="copy-errors">
            <Group justify="space-between" mb="sm">
              <Title order={2} size="h4" id="copy-errors">
                {t('map.failures')}
              </Title>
              <Button size="xs" loading={busy} onClick={() => retry({})}>
                {t('copy.retryAll', { count: groups.reduce((sum, group) => sum + group.count, 0) })}
              </Button>
            </Group>
            <Stack gap="sm">
              {groups.map((group) => (
                <Cause
                  key={`${group.code} ${group.reason}`}
                  group={group}
                  busy={busy}
                  retry={() => retry({ code: group.code })}
                  show={() => showRows(group.code)}
                />
              ))}
            </Stack>
          </section>
        )
      }
    </Loaded>
  )
}

function Cause(props: { group: CopyErrorGroup; busy: boolean; retry: () => void; show: () => void }) {
  const { t } = useWords()
  const said = useSaid()
  const { code, reason, count, exampleKey, remedy } = props.group
  return (
    <Paper withBorder p="md">
      <Group justify="space-between" align="flex-start" wrap="nowrap">
        <Stack gap={4} className="grow">
          <Text className="bad wrap-anywhere" fw={600}>
            {said(reason)}
          </Text>
          <Text size="sm">{said(remedy)}</Text>
          <Text size="xs" c="dimmed">
            {t('copy.example', { count, key: exampleKey })} <span className="mono">{code}</span>
          </Text>
        </Stack>
        <Group gap={6}>
          <Button size="compact-sm" variant="subtle" onClick={props.show} aria-label={t('copy.showRowsOf', { code })}>
            {t('copy.showRows')}
          </Button>
          <Button
            size="compact-sm"
            variant="default"
            disabled={props.busy}
            onClick={props.retry}
            aria-label={t('copy.retryCodeOf', { code })}
          >
            {t('action.tryAgain')}
          </Button>
        </Group>
      </Group>
    </Paper>
  )
}
