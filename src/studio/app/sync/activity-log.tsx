import { Button, Group, Stack, Timeline } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { Activity } from '#dual-write/facets-control.ts'
import { useMaps } from '../lib/maps.ts'
import { useWords } from '../lib/messages.tsx'
import { TextLink } from '../parts/link.tsx'
import { Empty, Loaded } from '../parts/states.tsx'
import { ActivityDetails } from './activity-details.tsx'
import { ACTIVITY_ROWS_MAX, activityQuery } from './queries.ts'

/** What people and the engine did, newest first: of one map or of all. `turn` goes to the page before an entry; '' to the first. */
export function ActivityLog(props: { map?: string; before: string | undefined; turn: (before: string) => void }) {
  const { t } = useWords()
  const { map, before, turn } = props
  const entries = useQuery(activityQuery(map, before === undefined ? undefined : Number(before)))
  return (
    <Loaded query={entries}>
      {(shown) => {
        const last = shown.at(-1)
        return shown.length === 0 ? (
          <Empty title={t('map.activity')} text={t('map.noActivity')} />
        ) : (
          <Stack>
            <Timeline bulletSize={12} lineWidth={2} aria-busy={entries.isFetching}>
              {shown.map((entry) => (
                <Timeline.Item key={entry.id} title={<Title entry={entry} withMap={map === undefined} />}>
                  <ActivityDetails entry={entry} />
                </Timeline.Item>
              ))}
            </Timeline>
            <Group gap="xs">
              {before !== undefined && (
                <Button variant="default" size="xs" onClick={() => turn('')}>
                  {t('list.first')}
                </Button>
              )}
              {last !== undefined && shown.length === ACTIVITY_ROWS_MAX && (
                <Button variant="default" size="xs" onClick={() => turn(String(last.id))}>
                  {t('action.more')}
                </Button>
              )}
            </Group>
          </Stack>
        )
      }}
    </Loaded>
  )
}

function Title({ entry, withMap }: { entry: Activity; withMap: boolean }) {
  const { named } = useWords()
  const maps = useMaps().data?.maps
  const action = named('activity', entry.action)
  if (!withMap || entry.map === null) return action
  return (
    <>
      {action} ·{' '}
      <TextLink to="/dual-write/$name" params={{ name: entry.map }}>
        {maps?.find((map) => map.name === entry.map)?.title ?? entry.map}
      </TextLink>
    </>
  )
}
