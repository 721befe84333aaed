import { Alert, Button, Code, Group, List, Loader, Stack, Text, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { PlanInfo } from '../../wire-data.ts'
import { post, queryClient } from '../lib/api.ts'
import { useWords } from '../lib/messages.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { LoadFailure, tellDone, tellFailure } from '../parts/states.tsx'

/** A change of definitions that waits for a person's yes: a document to apply, or a version to go back to. */
export type Proposal = { title: string; document: object } | { title: string; version: number }

/** What a change would do, said before it is done; what rows would lose is agreed to by its name. */
export function PlanDialog(props: { proposal: Proposal | undefined; close: () => void; done?: () => void }) {
  const { proposal } = props
  return (
    <Dialog opened={proposal !== undefined} close={props.close} title={proposal?.title ?? ''}>
      {proposal !== undefined && <Plan proposal={proposal} close={props.close} done={props.done} />}
    </Dialog>
  )
}

function Plan({ proposal, close, done }: { proposal: Proposal; close: () => void; done: (() => void) | undefined }) {
  const { t } = useWords()
  const isReversion = 'version' in proposal
  const asked = isReversion ? { version: proposal.version } : { document: proposal.document }
  const root = isReversion ? '/definitions/reversions' : '/definitions'
  const plan = useQuery({
    queryKey: ['plan', asked],
    queryFn: () => post<PlanInfo>(`${root}/previews`, asked),
    gcTime: 0,
    staleTime: 0,
    retry: false,
  })
  const [typed, setTyped] = useState('')
  const [message, setMessage] = useState('')
  const [busy, setBusy] = useState(false)
  if (plan.isError) return <LoadFailure error={plan.error} retry={plan.refetch} />
  if (plan.data === undefined) return <Loader aria-label={t('state.loading')} />
  const { losses, refusals, steps } = plan.data
  const names = losses.map((one) => one.confirm)
  const isAgreed = names.length === 0 || typed.trim() === names.join(', ')
  const apply = async () => {
    setBusy(true)
    try {
      const change = { ...asked, message: message.trim() === '' ? proposal.title : message.trim(), confirm: names }
      await post(isReversion ? root : `${root}/changes`, change)
      for (const key of ['tables', 'table', 'definitions', 'rows', 'row'])
        await queryClient.invalidateQueries({ queryKey: [key] })
      tellDone(t('plan.done'), t)
      close()
      done?.()
    } catch (error) {
      tellFailure(error as Error, t)
    } finally {
      setBusy(false)
    }
  }
  return (
    <Stack>
      <Steps plan={plan.data} />
      {losses.length > 0 && <Losses losses={losses} typed={typed} setTyped={setTyped} />}
      <TextInput
        label={t('plan.message')}
        placeholder={proposal.title}
        value={message}
        maxLength={500}
        onChange={(event) => setMessage(event.currentTarget.value)}
      />
      <Group justify="flex-end">
        <Button variant="default" onClick={close}>
          {t('action.cancel')}
        </Button>
        <Button
          color={losses.length > 0 ? 'red.9' : 'brand'}
          loading={busy}
          disabled={refusals.length > 0 || !isAgreed || steps.length === 0}
          onClick={() => void apply()}
        >
          {t('plan.apply')}
        </Button>
      </Group>
    </Stack>
  )
}

function Losses(props: { losses: PlanInfo['losses']; typed: string; setTyped: (typed: string) => void }) {
  const { losses, typed, setTyped } = props
  const { t } = useWords()
  const names = losses.map((one) => one.confirm)
  return (
    <Alert color="red" title={t('plan.losses')}>
      <List size="sm">
        {losses.map((one) => (
          <List.Item key={one.confirm}>{one.says}</List.Item>
        ))}
      </List>
      <TextInput
        mt="sm"
        label={t('plan.confirm', { names: names.join(', ') })}
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
      />
    </Alert>
  )
}

function Steps({ plan }: { plan: PlanInfo }) {
  const { t } = useWords()
  return (
    <>
      {plan.refusals.length > 0 && (
        <Alert color="orange" title={t('plan.refused')}>
          <List size="sm">
            {plan.refusals.map((text) => (
              <List.Item key={text}>{text}</List.Item>
            ))}
          </List>
        </Alert>
      )}
      {plan.steps.length === 0 ? (
        <Text size="sm">{t('plan.nothing')}</Text>
      ) : (
        <ol className="plan-steps">
          {plan.steps.map((step) => (
            <li key={step.what + step.sql.join()}>
              <Text size="sm">{step.what}</Text>
              {step.sql.length > 0 && (
                <details>
                  <summary className="small">SQL</summary>
                  <Code block>{step.sql.join(';\n')}</Code>
                </details>
              )}
            </li>
          ))}
        </ol>
      )}
    </>
  )
}
