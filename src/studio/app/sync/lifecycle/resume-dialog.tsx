import { Checkbox, Radio, Stack } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { MapScope } from '#dual-write/facets-control.ts'
import { useWords } from '../../lib/messages.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { Loaded } from '../../parts/states.tsx'
import { lossesQuery } from '../queries.ts'
import { DialogFoot } from './dialog-foot.tsx'
import { LossList } from './losses.tsx'
import { scopeText } from './scope-fields.tsx'
import { useDeed } from './use-deed.ts'
import type { VerbDialogProps } from './verb-dialog.ts'

const QUEUES = ['first', 'beside', 'discard'] as const
type Props = VerbDialogProps & { scope?: MapScope }

/** Resumes a map or a paused part of it: the queue first, the queue beside what is new, or without the queue, which shows what is lost. */
export function ResumeDialog(props: Props) {
  const { t } = useWords()
  const part = scopeText(props.scope ?? {}, t)
  const name = part === '' ? props.map.title : `${props.map.title} (${part})`
  return (
    <Dialog opened={props.opened} close={props.close} title={t('maps.ask.resume.title', { name })} size="xl">
      <Form {...props} />
    </Dialog>
  )
}

function Form({ map, scope = {}, close }: Props) {
  const { t } = useWords()
  const { busy, problem, act } = useDeed(map.name)
  const [queue, setQueue] = useState<(typeof QUEUES)[number]>('first')
  const [seen, setSeen] = useState('')
  const asked = {
    ...(scope.company !== undefined && { company: scope.company }),
    ...(scope.direction !== undefined && { direction: scope.direction }),
  }
  const losses = useQuery({ ...lossesQuery(map.name, asked), enabled: queue === 'discard' })
  const token = losses.data?.token
  const resume = async () => {
    const body = { ...asked, queue, ...(queue === 'discard' && { confirmLoss: seen }) }
    if (await act('resumptions', body, () => t(`maps.done.resume.${queue}`, { name: map.title }))) close()
    else setSeen('')
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        void resume()
      }}
    >
      <Stack>
        <Radio.Group label={t('resume.queue')} value={queue} onChange={(value) => setQueue(value as typeof queue)}>
          <Stack gap="sm" mt="xs">
            {QUEUES.map((one) => (
              <Radio key={one} value={one} label={t(`resume.${one}`)} description={t(`resume.${one}Text`)} />
            ))}
          </Stack>
        </Radio.Group>
        {queue === 'discard' && (
          <Loaded query={losses}>
            {(lost) => (
              <>
                <LossList map={map.name} losses={lost} />
                <Checkbox
                  label={t('losses.seen')}
                  checked={seen === lost.token}
                  onChange={(event) => setSeen(event.currentTarget.checked ? lost.token : '')}
                />
              </>
            )}
          </Loaded>
        )}
        <DialogFoot
          close={close}
          deed={t(queue === 'discard' ? 'resume.discardDeed' : 'maps.deed.resume')}
          danger={queue === 'discard'}
          busy={busy}
          problem={problem}
          disabled={queue === 'discard' && (token === undefined || seen !== token)}
        />
      </Stack>
    </form>
  )
}
