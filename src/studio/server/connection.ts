import { z } from 'zod'
import type { HttpServer } from '#http/server.ts'
import { AppError, isAppError } from '#lib/app-error.ts'
import { engineRows } from '#tables/predicate.ts'
import { listRows } from '#tables/rows.queries.ts'
import type { Connection, ConnectionPage, ConnectionTest } from '../wire.ts'
import { administratorOf } from './guard.ts'
import { parseBody } from './parked.ts'
import type { StudioServices } from './services.ts'

const SECRET_LENGTH_MAX = 10_000
const COMPANIES_MAX = 1_000
const secret = z.string().min(1).max(SECRET_LENGTH_MAX)

/** /connection: how the ERP is reached. A secret comes in and never goes out. */
export function registerConnection(scope: HttpServer, services: StudioServices): void {
  const { connection, database, catalog } = services

  scope.get('/connection', async (): Promise<ConnectionPage> => {
    const companies = await database.read((tx) =>
      listRows(tx, catalog, {
        table: catalog.get('cdm_company'),
        columns: ['cdm_companycode', 'cdm_name'],
        predicate: engineRows,
        rowsMax: COMPANIES_MAX,
      }),
    )
    const named = companies.map((row) => ({ code: String(row.cdm_companycode ?? ''), name: String(row.cdm_name ?? '') }))
    return { ...(await connection.describe()), companies: named.sort((a, b) => a.code.localeCompare(b.code)) }
  })

  scope.post('/connection/tests', async (request): Promise<ConnectionTest> => {
    const body = parseBody(z.strictObject({ secret: secret.optional() }), request.body)
    try {
      return { calls: await connection.test(body.secret), problem: null }
    } catch (error) {
      return { calls: [], problem: saidByErp(error) }
    }
  })

  scope.post('/connection/secrets', async (request): Promise<Connection> => {
    const body = parseBody(z.strictObject({ secret }), request.body)
    await connection.keep(body.secret, administratorOf(request).email).catch((cause: unknown) => {
      throw new AppError('studio.invalid', saidByErp(cause), { cause })
    })
    return connection.describe()
  })
}

/** What the ERP has against it is the answer; everything else is a failure of ours. */
function saidByErp(error: unknown): string {
  if (isAppError(error) && error.code.startsWith('connector.')) return error.message
  throw error
}
