import { Group } from '@mantine/core'
import type { ReactNode } from 'react'
import { useWords } from '../lib/messages.tsx'
import { TextLink } from '../parts/link.tsx'
import { ScreenHead } from '../parts/states.tsx'

const ROOMS = [
  ['/dual-write', 'room.maps'],
  ['/sync/queued', 'room.queued'],
  ['/parked-changes', 'room.waiting'],
  ['/sync/differences', 'room.differences'],
  ['/sync/conflicts', 'room.conflicts'],
  ['/sync/explain', 'room.explain'],
  ['/sync/alerts', 'room.alerts'],
  ['/sync/adopt', 'room.adopt'],
  ['/sync/values', 'room.values'],
  ['/sync/promotion', 'room.promotion'],
  ['/sync/activity', 'room.activity'],
  ['/sync/connection', 'room.connection'],
] as const

/** The head of every screen of the dual-write workspace, with the way to the others. */
export function SyncHead(props: { title: string; lead?: ReactNode; actions?: ReactNode }) {
  return (
    <>
      <SyncRooms />
      <ScreenHead title={props.title} lead={props.lead} actions={props.actions} />
    </>
  )
}

function SyncRooms() {
  const { t } = useWords()
  return (
    <nav aria-label={t('nav.maps')} className="rooms">
      <Group gap="xs" component="ul" className="plain-list">
        {ROOMS.map(([to, key]) => (
          <li key={to}>
            <TextLink to={to} size="sm" activeOptions={{ exact: true, includeSearch: false }} className="room">
              {t(key)}
            </TextLink>
          </li>
        ))}
      </Group>
    </nav>
  )
}
