import type { MapStatus } from '../../wire.ts'

/** What the tabs of a map keep in the address, beside the tab itself. */
export const MAP_ADDRESS = [
  'tab',
  'company',
  'direction',
  'kind',
  'code',
  'cluster',
  'search',
  'after',
  'before',
  'from',
  'to',
  'row',
  'mode',
  'hours',
] as const
export type MapAddress = { [name in (typeof MAP_ADDRESS)[number]]?: string }

export type TabProps = {
  name: string
  /** As it is this second. */
  status: MapStatus
  address: MapAddress
  /** Changes the address: an empty text takes a part away. */
  go: (next: MapAddress, replace?: boolean) => void
}
