import { Alert, Button, Group, Stack, Text, Textarea } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import type { ListPlan, ValuePair } from '#dual-write/facets-control.ts'
import { queryClient } from '../../lib/api.ts'
import { useMapTitles } from '../../lib/maps.ts'
import { useWords } from '../../lib/messages.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { Loaded, messageOf, tellDone } from '../../parts/states.tsx'
import { FindingList } from '../editor/finding-list.tsx'
import { DifferenceWords } from '../editor/save-dialog.tsx'
import { askEngine } from '../engine-api.ts'
import { listPath, valueListsQuery, valuePlanQuery } from '../queries.ts'
import { readAgain } from '../rows/deeds.ts'

export type Asked = { kind: 'save'; pairs: ValuePair[]; basedOn: string } | { kind: 'reset' }

type Props = { name: string; asked: Asked | undefined; close: () => void; done: () => void }

/** What saving a list, or giving it back, changes and means for each map that uses it; then the deed. */
export function PlanDialog(props: Props) {
  const { t } = useWords()
  const { name, asked, close } = props
  const title = asked?.kind === 'reset' ? 'values.giveBackTitle' : 'values.saveTitle'
  return (
    <Dialog opened={asked !== undefined} close={close} title={t(title, { name })} size="xl">
      {asked !== undefined && <Form {...props} asked={asked} />}
    </Dialog>
  )
}

function Form({ name, asked, close, done }: Props & { asked: Asked }) {
  const { t } = useWords()
  const plan = useQuery(valuePlanQuery(name, asked.kind === 'save' ? asked.pairs : null))
  const [message, setMessage] = useState('')
  const [problem, setProblem] = useState<Error>()
  const [busy, setBusy] = useState(false)
  const isSave = asked.kind === 'save'
  const hasErrors = plan.data?.maps.some((one) => one.findings.some((finding) => finding.severity === 'error')) ?? true
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    try {
      const { pairs, basedOn } = isSave ? asked : { pairs: [], basedOn: '' }
      await (isSave ? askEngine('PUT', listPath(name), { pairs, message, basedOn }) : askEngine('DELETE', listPath(name)))
      await queryClient.invalidateQueries(valueListsQuery)
      tellDone(t(isSave ? 'values.savedNow' : 'values.givenBack', { name }), t)
      done()
      close()
      void readAgain()
    } catch (error) {
      setProblem(error as Error)
      void readAgain()
    }
    setBusy(false)
  }
  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack>
        <Loaded query={plan}>{(found) => <Plan plan={found} />}</Loaded>
        {isSave && (
          <Textarea
            label={t('editor.message')}
            description={t('values.messageHelp')}
            required
            maxLength={500}
            data-autofocus
            value={message}
            onChange={(event) => setMessage(event.currentTarget.value)}
          />
        )}
        {problem !== undefined && (
          <Alert color="red" role="alert" title={t('state.failed')}>
            {messageOf(problem, t)}
          </Alert>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            {t('action.cancel')}
          </Button>
          <Button type="submit" loading={busy} disabled={hasErrors || (isSave && message.trim() === '')}>
            {t(isSave ? 'action.save' : 'values.giveBackDeed')}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

function Plan({ plan }: { plan: ListPlan }) {
  const { t } = useWords()
  const titleOf = useMapTitles()
  const carried = plan.maps.filter((one) => one.carried).map((one) => titleOf(one.map))
  const troubled = plan.maps.filter((one) => one.findings.length > 0)
  return (
    <Stack gap="sm">
      <DifferenceWords words={plan.changes} />
      {plan.maps.length === 0 && <Text size="sm">{t('values.planUnused')}</Text>}
      {carried.length > 0 && (
        <Text size="sm">{t('values.planCarried', { count: carried.length, maps: carried.join(', ') })}</Text>
      )}
      {troubled.map((one) => (
        <section key={one.map} aria-label={titleOf(one.map)}>
          <Text size="sm" fw={600} mb={4}>
            {titleOf(one.map)}
          </Text>
          <FindingList findings={one.findings} />
        </section>
      ))}
    </Stack>
  )
}
