import type { AddressInfo } from 'node:net'
import { silentLog } from '../../src/log/log.ts'
import { systemClock } from '../../src/log/system-clock.ts'
import type { Database } from '../../src/postgres/database.ts'
import { createFaults, type Faults } from '../../src/scm/faults.ts'
import { migrateScm } from '../../src/scm/schema.ts'
import { createScmServer, type ScmServerOptions } from '../../src/scm/server.ts'
import { createTestDatabase } from './database.ts'

export type TestErp = AsyncDisposable & {
  url: string
  database: Database
  faults: Faults
  client: { id: string; secret: string; company: string }
  /** A request with a token; `path` begins with a slash. */
  call(path: string, init?: RequestInit): Promise<Response>
}

/** The reference ERP on a free port over a fresh database: no company yet, one client whose company is usmf. */
export async function startTestErp({
  port = 0,
  ...options
}: Partial<ScmServerOptions> & { port?: number } = {}): Promise<TestErp> {
  const test = await createTestDatabase()
  await migrateScm(test.database)
  const client = { id: 'test', secret: 'test-secret', company: 'usmf' }
  const faults = createFaults()
  const server = await createScmServer({
    database: test.database,
    log: silentLog,
    clock: systemClock,
    clients: [client],
    faults,
    ...options,
  })
  await server.listen({ host: '127.0.0.1', port })
  const url = `http://127.0.0.1:${(server.server.address() as AddressInfo).port}`
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: client.id,
    client_secret: client.secret,
    resource: url,
  })
  const answer = await fetch(`${url}/oauth2/token`, { method: 'POST', body: form })
  const { access_token: token } = (await answer.json()) as { access_token: string }
  return {
    url,
    database: test.database,
    faults,
    client,
    call: (path, init = {}) =>
      fetch(`${url}${path}`, { ...init, headers: { authorization: `Bearer ${token}`, ...init.headers } }),
    async [Symbol.asyncDispose]() {
      await server.close()
      await test[Symbol.asyncDispose]()
    },
  }
}
