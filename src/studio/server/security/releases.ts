import { isUtf8 } from 'node:buffer'
import { z } from 'zod'
import { createPermissions } from '#access/permissions.ts'
import { parsePolicy } from '#access/policy.ts'
import type { HttpServer } from '#http/server.ts'
import { AppError, isAppError, messageOf } from '#lib/app-error.ts'
import { readSiteFolder, type SiteFiles } from '#portals/site-folder.ts'
import { diffLines } from '../../line-diff.ts'
import type {
  AnonymousGain,
  Difference,
  FileChange,
  PublishOutcome,
  ReleaseDifference,
  ReleaseList,
} from '../../wire-security.ts'
import { administratorOf } from '../guard.ts'
import { parseBody } from '../parked.ts'
import type { StudioServices } from '../services.ts'
import { applyDraft } from './draft.ts'
import { draftShape, readDifference, signalOf } from './rules.ts'

const RELEASES_MAX = 200
const confirmShape = z.array(z.string().max(200)).max(500).default([])
const publishBody = z.strictObject({
  files: draftShape,
  base: z.number().int(),
  message: z.string().trim().min(1).max(500),
  confirm: confirmShape,
})
const switchBody = z.strictObject({ confirm: confirmShape })

type WithId = { Params: { id: string } }

/** /security/releases: what has been published, what each changed, and showing a draft or an earlier one. The same gate holds for all. */
export function registerReleases(scope: HttpServer, services: StudioServices): void {
  const { releases, config } = services

  scope.get('/security/releases', async (): Promise<ReleaseList> => {
    const shown = releases.current().info.id
    const listed = await releases.list(RELEASES_MAX)
    return {
      releases: listed.map(({ sha256: _sha256, ...one }) => ({ ...one, isShown: one.id === shown })),
      folder: { path: config.siteDir, state: await releases.compareFolder(readSiteFolder(config.siteDir)) },
    }
  })

  scope.get<WithId>('/security/releases/:id', async (request, reply): Promise<ReleaseDifference> => {
    const id = parseNumber(request.params.id)
    const info = (await releases.list(RELEASES_MAX)).find((one) => one.id === id)
    if (info === undefined) throw new AppError('studio.not_found', 'There is no such release')
    const after = await releases.readFiles(id)
    const before: SiteFiles = info.parentId === null ? new Map() : await releases.readFiles(info.parentId)
    return { files: fileChanges(before, after), access: await accessBetween(services, before, after, signalOf(reply)) }
  })

  // What somebody has published here and the site's folder does not have: to be put there by hand.
  scope.get('/security/folder-changes', async (): Promise<FileChange[]> => {
    const shown = await releases.readFiles(releases.current().info.id)
    return fileChanges(readSiteFolder(config.siteDir), shown)
  })

  scope.get<{ Querystring: { path?: string } }>('/security/shown-files', async (request, reply) => {
    const content = (await releases.readFiles(releases.current().info.id)).get(request.query.path ?? '')
    if (content === undefined) throw new AppError('studio.not_found', 'There is no such file')
    const name = (request.query.path ?? '').replace(/^.*\//, '').replaceAll('"', '')
    return reply.header('content-disposition', `attachment; filename="${name}"`).type('application/octet-stream').send(content)
  })

  scope.post('/security/releases', async (request, reply): Promise<PublishOutcome> => {
    const { files, base, message, confirm } = parseBody(publishBody, request.body)
    const by = { author: administratorOf(request).email, message, base, confirm }
    const merged = applyDraft(await releases.readFiles(base), files)
    void reply.code(201)
    return outcomeOf(async () => (await releases.publish(merged, by)).id)
  })

  scope.post<WithId>('/security/releases/:id/switches', async (request, reply): Promise<PublishOutcome> => {
    const id = parseNumber(request.params.id)
    const { confirm } = parseBody(switchBody, request.body)
    void reply.code(201)
    return outcomeOf(async () => {
      await releases.switchTo(id, { author: administratorOf(request).email, confirm })
      return id
    })
  })
}

/** What publishing answers as a value: each of these is for the person to act on. */
async function outcomeOf(publish: () => Promise<number>): Promise<PublishOutcome> {
  try {
    return { kind: 'published', id: await publish() }
  } catch (error) {
    if (isAppError(error, 'access.needs_confirmation'))
      return { kind: 'needs_confirmation', gains: error.details.gains as AnonymousGain[] }
    if (isAppError(error, 'site.outdated')) return { kind: 'outdated', current: Number(error.details.current) }
    if (isAppError(error, 'site.invalid') || isAppError(error, 'access.unnamed_columns') || isAppError(error, 'policy.invalid'))
      return { kind: 'invalid', message: messageOf(error) }
    throw error
  }
}

/** Before the first release nobody may do anything. */
const NOTHING: SiteFiles = new Map([['roles.yaml', Buffer.from('roles: [{ name: Administrator }]')]])

async function accessBetween(
  services: StudioServices,
  before: SiteFiles,
  after: SiteFiles,
  signal: AbortSignal,
): Promise<Difference> {
  const permissionsOf = (files: SiteFiles) => createPermissions(services.catalog, parsePolicy(files), services.clock)
  try {
    return await readDifference(services, permissionsOf(before.size === 0 ? NOTHING : before), permissionsOf(after), signal)
  } catch (error) {
    if (!isAppError(error, 'policy.invalid')) throw error
    return { kind: 'invalid', problems: [{ file: '', line: null, column: null, message: messageOf(error) }] }
  }
}

function fileChanges(before: SiteFiles, after: SiteFiles): FileChange[] {
  const paths = [...new Set([...before.keys(), ...after.keys()])].sort()
  return paths.flatMap((path): FileChange[] => {
    const [was, is] = [before.get(path), after.get(path)]
    if (was !== undefined && is !== undefined && was.equals(is)) return []
    const kind = was === undefined ? 'added' : is === undefined ? 'deleted' : 'changed'
    const isText = (content: Buffer | undefined) => content === undefined || isUtf8(content)
    const lines = isText(was) && isText(is) ? diffLines(was?.toString('utf8') ?? '', is?.toString('utf8') ?? '') : undefined
    return [{ path, kind, lines: lines ?? null }]
  })
}

function parseNumber(text: string): number {
  const id = Number(text)
  if (!Number.isSafeInteger(id) || id < 1) throw new AppError('studio.not_found', 'There is nothing here')
  return id
}
