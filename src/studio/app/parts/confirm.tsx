import { Button, Group, Stack, Text, Textarea } from '@mantine/core'
import { useState } from 'react'
import { useWords } from '../lib/messages.tsx'
import { Dialog } from './dialog.tsx'

export type Question = {
  title: string
  text: string
  /** What the button says: the deed, not "OK". */
  deed: string
  danger?: boolean
  /** Asks why; the answer is kept with the deed. */
  reasonLabel?: string
  act: (reason: string) => Promise<unknown>
}

/** Asks before what cannot simply be taken back. */
export function Confirm(props: { question: Question | undefined; close: () => void }) {
  return (
    <Dialog opened={props.question !== undefined} close={props.close} title={props.question?.title ?? ''}>
      {props.question !== undefined && <Body question={props.question} close={props.close} />}
    </Dialog>
  )
}

function Body({ question, close }: { question: Question; close: () => void }) {
  const { t } = useWords()
  const [reason, setReason] = useState('')
  const [busy, setBusy] = useState(false)
  const needsReason = question.reasonLabel !== undefined && reason.trim() === ''
  const act = async () => {
    setBusy(true)
    await question.act(reason.trim())
    close()
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        void act()
      }}
    >
      <Stack>
        <Text size="sm">{question.text}</Text>
        {question.reasonLabel !== undefined && (
          <Textarea
            label={question.reasonLabel}
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
            maxLength={500}
            required
            data-autofocus
          />
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            {t('action.cancel')}
          </Button>
          <Button type="submit" color={question.danger === true ? 'red.9' : 'brand'} loading={busy} disabled={needsReason}>
            {question.deed}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
