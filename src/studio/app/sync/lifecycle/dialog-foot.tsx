import { Alert, Button, Group } from '@mantine/core'
import type { ReactNode } from 'react'
import { useWords } from '../../lib/messages.tsx'
import { messageOf } from '../../parts/states.tsx'

/** The end of a dialog's form: the way back, and the deed by its name; in sight however long the form is. */
export function DialogFoot(props: {
  close: () => void
  deed: string
  danger?: boolean
  busy: boolean
  disabled?: boolean
  problem?: Error | undefined
  children?: ReactNode
}) {
  const { t } = useWords()
  const { problem } = props
  return (
    <>
      {problem !== undefined && (
        <Alert color="red" role="alert" title={t('state.failed')}>
          {messageOf(problem, t)}
        </Alert>
      )}
      <Group justify="flex-end" className="dialog-foot">
        {props.children}
        <Button variant="default" onClick={props.close}>
          {t('action.cancel')}
        </Button>
        <Button
          type="submit"
          color={props.danger === true ? 'red.9' : 'brand'}
          loading={props.busy}
          disabled={props.disabled === true}
        >
          {props.deed}
        </Button>
      </Group>
    </>
  )
}
