import { Alert, Button, Stack, Text, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Environment } from '#dual-write/facets-watch.ts'
import { queryClient } from '../../lib/api.ts'
import { useWords } from '../../lib/messages.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { tellDone, tellFailure } from '../../parts/states.tsx'
import { askEngine } from '../engine-api.ts'
import { DialogFoot } from '../lifecycle/dialog-foot.tsx'
import { environmentQuery, healthQuery } from '../queries.ts'

/** Tells that this installation writes nothing to the ERP, why, and how it may again. Nothing where it may. */
export function Disarmed() {
  const { t } = useWords()
  const environment = useQuery(environmentQuery).data
  const [asking, setAsking] = useState(false)
  if (environment === undefined || environment.armed) return null
  return (
    <Alert color="red" title={t('disarmed.title')} role="alert">
      <Stack gap="sm" align="flex-start">
        <Text size="sm">
          {environment.reason !== null && `${environment.reason} `}
          {t('disarmed.text')}
        </Text>
        <Button color="red.9" onClick={() => setAsking(true)}>
          {t('disarmed.deed')}
        </Button>
      </Stack>
      <Dialog opened={asking} close={() => setAsking(false)} title={t('disarmed.ask')}>
        <ArmForm environment={environment} close={() => setAsking(false)} />
      </Dialog>
    </Alert>
  )
}

/** Two installations that write to one ERP would place orders twice: the ERP's address is typed, not clicked. */
function ArmForm({ environment, close }: { environment: Environment; close: () => void }) {
  const { t } = useWords()
  const [typed, setTyped] = useState('')
  const [busy, setBusy] = useState(false)
  const arm = async () => {
    setBusy(true)
    try {
      const armed = await askEngine<Environment>('POST', '/environment/armings')
      queryClient.setQueryData(environmentQuery.queryKey, armed)
      tellDone(t('disarmed.done'), t)
      close()
    } catch (error) {
      tellFailure(error as Error, t)
      setBusy(false)
    }
    await queryClient.invalidateQueries({ queryKey: healthQuery.queryKey })
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        void arm()
      }}
    >
      <Stack>
        <Text size="sm">{t('disarmed.askText')}</Text>
        <TextInput
          label={t('disarmed.type', { erp: environment.erp })}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          autoComplete="off"
          spellCheck={false}
          required
          data-autofocus
        />
        <DialogFoot close={close} deed={t('disarmed.deed')} danger busy={busy} disabled={typed.trim() !== environment.erp} />
      </Stack>
    </form>
  )
}
