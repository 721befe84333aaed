import { Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useWords } from '../../lib/messages.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { Loaded } from '../../parts/states.tsx'
import { lossesQuery } from '../queries.ts'
import { DialogFoot } from './dialog-foot.tsx'
import { LossList } from './losses.tsx'
import { useDeed } from './use-deed.ts'
import type { VerbDialogProps } from './verb-dialog.ts'

/** Ends a map, after showing what waits for it and would be given up. */
export function StopDialog(props: VerbDialogProps) {
  const { t } = useWords()
  return (
    <Dialog opened={props.opened} close={props.close} title={t('maps.ask.stop.title', { name: props.map.title })} size="xl">
      <Form {...props} />
    </Dialog>
  )
}

function Form({ map, close }: VerbDialogProps) {
  const { t } = useWords()
  const { busy, problem, act } = useDeed(map.name)
  const losses = useQuery(lossesQuery(map.name, {}))
  const stop = async () => {
    if (await act('stops', {}, () => t('maps.done.stop', { name: map.title }))) close()
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        void stop()
      }}
    >
      <Stack>
        <Text size="sm">{t('maps.ask.stop.text')}</Text>
        <Loaded query={losses}>{(lost) => <LossList map={map.name} losses={lost} />}</Loaded>
        <DialogFoot
          close={close}
          deed={t('maps.deed.stop')}
          danger
          busy={busy}
          problem={problem}
          disabled={losses.data === undefined}
        />
      </Stack>
    </form>
  )
}
