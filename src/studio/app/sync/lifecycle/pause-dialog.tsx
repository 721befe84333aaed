import { Stack, Text } from '@mantine/core'
import { useState } from 'react'
import type { MapScope } from '#dual-write/facets-control.ts'
import { useWords } from '../../lib/messages.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { DialogFoot } from './dialog-foot.tsx'
import { ScopeFields } from './scope-fields.tsx'
import { useDeed } from './use-deed.ts'
import type { VerbDialogProps } from './verb-dialog.ts'

/** Pauses all of a map, or one legal entity or direction of it. Nothing is lost: changes queue. */
export function PauseDialog(props: VerbDialogProps) {
  const { t } = useWords()
  return (
    <Dialog opened={props.opened} close={props.close} title={t('maps.ask.pause.title', { name: props.map.title })}>
      <Form {...props} />
    </Dialog>
  )
}

function Form({ map, close }: VerbDialogProps) {
  const { t } = useWords()
  const { busy, problem, act } = useDeed(map.name)
  const [scope, setScope] = useState<MapScope>({})
  const isPart = scope.company !== undefined || scope.direction !== undefined
  const pause = async () => {
    if (await act('pauses', scope, () => t(isPart ? 'maps.done.pausePart' : 'maps.done.pause', { name: map.title }))) close()
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        void pause()
      }}
    >
      <Stack>
        <Text size="sm">{t('maps.ask.pause.text')}</Text>
        {map.state === 'running' && <ScopeFields map={map} scope={scope} change={setScope} />}
        <DialogFoot close={close} deed={t(isPart ? 'maps.deed.pausePart' : 'maps.deed.pause')} busy={busy} problem={problem} />
      </Stack>
    </form>
  )
}
