import { z } from 'zod'
import type { HttpServer, Request } from '#http/server.ts'
import type { ChangePlan } from '#tables/change-plan.ts'
import {
  applyCustomization,
  listCustomizations,
  listDefinitionHistory,
  listHidden,
  previewCustomization,
  previewRevert,
  purgeColumn,
  revertTo,
  sampleCalculated,
  type TablesGround,
} from '#tables/customizing.ts'
import type { Definitions, DefinitionVersionInfo, PlanInfo, SampleValue } from '../../wire-data.ts'
import { administratorOf } from '../guard.ts'
import { parseBody } from '../parked.ts'
import type { StudioServices } from '../services.ts'

const VERSIONS_MAX = 100

const document = z.record(z.string(), z.unknown())
const agreed = { message: z.string().trim().min(1).max(500), confirm: z.array(z.string().max(200)).max(200).default([]) }
const previewBody = z.strictObject({ document })
const changeBody = z.strictObject({ document, ...agreed })
const version = z.int().min(0)
const reversionBody = z.strictObject({ version, ...agreed })
const reversionPreviewBody = z.strictObject({ version })
const purgeBody = z.strictObject({ table: z.string().max(100), column: z.string().max(100).nullable(), ...agreed })
const sampleBody = z.strictObject({ document, column: z.string().max(100) })

/**
 * /definitions: the tables and columns of this installation's own, as documents. A change is first shown as a plan, then made; what would
 * lose data is refused until its loss is confirmed by name.
 */
export function registerDefinitions(scope: HttpServer, { database, catalog, clock }: StudioServices): void {
  const ground: TablesGround = { database, catalog, clock }

  scope.get('/definitions', async (): Promise<Definitions> => {
    const [documents, versions, hidden] = await Promise.all([
      listCustomizations(database),
      listDefinitionHistory(database, { rowsMax: VERSIONS_MAX }),
      listHidden(ground),
    ])
    return {
      prefix: prefixOf([...catalog.tables.values()].flatMap((table) => ownNames(table))),
      documents: documents.map((one) => ({ table: one.table, source: one.source, document: one.document as object })),
      versions: versions.map(versionInfo),
      hidden,
    }
  })
  scope.post(
    '/definitions/previews',
    async (request): Promise<PlanInfo> =>
      planInfo(await previewCustomization(ground, parseBody(previewBody, request.body).document)),
  )
  scope.post('/definitions/changes', async (request, reply): Promise<PlanInfo> => {
    const body = parseBody(changeBody, request.body)
    const plan = await applyCustomization(ground, body.document, changedBy(request, body))
    reply.code(201)
    return planInfo(plan)
  })
  scope.post(
    '/definitions/reversions/previews',
    async (request): Promise<PlanInfo> =>
      planInfo(await previewRevert(ground, parseBody(reversionPreviewBody, request.body).version)),
  )
  scope.post('/definitions/reversions', async (request, reply): Promise<PlanInfo> => {
    const body = parseBody(reversionBody, request.body)
    const plan = await revertTo(ground, body.version, changedBy(request, body))
    reply.code(201)
    return planInfo(plan)
  })
  scope.post('/definitions/purges', async (request, reply) => {
    const body = parseBody(purgeBody, request.body)
    const values = await purgeColumn(ground, body.table, body.column, changedBy(request, body))
    return reply.code(201).send({ values })
  })
  scope.post('/definitions/samples', async (request): Promise<SampleValue[]> => {
    const body = parseBody(sampleBody, request.body)
    return sampleCalculated(ground, body.document, body.column)
  })
}

function changedBy(request: Request, change: { message: string; confirm: string[] }) {
  return { by: administratorOf(request).fullName, message: change.message, confirm: change.confirm }
}

function planInfo(plan: ChangePlan): PlanInfo {
  return {
    steps: plan.steps.map(({ what, sql }) => ({ what, sql: [...sql] })),
    losses: plan.losses.map((one) => ({ ...one })),
    refusals: [...plan.refusals],
  }
}

function versionInfo(one: Awaited<ReturnType<typeof listDefinitionHistory>>[number]): DefinitionVersionInfo {
  const { version: number, table, source, author, message, appliedAt, document: content } = one
  return { version: number, table, source, author, message, appliedAt, document: content as object | null }
}

type Named = { name: string; origin: string; columns: ReadonlyMap<string, { name: string; origin: string }> }

function ownNames(table: Named): string[] {
  return [table, ...table.columns.values()].flatMap((one) => (one.origin === 'custom' ? [one.name] : []))
}

/** What the names of this installation begin with: the prefix that most of them have. */
function prefixOf(names: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const name of names) {
    const [, prefix] = /^([a-z][a-z0-9]{1,7})_/.exec(name) ?? []
    if (prefix !== undefined) counts.set(prefix, (counts.get(prefix) ?? 0) + 1)
  }
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 'new'
}
