/** Maps that carry the same rows another way, or what no other map needs: they begin when a person runs them. */
export const MANUAL_MAPS = [
  'contacts-for-parties',
  'customers-by-party',
  'person-customers',
  'person-customers-by-party',
  'vendor-contacts',
]

/** What is wrong with the maps of `comptoir maps list --json`: one that should run and does not, and what is parked. */
export function troubledMaps<M extends { name: string; state: string; parked: number }>(maps: readonly M[]): M[] {
  return maps.filter((map) => map.parked > 0 || (map.state === 'running') === MANUAL_MAPS.includes(map.name))
}
