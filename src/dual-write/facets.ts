import type { Copying, Lifecycle, ValueListing, Versions } from './facets-control.ts'
import type { Adopting, Comparing, Explaining, Parking, Queueing } from './facets-rows.ts'
import type { Watching } from './facets-watch.ts'
import type { MapStatus } from './status.ts'

/** All that can be asked of the sync engine, by whichever surface: Studio, the command line, the HTTP API. */
export type Asked = Statuses &
  Lifecycle &
  Versions &
  ValueListing &
  Copying &
  Comparing &
  Parking &
  Queueing &
  Explaining &
  Adopting &
  Watching

type Statuses = { status(): Promise<MapStatus[]> }
