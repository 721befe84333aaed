import { Alert, Button, Group, PasswordInput, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import type { Connection, ConnectionTest } from '../../../wire.ts'
import { post } from '../../lib/api.ts'
import { useWords } from '../../lib/messages.tsx'
import { useSaid } from '../../lib/said.ts'
import { tellFailure } from '../../parts/states.tsx'
import { deed } from '../rows/deeds.ts'

/** Whether a secret is set, since when and by whom; another one is tried and kept. It is never shown. */
export function SecretForm({ connection }: { connection: Connection }) {
  const { t } = useWords()
  const [secret, setSecret] = useState('')
  const [busy, setBusy] = useState<'test' | 'save'>()
  const [tested, setTested] = useState<ConnectionTest>()
  const canKeep = connection.secret === 'kept' || connection.secret === 'missing'
  const test = async () => {
    setBusy('test')
    setTested(undefined)
    try {
      setTested(await post<ConnectionTest>('/connection/tests', secret === '' ? {} : { secret }))
    } catch (error) {
      tellFailure(error as Error, t)
    }
    setBusy(undefined)
  }
  const save = async () => {
    setBusy('save')
    setTested(undefined)
    const done = await deed(
      t,
      () => post<Connection>('/connection/secrets', { secret }),
      () => t('connection.saved'),
    )
    if (done !== undefined) setSecret('')
    setBusy(undefined)
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        void save()
      }}
    >
      <Stack gap="sm" maw={560}>
        <Now connection={connection} />
        {canKeep && (
          <PasswordInput
            label={t(`connection.newSecret.${connection.connector}`)}
            description={t('connection.newSecretHint')}
            value={secret}
            onChange={(event) => setSecret(event.currentTarget.value)}
            autoComplete="new-password"
            maxLength={10_000}
          />
        )}
        <Group gap="xs">
          <Button variant="default" loading={busy === 'test'} disabled={busy === 'save'} onClick={() => void test()}>
            {t(secret === '' ? 'connection.test' : 'connection.testNew')}
          </Button>
          {canKeep && (
            <Button type="submit" loading={busy === 'save'} disabled={secret === '' || busy === 'test'}>
              {t('connection.save')}
            </Button>
          )}
        </Group>
        {tested !== undefined && <Outcome tested={tested} />}
      </Stack>
    </form>
  )
}

function Now({ connection }: { connection: Connection }) {
  const { t, dateTime } = useWords()
  const { secret, keptSince, keptBy, keyId } = connection
  const isKept = secret === 'kept' && keptSince !== null && keptBy !== null
  return (
    <Stack gap={2}>
      <Text size="sm">
        <b>{t(`connection.secret.${secret}`)}</b>
        {isKept && `, ${t('connection.keptSince', { when: dateTime(keptSince), who: keptBy })}`}
      </Text>
      {isKept && keyId !== null && (
        <Text size="sm" c="dimmed">
          {t('connection.key', { key: keyId })}
        </Text>
      )}
      {secret === 'environment' && (
        <Text size="sm" c="dimmed">
          {t('connection.secretOfSettings')}
        </Text>
      )}
    </Stack>
  )
}

function Outcome({ tested: { calls, problem } }: { tested: ConnectionTest }) {
  const { t, duration } = useWords()
  const said = useSaid()
  if (problem !== null)
    return (
      <Alert color="red" role="alert" title={t('connection.refused')}>
        {said(problem)}
      </Alert>
    )
  return (
    <Alert color="teal" role="status" title={t('connection.well')}>
      {calls.map(({ call, ms, answer }) => (
        <Text size="sm" key={call}>
          {t(`connection.call.${call}`, { answer, time: duration(ms) })}
        </Text>
      ))}
    </Alert>
  )
}
