import { ActivityLog } from './activity-log.tsx'
import type { TabProps } from './tab-props.ts'

/** Who did what to this map. */
export function ActivityTab({ name, address, go }: TabProps) {
  return <ActivityLog map={name} before={address.before} turn={(before) => go({ before }, false)} />
}
