import { Alert, Button, Stack, Text } from '@mantine/core'
import type { ErrorComponentProps } from '@tanstack/react-router'
import { useWords } from '../lib/messages.tsx'

/** In place of a screen that cannot be drawn: the way to the others stays, and what has been kept is there after a reload. */
export function ScreenFailure({ error }: ErrorComponentProps) {
  const { t } = useWords()
  return (
    <Alert color="red" title={t('screen.failed')} maw={640} role="alert">
      <Stack align="flex-start" gap="sm">
        <Text size="sm">{t('screen.failedText')}</Text>
        <Text size="xs" className="mono wrap-anywhere">
          {error instanceof Error ? error.message : String(error)}
        </Text>
        <Button size="xs" variant="default" onClick={() => location.reload()}>
          {t('screen.reload')}
        </Button>
      </Stack>
    </Alert>
  )
}
