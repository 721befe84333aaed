import { ActivityLog } from './activity-log.tsx'
import type { TabProps } from './map-page.tsx'

/** Who did what to this map. */
export function ActivityTab({ name, address, go }: TabProps) {
  return <ActivityLog map={name} before={address.before} turn={(before) => go({ before }, false)} />
}
