import { everythingFor, withoutWall } from '#access/everything.ts'
import type { FilePlace } from '#access/files.ts'
import type { WritingPlace } from '#access/write-model.ts'
import type { Request } from '#http/server.ts'
import type { Tx } from '#postgres/database.ts'
import { setSurface } from '#tables/history.queries.ts'
import type { AsOf } from '#tables/row-query.ts'
import { administratorOf } from '../guard.ts'
import type { StudioServices } from '../services.ts'

/**
 * Where the data workspace writes: every row is open to the administrator who asks, and the history says that it was done here. Writes go
 * the way of everybody's, with the same rules for values.
 */
export async function writeFor<T>(
  services: Pick<StudioServices, 'database' | 'catalog'>,
  visitor: WritingPlace['visitor'],
  work: (place: WritingPlace) => Promise<T>,
  surface: 'studio' | 'import' = 'studio',
): Promise<T> {
  const { database, catalog } = services
  return database.transaction(async (tx: Tx) => {
    await setSurface(tx, surface)
    return work({ tx, catalog, permissions: everythingFor(catalog), visitor })
  })
}

/** What relative filters of a grid are measured by: the site's clock, the administrator who asks. */
export function asOfGrid({ clock, releases }: StudioServices, request: Request): AsOf {
  const { contactId, accountId, language } = administratorOf(request)
  return { nowMs: clock.nowMs(), timeZone: releases.current().site.settings.timeZone, contactId, accountId, language }
}

export function filePlaceOf({ database, catalog }: StudioServices, request: Request): FilePlace {
  return { database: withoutWall(database), catalog, permissions: everythingFor(catalog), visitor: administratorOf(request) }
}
