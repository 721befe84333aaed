import { useNavigate } from '@tanstack/react-router'
import { useWords } from '../lib/messages.tsx'
import { ActivityLog } from './activity-log.tsx'
import { SyncHead } from './head.tsx'

/** What people and the engine did to all maps, and to the installation. */
export function ActivityScreen({ before }: { before: string | undefined }) {
  const { t } = useWords()
  const navigate = useNavigate()
  return (
    <>
      <SyncHead title={t('activity.title')} lead={t('activity.lead')} />
      <ActivityLog
        before={before}
        turn={(next) => void navigate({ to: '/sync/activity', search: next === '' ? {} : { before: next } })}
      />
    </>
  )
}
