import { createHash } from 'node:crypto'
import { recordAccess } from '#access/audit.ts'
import { buildWall } from '#access/wall.ts'
import { AppError, isAppError, messageOf } from '#lib/app-error.ts'
import { required } from '#lib/assert.ts'
import type { Clock } from '#lib/clock.ts'
import type { Log } from '#log/log.ts'
import type { Database, Tx } from '#postgres/database.ts'
import type { Catalog } from '#tables/catalog.ts'
import type { CatalogDependent } from '#tables/live-catalog.ts'
import { type Confirmed, passGate } from './release/gate.ts'
import * as queries from './release/releases.queries.ts'
import { parseSite, type Site } from './site.ts'
import type { SiteFiles } from './site-folder.ts'

export type ReleaseId = queries.ReleaseId
export type ReleaseInfo = queries.ReleaseRow

/** `fromFolder`: the files are those of the site's folder, which is not published again until it changes. */
type PublishedBy = Confirmed & { message: string; base?: ReleaseId; fromFolder?: boolean }

/** A release with its files parsed, as pages are made from it. */
export type Release = { info: ReleaseInfo; site: Site }

export type Releases = {
  /** What visitors see now. In memory: never read per request. */
  current(): Release
  /**
   * Checks the files, stores them as a new release and shows it to everybody. When they are what is shown already, nothing happens.
   * Throws AppError `site.invalid` with every problem of the files; `access.needs_confirmation` where anonymous visitors would get more
   * than is named in `confirm`; `access.unnamed_columns`; `site.outdated` where not `base` is shown but what somebody published since.
   */
  publish(files: SiteFiles, by: PublishedBy): Promise<ReleaseInfo>
  /** Shows an earlier release again (or a later one), by the same rules. */
  switchTo(id: ReleaseId, by?: Confirmed): Promise<void>
  list(rowsMax: number): Promise<ReleaseInfo[]>
  /** The files of any release; none where there is no such release. */
  readFiles(id: ReleaseId): Promise<SiteFiles>
  /**
   * How the site's folder, as it is now, stands to what is shown: the same; other files were published since, and stay (`kept`); or it has
   * changed itself, so that the next start shows it in the place of what is shown (`changed`).
   */
  compareFolder(files: SiteFiles): Promise<'same' | 'kept' | 'changed'>
  /** A theme or file of any release, for pages that were made from an earlier one. */
  findAsset(path: string, hashStart: string): Promise<Buffer | undefined>
  /** What is shown goes along when tables change: nothing it needs may go, its permissions hold the new tables, and it is read anew. */
  readonly dependent: CatalogDependent
  /** Calls the listener whenever another release is shown from now on, until the answered function is called. */
  onShown(listener: () => void): () => void
  close(): Promise<void>
}

/**
 * Opens the releases of the site, publishing `files` first when they differ from what is shown. Every process that has them open
 * follows each publish at once.
 */
export async function openReleases(options: {
  database: Database
  catalog: Catalog
  clock: Pick<Clock, 'nowMs'>
  log: Log
  /**
   * The site's folder, to be shown if it has changed since it was last; undefined leaves what is shown. Where it would give anonymous visitors more than
   * somebody has confirmed, what is shown stays, and `onWithheld` is told why.
   */
  files?: SiteFiles
  onWithheld?: (reason: AppError) => void
}): Promise<Releases> {
  const { database, catalog, clock, log } = options
  let current: Release | undefined
  let shownFiles: SiteFiles | undefined
  const listeners = new Set<() => void>()

  async function follow(): Promise<void> {
    const found = await database.read(async (tx) => {
      const info = await queries.findCurrent(tx)
      if (info === undefined || info.id === current?.info.id) return undefined
      return { info, files: await queries.readReleaseFiles(tx, info.id) }
    })
    if (found === undefined) return
    const files: SiteFiles = new Map(found.files.map((file) => [file.path, file.content]))
    current = { info: found.info, site: parseSite(files, catalog, clock) }
    shownFiles = files
    log.info({ release: found.info.id, author: found.info.author }, 'a release of the site is shown')
    for (const listener of listeners) listener()
  }

  // A release that this process cannot read (made by a newer program) must not take the running one away.
  const followQuietly = () =>
    follow().catch((error) =>
      log.error({ reason: messageOf(error) }, 'the published release cannot be shown; the earlier one stays'),
    )

  async function publish(files: SiteFiles, by: PublishedBy): Promise<ReleaseInfo> {
    const site = parseSite(files, catalog, clock)
    const info = await database.transaction(async (tx) => {
      const confirmed = await passGate(tx, catalog, site.policy, by)
      const before = await queries.findCurrent(tx)
      if (by.base !== undefined && by.base !== before?.id) throw outdated(before?.id ?? 0)
      if (by.fromFolder === true) await queries.putFolderHash(tx, hashOf(hashed(files)))
      const stored = await storeRelease(tx, files, by)
      await queries.insertConfirmations(tx, stored.id, confirmed, by.author)
      if (stored.id !== before?.id) await recordShown(tx, 'release.published', stored.id, confirmed, by)
      await buildWall(tx, catalog, site.policy)
      return { ...stored, confirmed: [...new Set([...stored.confirmed, ...confirmed])] }
    })
    await follow()
    return info
  }

  let reason: AppError | undefined
  const withheld = (error: unknown): undefined => {
    if (!isAppError(error, 'access.needs_confirmation') && !isAppError(error, 'access.unnamed_columns')) throw error
    reason = error
    log.warn(
      { reason: error.message },
      'the site of the folder is not shown: anonymous visitors would get more than is confirmed',
    )
    options.onWithheld?.(error)
  }
  const fromFolder = { author: 'comptoir', message: 'The site as it is in its folder', fromFolder: true }
  const isNews = options.files !== undefined && (await database.read((tx) => isFolderChanged(tx, options.files)))
  const published = options.files !== undefined && isNews && (await publish(options.files, fromFolder).catch(withheld))
  if (!published) {
    await follow()
    const shown = current?.site
    // A program of another version may have built it.
    if (shown !== undefined) await database.transaction((tx) => buildWall(tx, catalog, shown.policy))
  }
  const listening = await database.listen(
    'comptoir_release',
    () => void followQuietly(),
    () => void followQuietly(),
  )
  await followQuietly()

  return {
    current() {
      if (current === undefined)
        throw new AppError('site.not_published', reason?.message ?? 'No release of the site has been published yet')
      return current
    },
    publish,
    async switchTo(id, by = { author: 'comptoir' }) {
      await database.transaction(async (tx) => {
        const files = await queries.readReleaseFiles(tx, id)
        if (files.length === 0) throw new AppError('site.not_found', `There is no release ${id}`)
        const site = parseSite(new Map(files.map((file) => [file.path, file.content])), catalog, clock)
        const confirmed = await passGate(tx, catalog, site.policy, by)
        await queries.switchCurrent(tx, id)
        await queries.insertConfirmations(tx, id, confirmed, by.author)
        await recordShown(tx, 'release.shown', id, confirmed, by)
        await buildWall(tx, catalog, site.policy)
      })
      await follow()
    },
    list: (rowsMax) => database.read((tx) => queries.listNewest(tx, rowsMax)),
    readFiles: (id) =>
      database.read(async (tx) => new Map((await queries.readReleaseFiles(tx, id)).map((one) => [one.path, one.content]))),
    compareFolder: (files) =>
      database.read(async (tx) => {
        const sha256 = hashOf(hashed(files))
        if ((await queries.findCurrent(tx))?.sha256 === sha256) return 'same'
        return (await queries.findFolderHash(tx)) === sha256 ? 'kept' : 'changed'
      }),
    findAsset: (path, hashStart) => database.read((tx) => queries.findFileByHash(tx, path, hashStart)),
    dependent: {
      problemsWith(next) {
        try {
          if (shownFiles !== undefined) parseSite(shownFiles, next, clock)
          return []
        } catch (error) {
          return [messageOf(error)]
        }
      },
      async settle(tx, next) {
        if (shownFiles !== undefined) await buildWall(tx, next, parseSite(shownFiles, next, clock).policy)
      },
      changed() {
        if (shownFiles !== undefined && current !== undefined)
          current = { info: current.info, site: parseSite(shownFiles, catalog, clock) }
      },
    },
    onShown(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close: () => listening.close(),
  }
}

/** Stores the files as what is shown from now on; the release that is shown already when they are the same. */
async function storeRelease(tx: Tx, files: SiteFiles, by: { author: string; message: string }): Promise<ReleaseInfo> {
  await queries.lockReleases(tx)
  const before = await queries.findCurrent(tx)
  const stored = hashed(files)
  const sha256 = hashOf(stored)
  if (before?.sha256 === sha256) return before
  await queries.insertFiles(tx, stored)
  const id = await queries.insertRelease(tx, { parentId: before?.id ?? null, ...by, sha256 }, stored)
  await queries.switchCurrent(tx, id)
  return required(await queries.findCurrent(tx), 'the release just published')
}

function recordShown(
  tx: Tx,
  action: string,
  id: ReleaseId,
  confirmed: readonly string[],
  by: { author: string; message?: string },
) {
  const message = by.message === undefined ? {} : { message: by.message }
  const names = confirmed.length === 0 ? {} : { confirmed: confirmed.join(', ') }
  return recordAccess(tx, { actor: by.author, action, subject: null, details: { release: id, ...message, ...names } })
}

function outdated(shown: ReleaseId): AppError {
  return new AppError('site.outdated', `Release ${shown} has been published since: look at its changes first`, {
    details: { current: shown },
  })
}

async function isFolderChanged(tx: Tx, files: SiteFiles | undefined): Promise<boolean> {
  if (files === undefined) return false
  const isShown = (await queries.findCurrent(tx)) !== undefined
  return !isShown || (await queries.findFolderHash(tx)) !== hashOf(hashed(files))
}

type HashedFile = { path: string; content: Buffer; sha256: string }

function hashed(files: SiteFiles): HashedFile[] {
  return [...files].sort(([a], [b]) => (a < b ? -1 : 1)).map(([path, content]) => ({ path, content, sha256: sha256Of(content) }))
}

function hashOf(files: readonly HashedFile[]): string {
  return sha256Of(Buffer.from(files.map((file) => `${file.path}\0${file.sha256}\n`).join('')))
}

export function sha256Of(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex')
}
