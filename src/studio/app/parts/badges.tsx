import { Badge, type MantineColor, Text } from '@mantine/core'
import type { MapState, SignInState, SyncState } from '../../wire.ts'
import { useWords } from '../lib/messages.tsx'
import { useSaid } from '../lib/said.ts'

const STATE_COLORS: Readonly<Record<MapState, MantineColor>> = {
  not_running: 'gray',
  initializing: 'blue',
  running: 'teal',
  paused: 'yellow',
  resuming: 'blue',
}

export function StateBadge({ state }: { state: MapState }) {
  const { t } = useWords()
  return <Tag color={STATE_COLORS[state]}>{t(`mapState.${state}`)}</Tag>
}

const SYNC_COLORS: Readonly<Record<SyncState['kind'], MantineColor>> = {
  waiting: 'blue',
  accepted: 'teal',
  refused: 'orange',
  unlinked: 'gray',
}

export function SyncBadge({ sync }: { sync: SyncState }) {
  const { t } = useWords()
  return <Tag color={SYNC_COLORS[sync.kind]}>{t(`sync.${sync.kind}`)}</Tag>
}

/** The state of a row between the two sides, in a sentence. */
export function SyncSentence({ sync }: { sync: SyncState }) {
  const words = useWords()
  const { t } = words
  const said = useSaid()
  switch (sync.kind) {
    case 'waiting':
      return (
        <Text size="sm">
          {t('sync.waitingText', { since: words.ago(sync.since) })}
          {sync.reason !== null && ` ${t('sync.waitingReason', { reason: said(sync.reason), attempt: sync.attempt })}`}
        </Text>
      )
    case 'accepted':
      return <Text size="sm">{t('sync.acceptedText', { key: sync.remoteKey, at: words.dateTime(sync.at) })}</Text>
    case 'refused':
      return <Text size="sm">{t('sync.refusedText', { reason: said(sync.reason) })}</Text>
    case 'unlinked':
      return <Text size="sm">{t('sync.unlinkedText')}</Text>
    default:
      return sync satisfies never
  }
}

const SIGN_IN_COLORS: Readonly<Record<SignInState['kind'], MantineColor>> = {
  none: 'gray',
  active: 'teal',
  locked: 'orange',
  suspended: 'red',
}

export function SignInBadge({ signIn }: { signIn: SignInState }) {
  const { t } = useWords()
  return <Tag color={SIGN_IN_COLORS[signIn.kind]}>{t(`signIn.${signIn.kind}`)}</Tag>
}

/** Sentence case and dark on pale, so that the words read at small sizes in both schemes. */
export function Tag(props: { color: MantineColor; children: React.ReactNode }) {
  return (
    <Badge variant="default" tt="none" fw={550} className="tag" leftSection={<span className={`dot dot-${props.color}`} />}>
      {props.children}
    </Badge>
  )
}
