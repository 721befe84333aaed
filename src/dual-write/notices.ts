import type { RemoteNotice } from '#connector/contract.ts'
import type { Core } from './core.ts'
import { putRemoteChanges } from './remote-changes.queries.ts'
import type { States } from './states.ts'

/** Queues what the other side has told of, for every map that carries it and that nobody has stopped. */
export async function storeNotices(core: Core, states: States, notices: readonly RemoteNotice[]): Promise<void> {
  const changes = notices.flatMap((notice) =>
    core.maps
      .filter((map) => map.entity === notice.entity && !states.isStopped(map.name))
      .map((map) => ({ map: map.name, remoteKey: notice.key, eventId: notice.eventId })),
  )
  await core.database.statement((tx) => putRemoteChanges(tx, changes))
  if (changes.length === 0) core.log.debug({ notices: notices.length }, 'an event concerns no map')
}

/** Asks the other side to post its changes of the maps that hold then; undefined where it cannot, or where nobody listens. */
export function eventRegistration(
  core: Core,
  { eventUrl, eventSecret }: { eventUrl: string | undefined; eventSecret: string },
): ((signal: AbortSignal) => Promise<void>) | undefined {
  if (eventUrl === undefined || !core.connector.capabilities.events) return undefined
  const [url, secret] = [`${eventUrl}/${eventSecret}`, eventSecret]
  return (signal) =>
    core.connector.registerEvents({ url, secret, entities: [...new Set(core.maps.map((map) => map.entity))] }, signal)
}
