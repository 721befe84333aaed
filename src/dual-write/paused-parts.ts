import type { Direction } from './facets-control.ts'
import type { PausedPart } from './scopes.queries.ts'

/** Which parts of maps are paused, as this process knows it. The database is asked again whenever somebody pauses or resumes one. */
export type Scopes = {
  /** The whole direction: nothing of it is claimed. */
  isPaused(map: string, direction: Direction): boolean
  /** Legal entities whose changes are put aside as they come up. */
  companies(map: string, direction: Direction): ReadonlySet<string>
  replace(parts: readonly PausedPart[]): void
}

const NONE: ReadonlySet<string> = new Set()

export function createScopes(): Scopes {
  let parts = new Map<string, Set<string>>()
  const key = (map: string, direction: Direction) => `${map} ${direction}`
  return {
    isPaused: (map, direction) => parts.get(key(map, direction))?.has('') ?? false,
    companies: (map, direction) => parts.get(key(map, direction)) ?? NONE,
    replace(paused) {
      parts = new Map()
      for (const { map, company, direction } of paused) {
        for (const one of direction === '' ? (['toErp', 'toPortal'] as const) : [direction]) {
          const companies = parts.get(key(map, one)) ?? new Set()
          parts.set(key(map, one), companies.add(company))
        }
      }
    },
  }
}
