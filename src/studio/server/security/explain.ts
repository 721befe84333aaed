import { z } from 'zod'
import { explainRow } from '#access/explain.ts'
import type { RuleOnRow } from '#access/explanation.ts'
import { PRIVILEGES } from '#access/policy.ts'
import { previewRole } from '#access/preview.ts'
import { listPeopleWhoMay } from '#access/who.ts'
import type { HttpServer } from '#http/server.ts'
import { AppError } from '#lib/app-error.ts'
import { readRowsById } from '#tables/rows.queries.ts'
import type { Explained, ExplainedRule, Preview, WhoMayPage } from '../../wire-security.ts'
import { parseBody } from '../parked.ts'
import type { StudioServices } from '../services.ts'
import { rowNameOf } from './places.ts'
import { readSubject, subjectQuery } from './subjects.ts'

const PEOPLE_PER_PAGE = 50

const question = {
  table: z.string().max(63),
  row: z.uuid(),
  privilege: z.enum(PRIVILEGES),
  column: z.string().max(63).optional(),
}
const explanationQuery = z.strictObject({ ...subjectQuery, ...question })
const whoQuery = z.strictObject({ ...question, offset: z.coerce.number().int().min(0).max(1_000_000).default(0) })
const previewQuery = z.strictObject(subjectQuery)

/** /security: why somebody can or cannot, who can, and what somebody would see; each as the permission engine answers it. */
export function registerExplain(scope: HttpServer, services: StudioServices): void {
  const { database, catalog } = services

  scope.get('/security/explanations', async (request): Promise<Explained> => {
    const { table, row, privilege, column, ...asked } = parseBody(explanationQuery, request.query)
    const definition = catalog.get(table)
    const { subject, visitor, rowName } = await database.read(async (tx) => {
      const found = (await readRowsById(tx, definition, [row])).get(row)
      return {
        ...(await readSubject(tx, services, asked)),
        rowName: found === undefined ? null : rowNameOf(definition, found),
      }
    })
    const asking = { table, rowId: row, privilege, ...(column !== undefined && { column }) }
    const told = await explainRow(services, services.permissions(), visitor, asking)
    return {
      subject,
      rowName,
      allowed: told.allowed,
      verdict: told.verdict.kind,
      because: told.because,
      rules: told.rules.map(ruleView),
      columns: [...told.columns],
    }
  })

  scope.get('/security/people-who-may', async (request): Promise<WhoMayPage> => {
    const { table, row, privilege, column, offset } = parseBody(whoQuery, request.query)
    const asking = { table, rowId: row, privilege, ...(column !== undefined && { column }) }
    return listPeopleWhoMay(services, services.permissions(), asking, { offset, rowsMax: PEOPLE_PER_PAGE })
  })

  scope.get('/security/previews', async (request): Promise<Preview> => {
    const asked = parseBody(previewQuery, request.query)
    if (asked.contact === undefined && asked.token === undefined && asked.roles === undefined)
      throw new AppError('studio.invalid', 'Say for whom: contact, token or roles')
    const { subject, visitor } = await database.read((tx) => readSubject(tx, services, asked))
    const tables = await previewRole(services, services.permissions(), visitor)
    return {
      subject,
      tables: tables.map((one) => ({
        ...one,
        columns: [...one.columns],
        columnsOnSomeRows: [...one.columnsOnSomeRows],
        sample: [...one.sample],
      })),
    }
  })
}

function ruleView({ parent, ...rule }: RuleOnRow): ExplainedRule {
  return {
    ...rule,
    columns: rule.columns === null ? null : [...rule.columns],
    roles: [...rule.roles],
    forRoles: [...rule.forRoles],
    parent:
      parent === null
        ? null
        : { permission: parent.rule.permission, decides: parent.rule.decides, deniedBy: [...parent.deniedBy] },
  }
}
