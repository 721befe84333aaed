import { createRoute } from '@tanstack/react-router'
import { texts } from '../lib/address.ts'
import { rootRoute } from '../root-route.tsx'
import { MapsScreen } from '../screens/maps.tsx'
import { ParkedScreen } from '../screens/parked.tsx'
import { MAP_ADDRESS, MapPage } from './map-page.tsx'

/** The screens of dual-write. What a screen shows is in its address: it can be kept, sent and reloaded. */
const maps = createRoute({ getParentRoute: () => rootRoute, path: '/dual-write', component: MapsScreen })
const map = createRoute({
  getParentRoute: () => rootRoute,
  path: '/dual-write/$name',
  validateSearch: (search: Record<string, unknown>) => texts(search, MAP_ADDRESS),
  component: () => <MapPage name={map.useParams().name} address={map.useSearch()} />,
})
const parked = createRoute({
  getParentRoute: () => rootRoute,
  path: '/parked-changes',
  validateSearch: (search: Record<string, unknown>) => texts(search, ['map']),
  component: () => <ParkedScreen map={parked.useSearch().map} />,
})

export const syncRoutes = [maps, map, parked] as const
