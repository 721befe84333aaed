import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { createDynamics365Connector } from '../../src/connectors/dynamics365/connector.ts'
import { MAPS_FOLDER, prepareDatabase } from '../../src/context.ts'
import { type DualWrite, openDualWrite } from '../../src/dual-write/engine.ts'
import { silentLog } from '../../src/log/log.ts'
import { systemClock } from '../../src/log/system-clock.ts'
import type { Database } from '../../src/postgres/database.ts'
import type { Catalog } from '../../src/tables/catalog.ts'
import { createTestDatabase } from './database.ts'
import { startTestErp, type TestErp } from './scm.ts'

/** A reference ERP and a portal database with the real maps and connector between them: no site, no pages. */
export type Link = AsyncDisposable & { erp: TestErp; database: Database; catalog: Catalog; dualWrite: DualWrite }

/** Not started: load the ERP first, then `dualWrite.start()` and `dualWrite.whenRunning()`. With `events` the ERP posts its changes. */
export async function createLink(options: { events?: true } = {}): Promise<Link> {
  const erp = await startTestErp()
  const endpoint = options.events === true ? await openEndpoint((body) => dualWrite.receiveEvent(body)) : undefined
  const portal = await createTestDatabase()
  const { database } = portal
  const catalog = await prepareDatabase(database)
  const connector = createDynamics365Connector({
    url: erp.url,
    tokenUrl: `${erp.url}/oauth2/token`,
    clientId: erp.client.id,
    clientSecret: erp.client.secret,
    clock: systemClock,
    log: silentLog,
  })
  const dualWrite = await openDualWrite({
    database,
    catalog,
    connector,
    mapFolders: [MAPS_FOLDER],
    clock: systemClock,
    log: silentLog,
    eventUrl: endpoint?.url,
    eventSecret: 'event-secret',
  })
  return {
    erp,
    database,
    catalog,
    dualWrite,
    async [Symbol.asyncDispose]() {
      await dualWrite.stop()
      endpoint?.close()
      await portal[Symbol.asyncDispose]()
      await erp[Symbol.asyncDispose]()
    },
  }
}

async function openEndpoint(receive: (body: unknown) => Promise<void>): Promise<{ url: string; close(): void }> {
  const server = createServer((request, response) => {
    json(request)
      .then(receive)
      .then(
        () => response.writeHead(204).end(),
        () => response.writeHead(503).end(),
      )
  })
  await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/erp-events`
  return {
    url,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
