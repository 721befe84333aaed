import { createRoute } from '@tanstack/react-router'
import { texts } from '../lib/address.ts'
import { rootRoute } from '../root-route.tsx'
import { ActivityScreen } from './activity-screen.tsx'
import { ConnectionScreen } from './connection/connection-screen.tsx'
import { MapPage } from './map-page.tsx'
import { SYNC_ADDRESS, SyncScreen } from './overview/sync-screen.tsx'
import { PromotionScreen } from './promotion/promotion-screen.tsx'
import { AdoptScreen } from './rows/adopt.tsx'
import { AlertsScreen } from './rows/alerts.tsx'
import { ConflictsScreen } from './rows/conflicts.tsx'
import { DifferencesScreen } from './rows/differences.tsx'
import { WayScreen } from './rows/explain.tsx'
import { QueuedScreen } from './rows/queued.tsx'
import { WaitingScreen } from './rows/waiting.tsx'
import { MAP_ADDRESS } from './tab-props.ts'
import { ValuesScreen } from './values/values-screen.tsx'

/** The screens of dual-write. What a screen shows is in its address: it can be kept, sent and reloaded. */
const maps = createRoute({
  getParentRoute: () => rootRoute,
  path: '/dual-write',
  validateSearch: (search: Record<string, unknown>) => texts(search, SYNC_ADDRESS),
  component: () => <SyncScreen address={maps.useSearch()} />,
})
const map = createRoute({
  getParentRoute: () => rootRoute,
  path: '/dual-write/$name',
  validateSearch: (search: Record<string, unknown>) => texts(search, MAP_ADDRESS),
  component: () => <MapPage name={map.useParams().name} address={map.useSearch()} />,
})
const parked = createRoute({
  getParentRoute: () => rootRoute,
  path: '/parked-changes',
  validateSearch: (search: Record<string, unknown>) => texts(search, ['map', 'cluster']),
  component: () => <WaitingScreen address={parked.useSearch()} />,
})
const queued = createRoute({
  getParentRoute: () => rootRoute,
  path: '/sync/queued',
  validateSearch: (search: Record<string, unknown>) => texts(search, ['map', 'direction', 'after']),
  component: () => <QueuedScreen address={queued.useSearch()} />,
})
const differences = createRoute({
  getParentRoute: () => rootRoute,
  path: '/sync/differences',
  validateSearch: (search: Record<string, unknown>) => ({
    ...texts(search, ['map', 'after', 'all']),
    // What belongs to no legal entity has an empty one.
    ...(search.company !== undefined && { company: String(search.company) }),
  }),
  component: () => <DifferencesScreen address={differences.useSearch()} />,
})
const conflicts = createRoute({
  getParentRoute: () => rootRoute,
  path: '/sync/conflicts',
  validateSearch: (search: Record<string, unknown>) => texts(search, ['map', 'before']),
  component: () => <ConflictsScreen address={conflicts.useSearch()} />,
})
const way = createRoute({
  getParentRoute: () => rootRoute,
  path: '/sync/explain',
  validateSearch: (search: Record<string, unknown>) => texts(search, ['map', 'find', 'row', 'key', 'at']),
  component: () => <WayScreen address={way.useSearch()} />,
})
const alerts = createRoute({
  getParentRoute: () => rootRoute,
  path: '/sync/alerts',
  validateSearch: (search: Record<string, unknown>) => texts(search, ['tab', 'before']),
  component: () => <AlertsScreen address={alerts.useSearch()} />,
})
const adopt = createRoute({
  getParentRoute: () => rootRoute,
  path: '/sync/adopt',
  validateSearch: (search: Record<string, unknown>) => texts(search, ['map']),
  component: () => <AdoptScreen address={adopt.useSearch()} />,
})
const activity = createRoute({
  getParentRoute: () => rootRoute,
  path: '/sync/activity',
  validateSearch: (search: Record<string, unknown>) => texts(search, ['map', 'before']),
  component: () => <ActivityScreen address={activity.useSearch()} />,
})
const values = createRoute({
  getParentRoute: () => rootRoute,
  path: '/sync/values',
  validateSearch: (search: Record<string, unknown>) => texts(search, ['list', 'search']),
  component: () => <ValuesScreen address={values.useSearch()} />,
})
const connection = createRoute({ getParentRoute: () => rootRoute, path: '/sync/connection', component: ConnectionScreen })
const promotion = createRoute({ getParentRoute: () => rootRoute, path: '/sync/promotion', component: PromotionScreen })

export const syncRoutes = [
  maps,
  map,
  activity,
  parked,
  queued,
  differences,
  conflicts,
  way,
  alerts,
  adopt,
  values,
  promotion,
  connection,
] as const
