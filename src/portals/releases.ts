import { buildWall } from '#access/wall.ts'
import { AppError, isAppError } from '#lib/app-error.ts'
import type { CatalogDependent } from '#tables/live-catalog.ts'
import type { Confirmed } from './release/gate.ts'
import { compareFolder, isFolderChanged, type PublishedBy, publishRelease, switchRelease } from './release/publish.ts'
import * as queries from './release/releases.queries.ts'
import { createShown, type ReleasePlace, type ShownRelease } from './release/shown.ts'
import type { SiteFiles } from './site-folder.ts'

export type ReleaseId = queries.ReleaseId
export type ReleaseInfo = queries.ReleaseRow

/** A release with its files parsed, as pages are made from it. */
export type Release = ShownRelease

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

type ReleasesOptions = ReleasePlace & {
  /**
   * The site's folder, to be shown if it has changed since it was last; undefined leaves what is shown. Where it would give anonymous visitors more than
   * somebody has confirmed, what is shown stays, and `onWithheld` is told why.
   */
  files?: SiteFiles
  onWithheld?: (reason: AppError) => void
}

/**
 * Opens the releases of the site, publishing `files` first when they differ from what is shown. Every process that has them open
 * follows each publish at once.
 */
export async function openReleases(options: ReleasesOptions): Promise<Releases> {
  const { database, catalog } = options
  const shown = createShown(options)

  async function publish(files: SiteFiles, by: PublishedBy): Promise<ReleaseInfo> {
    const info = await publishRelease(options, files, by)
    await shown.follow()
    return info
  }

  const folder = await publishFolder(options, publish)
  if (folder.kind !== 'published') {
    await shown.follow()
    const site = shown.current()?.site
    // A program of another version may have built it.
    if (site !== undefined) await database.transaction((tx) => buildWall(tx, catalog, site.policy))
  }
  const followSoon = () => void shown.followQuietly()
  const listening = await database.listen('comptoir_release', followSoon, followSoon)
  await shown.followQuietly()

  return {
    current() {
      const current = shown.current()
      if (current !== undefined) return current
      const reason = folder.kind === 'withheld' ? folder.reason.message : 'No release of the site has been published yet'
      throw new AppError('site.not_published', reason)
    },
    publish,
    async switchTo(id, by = { author: 'comptoir' }) {
      await switchRelease(options, id, by)
      await shown.follow()
    },
    list: (rowsMax) => database.read((tx) => queries.listNewest(tx, rowsMax)),
    readFiles: (id) =>
      database.read(async (tx) => new Map((await queries.readReleaseFiles(tx, id)).map((one) => [one.path, one.content]))),
    compareFolder: (files) => database.read((tx) => compareFolder(tx, files)),
    findAsset: (path, hashStart) => database.read((tx) => queries.findFileByHash(tx, path, hashStart)),
    dependent: shown.dependent,
    onShown: shown.onShown,
    close: () => listening.close(),
  }
}

/** What became of the site's folder at the start. */
type FolderOutcome = { kind: 'published' } | { kind: 'unchanged' } | { kind: 'withheld'; reason: AppError }

async function publishFolder(
  { database, log, files, onWithheld }: ReleasesOptions,
  publish: Releases['publish'],
): Promise<FolderOutcome> {
  if (files === undefined || !(await database.read((tx) => isFolderChanged(tx, files)))) return { kind: 'unchanged' }
  try {
    await publish(files, { author: 'comptoir', message: 'The site as it is in its folder', fromFolder: true })
    return { kind: 'published' }
  } catch (error) {
    if (!isAppError(error, 'access.needs_confirmation') && !isAppError(error, 'access.unnamed_columns')) throw error
    log.warn(
      { reason: error.message },
      'the site of the folder is not shown: anonymous visitors would get more than is confirmed',
    )
    onWithheld?.(error)
    return { kind: 'withheld', reason: error }
  }
}
