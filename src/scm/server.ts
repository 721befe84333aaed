import { randomBytes } from 'node:crypto'
import { createHttpServer, type HttpServer } from '#http/server.ts'
import { AppError } from '#lib/app-error.ts'
import type { Clock } from '#lib/clock.ts'
import type { Log } from '#log/log.ts'
import type { Database } from '#postgres/database.ts'
import { type Client, createAccessTokens } from './access-tokens.ts'
import { registerBackOffice } from './back-office/back-office.ts'
import { writers } from './domain/writers.ts'
import { loadCatalog } from './entities/catalog.ts'
import { listColumns } from './entities/columns.queries.ts'
import { startEventDelivery } from './events/delivery.ts'
import { registerEventEndpoints } from './events/routes.ts'
import { createFaults, type Faults, parseFaultPlan } from './faults.ts'
import { registerOData } from './odata/routes.ts'
import { createODataService } from './odata/service.ts'

/** Where the ERP is with loading its company. */
export type ScmStatus = { status: 'ready' } | { status: 'loading'; progress: string }

export type ScmServerOptions = {
  /** Migrated (see schema.ts). */
  database: Database
  log: Log
  clock: Clock
  clients: readonly Client[]
  faults?: Faults
  status?: () => ScmStatus
  /** Rows of a page at most; clients may ask for fewer. */
  pageRowsMax?: number
}

/** The most that Finance & Operations gives in one page. */
const PAGE_ROWS_MAX = 10_000

/** The reference ERP over HTTP: OData, tokens, event endpoints, fault plan, health. Closing it also ends the delivery of events. */
export async function createScmServer(options: ScmServerOptions): Promise<HttpServer> {
  const { database, log, clock } = options
  const faults = options.faults ?? createFaults()
  const status = options.status ?? (() => ({ status: 'ready' }) as const)
  const ready = () => status().status === 'ready'
  const catalog = loadCatalog(await database.read(listColumns))
  const tokens = createAccessTokens(options.clients, clock)
  const pageRowsMax = Math.min(options.pageRowsMax ?? PAGE_ROWS_MAX, PAGE_ROWS_MAX)
  const service = createODataService({ database, catalog, writers, clock, log, pageRowsMax })

  const server = await createHttpServer({ log, cookieSecret: randomBytes(32).toString('hex') })
  registerOData(server, { service, tokens, faults, clock, ready })
  registerEventEndpoints(server, { database, catalog, tokens })
  registerFaults(server, faults)
  registerBackOffice(server, { database, clock, faults })
  server.get('/health', async (_request, reply) => reply.code(ready() ? 200 : 503).send(status()))

  const paused = () => !ready() || (faults.get().outage ?? false) !== false
  const events = await startEventDelivery({ database, catalog, clock, log, paused })
  server.addHook('onClose', () => events.close())
  return server
}

/** `GET` and `PUT /faults`, from this machine only. */
function registerFaults(server: HttpServer, faults: Faults): void {
  server.get('/faults', async () => faults.get())
  server.put('/faults', async (request) => {
    const from = request.socket.remoteAddress ?? ''
    if (!['127.0.0.1', '::1', '::ffff:127.0.0.1'].includes(from)) {
      throw new AppError('faults.forbidden', 'The fault plan is set from this machine only')
    }
    faults.set(parseFaultPlan(request.body))
    return faults.get()
  })
}
