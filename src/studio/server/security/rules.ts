import { parseDocument } from 'yaml'
import { z } from 'zod'
import { diffAccess } from '#access/access-diff.ts'
import type { AccessDiff } from '#access/difference.ts'
import type { Permissions } from '#access/permissions.ts'
import { policyFileShapes } from '#access/policy.ts'
import { countPeopleWithRoles } from '#access/standing.ts'
import type { HttpServer, Reply } from '#http/server.ts'
import { AppError, isAppError, messageOf } from '#lib/app-error.ts'
import { parseFilter } from '#lib/odata/parse-filter.ts'
import type { SiteFiles } from '#portals/site-folder.ts'
import { identifier } from '#postgres/sql.ts'
import { compileCondition } from '#tables/query.ts'
import type { ConditionCheck, Difference, DraftEdit, DraftFiles, RuleFile, RulesView } from '../../wire-security.ts'
import { parseBody } from '../parked.ts'
import type { StudioServices } from '../services.ts'
import { applyDraft, checkRules, isRuleFile } from './draft.ts'
import { editPermission } from './permission-text.ts'

const FILE_CHARACTERS_MAX = 300_000
export const draftShape = z.record(
  z.string().refine(isRuleFile, 'is no file of roles and permissions'),
  z.string().max(FILE_CHARACTERS_MAX).nullable(),
)
const permissionShape = policyFileShapes.permissions.shape.permissions.element
const editBody = z.strictObject({
  files: draftShape,
  edit: z.union([
    z.strictObject({
      kind: z.literal('put'),
      table: z.string().max(63),
      file: z.string().max(200).nullable(),
      before: z.string().max(100).nullable(),
      permission: z.looseObject({}),
    }),
    z.strictObject({ kind: z.literal('delete'), file: z.string().max(200), permission: z.string().max(100) }),
  ]),
})
const viewBody = z.strictObject({ files: draftShape })
const conditionBody = z.strictObject({ table: z.string().max(63), where: z.string().max(2_000) })

/**
 * /security/drafts: roles and permissions as they are, or as a draft would have them. A draft is the changed files, kept by the browser:
 * nothing of it is stored here until it is published.
 */
export function registerRules(scope: HttpServer, services: StudioServices): void {
  const { clock, database, catalog, releases } = services
  const shownFiles = () => releases.readFiles(releases.current().info.id)

  scope.post('/security/drafts/views', async (request): Promise<RulesView> => {
    const { files } = parseBody(viewBody, request.body)
    const shown = await shownFiles()
    const merged = applyDraft(shown, files)
    const checked = checkRules(services, merged)
    const { policy } = 'permissions' in checked ? checked.permissions : services.permissions()
    const people = await database.read((tx) => countPeopleWithRoles(tx, new Date(clock.nowMs())))
    return {
      releaseId: releases.current().info.id,
      roles: policy.roles.map((role) => ({ ...role, people: people.get(role.name) ?? 0 })),
      rolesText: merged.get('roles.yaml')?.toString('utf8') ?? '',
      files: ruleFiles(shown, merged),
      problems: 'problems' in checked ? checked.problems : [],
    }
  })

  scope.post('/security/drafts/edits', async (request): Promise<DraftFiles> => {
    const { files, edit } = parseBody(editBody, request.body)
    if (edit.kind === 'put') {
      const parsed = permissionShape.safeParse(edit.permission)
      if (!parsed.success) throw new AppError('studio.invalid', z.prettifyError(parsed.error))
    }
    const merged = applyDraft(await shownFiles(), files)
    const texts = new Map([...merged].filter(([path]) => isRuleFile(path)).map(([path, text]) => [path, text.toString('utf8')]))
    return { ...files, ...editPermission(texts, edit as DraftEdit) }
  })

  scope.post('/security/drafts/differences', async (request, reply): Promise<Difference> => {
    const { files } = parseBody(viewBody, request.body)
    const checked = checkRules(services, applyDraft(await shownFiles(), files))
    if ('problems' in checked) return { kind: 'invalid', problems: checked.problems }
    return readDifference(services, services.permissions(), checked.permissions, signalOf(reply))
  })

  scope.post('/security/condition-checks', async (request): Promise<ConditionCheck> => {
    const { table, where } = parseBody(conditionBody, request.body)
    try {
      compileCondition(catalog, catalog.get(table), parseFilter(where), identifier('t'))
      return { kind: 'good' }
    } catch (error) {
      if (!isAppError(error)) throw error
      const { position } = error.details
      return { kind: 'bad', message: messageOf(error), position: typeof position === 'number' ? position : null }
    }
  })
}

/** Given up as soon as nobody waits for it any more. */
export async function readDifference(
  { database, catalog, clock }: StudioServices,
  before: Permissions,
  after: Permissions,
  signal: AbortSignal,
): Promise<Difference> {
  const { lines, anonymous }: AccessDiff = await diffAccess({ database, catalog, clock, signal }, before, after)
  return {
    kind: 'counted',
    lines: lines.map((one) => ({ ...one, columns: one.columns === null ? null : [...one.columns] })),
    anonymous: anonymous.map((one) => ({ ...one, columns: [...one.columns] })),
  }
}

/** Aborted when the browser goes away before it is answered. */
export function signalOf(reply: Reply): AbortSignal {
  const controller = new AbortController()
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort()
  })
  return controller.signal
}

function ruleFiles(shown: SiteFiles, merged: SiteFiles): RuleFile[] {
  return [...merged.keys()]
    .filter((path) => path !== 'roles.yaml' && isRuleFile(path))
    .sort()
    .map((path) => {
      const text = merged.get(path)?.toString('utf8') ?? ''
      const parsed = policyFileShapes.permissions.safeParse(readLoosely(text))
      return {
        path,
        table: parsed.success ? parsed.data.table : '',
        text,
        changed: shown.get(path)?.toString('utf8') !== text,
        permissions: parsed.success ? (parsed.data.permissions as RuleFile['permissions']) : [],
      }
    })
}

/** Undefined for what is no YAML: its problems are told elsewhere. */
function readLoosely(text: string): unknown {
  const document = parseDocument(text)
  return document.errors.length > 0 ? undefined : document.toJS()
}
