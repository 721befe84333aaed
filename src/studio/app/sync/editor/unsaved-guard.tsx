import { Button, Group, Stack, Text } from '@mantine/core'
import { useBlocker } from '@tanstack/react-router'
import { useWords } from '../../lib/messages.tsx'
import { Dialog } from '../../parts/dialog.tsx'

/** Tells who leaves a text that nobody has saved, by a link or by another tab of the page, that it does not hold yet. */
export function UnsavedGuard({ isChanged }: { isChanged: boolean }) {
  const { t } = useWords()
  const blocker = useBlocker({
    shouldBlockFn: ({ current, next }) =>
      isChanged && (current.pathname !== next.pathname || tabIn(current.search) !== tabIn(next.search)),
    // A reload brings the text again.
    enableBeforeUnload: false,
    withResolver: true,
  })
  return (
    <Dialog opened={blocker.status === 'blocked'} close={() => blocker.reset?.()} title={t('editor.unsaved')}>
      <Stack>
        <Text size="sm">{t('editor.unsavedText')}</Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={() => blocker.reset?.()} data-autofocus>
            {t('editor.stay')}
          </Button>
          <Button onClick={() => blocker.proceed?.()}>{t('editor.leave')}</Button>
        </Group>
      </Stack>
    </Dialog>
  )
}

function tabIn(search: unknown): unknown {
  return (search as { tab?: unknown }).tab
}
