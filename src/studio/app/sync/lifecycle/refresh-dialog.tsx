import { Button, Group, List, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import { useWords } from '../../lib/messages.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { DialogFoot } from './dialog-foot.tsx'
import { useDeed } from './use-deed.ts'
import type { VerbDialogProps } from './verb-dialog.ts'

type Answer = { schema: string[]; queued: number }

/** Reads the schema of both sides again and shows what has changed in it. */
export function RefreshDialog(props: VerbDialogProps) {
  const { t } = useWords()
  return (
    <Dialog opened={props.opened} close={props.close} title={t('maps.ask.refresh.title', { name: props.map.title })}>
      <Form {...props} />
    </Dialog>
  )
}

function Form({ map, close }: VerbDialogProps) {
  const { t } = useWords()
  const { busy, problem, act } = useDeed(map.name)
  const [answer, setAnswer] = useState<Answer | undefined>(undefined)
  if (answer !== undefined) return <Refreshed answer={answer} close={close} />
  const refresh = () =>
    act<Answer>('refreshes', {}, (found) => {
      setAnswer(found)
      return t('maps.done.refresh', { name: map.title })
    })
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        void refresh()
      }}
    >
      <Stack>
        <Text size="sm">{t('maps.ask.refresh.text')}</Text>
        <DialogFoot close={close} deed={t('maps.deed.refresh')} busy={busy} problem={problem} />
      </Stack>
    </form>
  )
}

function Refreshed({ answer, close }: { answer: Answer; close: () => void }) {
  const { t } = useWords()
  return (
    <Stack>
      <Text size="sm">{t('refresh.queued', { count: answer.queued })}</Text>
      {answer.schema.length === 0 ? (
        <Text size="sm">{t('refresh.same')}</Text>
      ) : (
        <List size="sm">
          {answer.schema.map((change) => (
            <List.Item key={change}>{change}</List.Item>
          ))}
        </List>
      )}
      <Group justify="flex-end">
        <Button onClick={close} data-autofocus>
          {t('action.close')}
        </Button>
      </Group>
    </Stack>
  )
}
