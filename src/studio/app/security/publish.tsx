import { Alert, Button, Group, Paper, Stack, Text, TextInput, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { AnonymousGain, PublishOutcome } from '../../wire-security.ts'
import { post, queryClient } from '../lib/api.ts'
import { useWords } from '../lib/messages.tsx'
import { tellDone, tellFailure } from '../parts/states.tsx'
import type { Draft } from './draft.ts'
import { AnonymousGains, Effect } from './effect.tsx'
import { differenceQuery } from './queries.ts'

/** What the draft changes for whom, and the way to publish it: gains of anybody only with the name of each table typed. */
export function Publish(props: { draft: Draft; blocked: boolean; setDraft: (draft: Draft) => void; discard: () => void }) {
  const { t } = useWords()
  const { draft } = props
  const effect = useQuery({ ...differenceQuery(draft.files), enabled: !props.blocked })
  const [message, setMessage] = useState('')
  const [confirmed, setConfirmed] = useState<readonly string[]>([])
  const [outcome, setOutcome] = useState<PublishOutcome | undefined>(undefined)
  const [busy, setBusy] = useState(false)
  const gains = effect.data?.kind === 'counted' ? effect.data.anonymous : []
  const needed = confirmNames(gains)
  const ready =
    effect.data?.kind === 'counted' && !props.blocked && message.trim() !== '' && needed.every((one) => confirmed.includes(one))
  const publish = async () => {
    setBusy(true)
    try {
      const body = { files: draft.files, base: draft.base, message, confirm: confirmed }
      const told = await post<PublishOutcome>('/security/releases', body)
      setOutcome(told)
      if (told.kind === 'published') {
        tellDone(t('rules.published', { id: told.id }), t)
        props.discard()
        await queryClient.invalidateQueries({ queryKey: ['security'] })
      }
    } catch (error) {
      tellFailure(error as Error, t)
    }
    setBusy(false)
  }
  return (
    <Paper withBorder p="md" component="section" aria-labelledby="effect">
      <Stack gap="md">
        <Title order={2} size="h4" id="effect">
          {t('rules.effect')}
        </Title>
        {!props.blocked && <Effect query={effect} />}
        <form
          onSubmit={(event) => {
            event.preventDefault()
            if (ready) void publish()
          }}
        >
          <Stack gap="sm">
            <TypedNames names={needed} confirmed={confirmed} onConfirm={setConfirmed} />
            <TextInput
              label={t('rules.message')}
              value={message}
              maxLength={500}
              onChange={(event) => setMessage(event.currentTarget.value)}
              required
            />
            {outcome !== undefined && <Refused outcome={outcome} draft={draft} setDraft={props.setDraft} />}
            <Group justify="flex-end">
              <Button type="submit" disabled={!ready} loading={busy}>
                {t('rules.publish')}
              </Button>
            </Group>
          </Stack>
        </form>
      </Stack>
    </Paper>
  )
}

/** One field for each table that anybody would see more of: who publishes types its name. */
export function TypedNames(props: {
  names: readonly string[]
  confirmed: readonly string[]
  onConfirm: (names: readonly string[]) => void
}) {
  const { t } = useWords()
  return props.names.map((name) => {
    const table = name.replace('anonymous:', '')
    return (
      <TextInput
        key={name}
        label={t('rules.confirmType', { table })}
        className="mono-input"
        autoComplete="off"
        onChange={(event) => {
          const others = props.confirmed.filter((one) => one !== name)
          props.onConfirm(event.currentTarget.value === table ? [...others, name] : others)
        }}
      />
    )
  })
}

export function confirmNames(gains: readonly AnonymousGain[]): string[] {
  return [...new Set(gains.map((one) => one.confirm))].sort()
}

function Refused({ outcome, draft, setDraft }: { outcome: PublishOutcome; draft: Draft; setDraft: (draft: Draft) => void }) {
  const { t } = useWords()
  switch (outcome.kind) {
    case 'published':
      return null
    case 'needs_confirmation':
      return <AnonymousGains gains={outcome.gains} />
    case 'invalid':
      return (
        <Alert color="red" role="alert" className="mail-text">
          {outcome.message}
        </Alert>
      )
    case 'outdated':
      return (
        <Alert color="orange" role="alert">
          <Stack gap="xs" align="flex-start">
            <Text size="sm">{t('rules.outdated', { id: outcome.current })}</Text>
            <Button size="xs" variant="default" onClick={() => setDraft({ ...draft, base: outcome.current })}>
              {t('rules.rebase', { id: outcome.current })}
            </Button>
          </Stack>
        </Alert>
      )
    default:
      return outcome satisfies never
  }
}
