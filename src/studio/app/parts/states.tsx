import { Alert, Button, Group, Skeleton, Stack, Text, Title } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import type { UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { ApiFailure } from '../lib/api.ts'
import { type Translate, useWords } from '../lib/messages.tsx'

/** A heading with what one can do on this screen beside it. Sets the window's title, too. */
export function ScreenHead(props: { title: string; lead?: ReactNode; above?: ReactNode; actions?: ReactNode }) {
  return (
    <Group justify="space-between" align="flex-end" mb="lg" gap="md">
      <title>{`${props.title} · Comptoir Studio`}</title>
      <Stack gap={4} className="screen-head">
        {props.above}
        <Title order={1} size="h2">
          {props.title}
        </Title>
        {props.lead !== undefined && (
          <Text c="dimmed" maw={680}>
            {props.lead}
          </Text>
        )}
      </Stack>
      {props.actions}
    </Group>
  )
}

/** Shows what a query knows: grey bars at first, the failure with a way to try again, or the thing itself. */
export function Loaded<T>(props: { query: UseQueryResult<T, Error>; children: (data: T) => ReactNode }) {
  const { t } = useWords()
  const { query } = props
  if (query.data !== undefined) return props.children(query.data)
  if (query.isError) return <LoadFailure error={query.error} retry={query.refetch} />
  return (
    <Stack aria-busy="true" aria-label={t('state.loading')} role="status">
      <Skeleton height={36} />
      <Skeleton height={36} />
      <Skeleton height={36} width="70%" />
    </Stack>
  )
}

export function LoadFailure(props: { error: Error; retry: () => unknown }) {
  const { t } = useWords()
  return (
    <Alert color="red" title={t('state.failed')} maw={560} role="alert">
      <Stack align="flex-start" gap="sm">
        <Text size="sm">{messageOf(props.error, t)}</Text>
        <Button size="xs" variant="default" onClick={() => void props.retry()}>
          {t('action.tryAgain')}
        </Button>
      </Stack>
    </Alert>
  )
}

export function Empty(props: { title: string; text: string; children?: ReactNode }) {
  return (
    <Stack align="center" gap="xs" className="empty">
      <Text fw={600}>{props.title}</Text>
      <Text c="dimmed" ta="center" maw={460}>
        {props.text}
      </Text>
      {props.children}
    </Stack>
  )
}

export function messageOf(error: Error, t: Translate): string {
  return error instanceof ApiFailure ? error.message : t('state.unreachable')
}

export function tellDone(message: string, t: Translate): void {
  notifications.show({ message, color: 'teal', closeButtonProps: closeButton(t) })
}

export function tellFailure(error: Error, t: Translate, message = messageOf(error, t)): void {
  notifications.show({
    title: t('state.failed'),
    message,
    color: 'red',
    autoClose: 10_000,
    closeButtonProps: closeButton(t),
  })
}

function closeButton(t: Translate) {
  return { 'aria-label': t('action.close') }
}
