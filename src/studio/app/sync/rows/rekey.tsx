import { Alert, Button, Group, Stack, Text, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useWords } from '../../lib/messages.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { messageOf, tellDone } from '../../parts/states.tsx'
import { askEngine, mapPath } from '../engine-api.ts'
import { explanationsQuery } from '../queries.ts'
import { readAgain } from './deeds.ts'

const TYPING_PAUSE_MS = 400
const KEY = /^\w+=[^,]/
/** Columns that people know rows by. */
const NAMES = /name|number|email/
const VALUES_MAX = 3

type Kind = 'renumber' | 'merge'

/** A record has another key now, or two records became one: the links follow. */
export function RekeyDialog({ map, kind, close }: { map: string; kind: Kind | undefined; close: () => void }) {
  const { t } = useWords()
  return (
    <Dialog opened={kind !== undefined} close={close} title={t(kind === 'merge' ? 'adopt.mergeTitle' : 'adopt.renumberTitle')}>
      {kind !== undefined && <Form map={map} kind={kind} close={close} />}
    </Dialog>
  )
}

function Form({ map, kind, close }: { map: string; kind: Kind; close: () => void }) {
  const { t } = useWords()
  const [first, setFirst] = useState('')
  const [second, setSecond] = useState('')
  const [problem, setProblem] = useState<Error>()
  const [busy, setBusy] = useState(false)
  const isMerge = kind === 'merge'
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    try {
      tellDone(isMerge ? await merge() : await renumber(), t)
      close()
      void readAgain()
    } catch (error) {
      setProblem(error as Error)
    } finally {
      setBusy(false)
    }
  }
  const merge = async () => {
    const body = { lost: first.trim(), kept: second.trim() }
    const { moved } = await askEngine<{ moved: number }>('POST', mapPath(map, '/merges'), body)
    return t('adopt.merged', { count: moved })
  }
  const renumber = async () => {
    await askEngine('POST', mapPath(map, '/renumberings'), { from: first.trim(), to: second.trim() })
    return t('adopt.renumbered')
  }
  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack>
        <Text size="sm">{t(isMerge ? 'adopt.mergeText' : 'adopt.renumberText')}</Text>
        <TextInput
          label={t(isMerge ? 'adopt.lost' : 'adopt.from')}
          description={t('adopt.keyHint')}
          value={first}
          onChange={(event) => setFirst(event.currentTarget.value)}
          required
          data-autofocus
        />
        <RowOfKey map={map} recordKey={first} />
        <TextInput
          label={t(isMerge ? 'adopt.kept' : 'adopt.to')}
          value={second}
          onChange={(event) => setSecond(event.currentTarget.value)}
          required
        />
        {isMerge && <RowOfKey map={map} recordKey={second} />}
        {problem !== undefined && (
          <Alert color="red" role="alert" title={t('state.failed')}>
            {messageOf(problem, t)}
          </Alert>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            {t('action.cancel')}
          </Button>
          <Button type="submit" loading={busy} color={isMerge ? 'red.9' : 'brand'}>
            {t(isMerge ? 'adopt.merge' : 'adopt.renumber')}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

/** Which row a key means, before something is done to it. */
function RowOfKey({ map, recordKey }: { map: string; recordKey: string }) {
  const { t } = useWords()
  const [settled] = useDebouncedValue(recordKey.trim(), TYPING_PAUSE_MS)
  const found = useQuery(explanationsQuery({ map, ...(KEY.test(settled) && { remoteKey: settled }) }))
  if (!KEY.test(settled) || found.data === undefined) return null
  const row = found.data.find((one) => one.rowId !== null)
  const values = (row?.columns ?? []).filter((one) => one.portal !== null && NAMES.test(one.column)).slice(0, VALUES_MAX)
  return (
    <Text size="sm" role="status" className={row === undefined ? 'bad' : undefined}>
      {row === undefined
        ? t('adopt.noRow')
        : t('adopt.row', { values: values.map((one) => one.portal).join(' · ') || (row.rowId ?? '') })}
    </Text>
  )
}
