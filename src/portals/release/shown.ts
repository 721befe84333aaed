import { buildWall } from '#access/wall.ts'
import { messageOf } from '#lib/app-error.ts'
import type { Clock } from '#lib/clock.ts'
import type { Log } from '#log/log.ts'
import type { Database } from '#postgres/database.ts'
import type { Catalog } from '#tables/catalog.ts'
import type { CatalogDependent } from '#tables/live-catalog.ts'
import { parseSite, type Site } from '../site.ts'
import type { SiteFiles } from '../site-folder.ts'
import * as queries from './releases.queries.ts'

/** Where releases are stored, and what they are parsed with. */
export type ReleasePlace = { database: Database; catalog: Catalog; clock: Pick<Clock, 'nowMs'>; log: Log }

export type ShownRelease = { info: queries.ReleaseRow; site: Site }

/** The release that this process shows, held in memory; it becomes another only by `follow`. */
export type Shown = {
  /** Undefined before the first is followed. */
  current(): ShownRelease | undefined
  /** Shows what is stored as current now, if it is another, and tells the listeners. Throws where this process cannot read it. */
  follow(): Promise<void>
  /** As `follow`, but what cannot be read is logged, and the earlier one stays. */
  followQuietly(): Promise<void>
  readonly dependent: CatalogDependent
  onShown(listener: () => void): () => void
}

export function createShown({ database, catalog, clock, log }: ReleasePlace): Shown {
  let shown: { release: ShownRelease; files: SiteFiles } | undefined
  const listeners = new Set<() => void>()

  async function follow(): Promise<void> {
    const found = await database.read(async (tx) => {
      const info = await queries.findCurrent(tx)
      if (info === undefined || info.id === shown?.release.info.id) return undefined
      return { info, files: await queries.readReleaseFiles(tx, info.id) }
    })
    if (found === undefined) return
    const files: SiteFiles = new Map(found.files.map((file) => [file.path, file.content]))
    shown = { release: { info: found.info, site: parseSite(files, catalog, clock) }, files }
    log.info({ release: found.info.id, author: found.info.author }, 'a release of the site is shown')
    for (const listener of listeners) listener()
  }

  return {
    current: () => shown?.release,
    follow,
    // A release that this process cannot read (made by a newer program) must not take the running one away.
    followQuietly: () =>
      follow().catch((error) =>
        log.error({ reason: messageOf(error) }, 'the published release cannot be shown; the earlier one stays'),
      ),
    dependent: {
      problemsWith(next) {
        try {
          if (shown !== undefined) parseSite(shown.files, next, clock)
          return []
        } catch (error) {
          return [messageOf(error)]
        }
      },
      async settle(tx, next) {
        if (shown !== undefined) await buildWall(tx, next, parseSite(shown.files, next, clock).policy)
      },
      changed() {
        if (shown === undefined) return
        const { release, files } = shown
        shown = { release: { info: release.info, site: parseSite(files, catalog, clock) }, files }
      },
    },
    onShown(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
