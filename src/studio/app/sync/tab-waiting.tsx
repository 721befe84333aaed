import { Clusters } from './rows/waiting.tsx'
import type { TabProps } from './tab-props.ts'

/** What waits for a person in this map, by its cause. */
export function WaitingTab({ name, address, go }: TabProps) {
  return <Clusters map={name} open={address.cluster} toggle={(cluster) => go({ cluster: cluster ?? '' })} />
}
