import { createHash } from 'node:crypto'
import { recordAccess } from '#access/audit.ts'
import { buildWall } from '#access/wall.ts'
import { AppError } from '#lib/app-error.ts'
import { required } from '#lib/assert.ts'
import type { Tx } from '#postgres/database.ts'
import { parseSite } from '../site.ts'
import type { SiteFiles } from '../site-folder.ts'
import { type Confirmed, passGate } from './gate.ts'
import * as queries from './releases.queries.ts'
import type { ReleasePlace } from './shown.ts'

/** `fromFolder`: the files are those of the site's folder, which is not published again until it changes. */
export type PublishedBy = Confirmed & { message: string; base?: queries.ReleaseId; fromFolder?: boolean }

/**
 * Stores the files as the current release, with what anonymous visitors get by it and the wall of its permissions, in one transaction.
 * Throws AppError as `Releases.publish`.
 */
export async function publishRelease(place: ReleasePlace, files: SiteFiles, by: PublishedBy): Promise<queries.ReleaseRow> {
  const { database, catalog, clock } = place
  const site = parseSite(files, catalog, clock)
  return database.transaction(async (tx) => {
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
}

/** Makes a stored release the current one, by the same rules. Throws AppError `site.not_found` where there is none. */
export async function switchRelease(place: ReleasePlace, id: queries.ReleaseId, by: Confirmed): Promise<void> {
  const { database, catalog, clock } = place
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
}

/** As `Releases.compareFolder`. */
export async function compareFolder(tx: Tx, files: SiteFiles): Promise<'same' | 'kept' | 'changed'> {
  const sha256 = hashOf(hashed(files))
  if ((await queries.findCurrent(tx))?.sha256 === sha256) return 'same'
  return (await queries.findFolderHash(tx)) === sha256 ? 'kept' : 'changed'
}

/** Whether the files differ from those last published from the folder, or nothing has been published yet. */
export async function isFolderChanged(tx: Tx, files: SiteFiles): Promise<boolean> {
  const isShown = (await queries.findCurrent(tx)) !== undefined
  return !isShown || (await queries.findFolderHash(tx)) !== hashOf(hashed(files))
}

function outdated(shown: queries.ReleaseId): AppError {
  return new AppError('site.outdated', `Release ${shown} has been published since: look at its changes first`, {
    details: { current: shown },
  })
}

/** Stores the files as what is shown from now on; the release that is shown already when they are the same. */
async function storeRelease(tx: Tx, files: SiteFiles, by: { author: string; message: string }): Promise<queries.ReleaseRow> {
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
  id: queries.ReleaseId,
  confirmed: readonly string[],
  by: { author: string; message?: string },
) {
  const message = by.message === undefined ? {} : { message: by.message }
  const names = confirmed.length === 0 ? {} : { confirmed: confirmed.join(', ') }
  return recordAccess(tx, { actor: by.author, action, subject: null, details: { release: id, ...message, ...names } })
}

type HashedFile = { path: string; content: Buffer; sha256: string }

function hashed(files: SiteFiles): HashedFile[] {
  return [...files].sort(([a], [b]) => (a < b ? -1 : 1)).map(([path, content]) => ({ path, content, sha256: sha256Of(content) }))
}

function hashOf(files: readonly HashedFile[]): string {
  return sha256Of(Buffer.from(files.map((file) => `${file.path}\0${file.sha256}\n`).join('')))
}

function sha256Of(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex')
}
