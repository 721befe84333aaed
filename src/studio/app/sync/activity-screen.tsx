import { Group } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import { useWords } from '../lib/messages.tsx'
import { ActivityLog } from './activity-log.tsx'
import { SyncHead } from './head.tsx'
import { MapSelect } from './map-select.tsx'

export type ActivityAddress = { map?: string; before?: string }

/** What people and the engine did to all maps or to one, and to the installation. */
export function ActivityScreen({ address }: { address: ActivityAddress }) {
  const { t } = useWords()
  const navigate = useNavigate()
  const { map, before } = address
  const only = map === undefined ? {} : { map }
  const go = (search: ActivityAddress) => void navigate({ to: '/sync/activity', search })
  return (
    <>
      <SyncHead title={t('activity.title')} lead={t('activity.lead')} />
      <Group mb="md">
        <MapSelect
          label={t('parked.filter')}
          placeholder={t('parked.allMaps')}
          map={map}
          choose={(chosen) => go(chosen === '' ? {} : { map: chosen })}
        />
      </Group>
      <ActivityLog {...only} before={before} turn={(next) => go(next === '' ? only : { ...only, before: next })} />
    </>
  )
}
