import { z } from 'zod'
import { listAudit } from '#access/audit.ts'
import { findPeople } from '#access/people.ts'
import { listServiceAccounts } from '#access/service-accounts.ts'
import type { HttpServer } from '#http/server.ts'
import type { Tx } from '#postgres/database.ts'
import { readRowsById } from '#tables/rows.queries.ts'
import type { AuditPage } from '../../wire-security.ts'
import { textOf } from '../lists.ts'
import { parseBody } from '../parked.ts'
import type { StudioServices } from '../services.ts'

const ENTRIES_PER_PAGE = 100
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

const auditQuery = z.strictObject({ before: z.coerce.number().int().positive().optional(), subject: z.uuid().optional() })

/** /security/audit: every change of what somebody may do, the latest first, with names where there are some. */
export function registerAudit(scope: HttpServer, services: StudioServices): void {
  scope.get('/security/audit', async (request): Promise<AuditPage> => {
    const { before, subject } = parseBody(auditQuery, request.query)
    return services.database.read(async (tx) => {
      const page = { before: before ?? null, subject: subject ?? null, rowsMax: ENTRIES_PER_PAGE + 1 }
      const found = await listAudit(tx, page)
      const entries = found.slice(0, ENTRIES_PER_PAGE)
      const accounts = entries.flatMap(({ details }) => (typeof details.account === 'string' ? [details.account] : []))
      const people = entries.flatMap((one) => [one.actor, one.subject].filter((id) => id !== null && UUID.test(id)) as string[])
      const names = await readNames(tx, services, people, accounts)
      const nameOf = (id: string | null) => (id === null ? null : (names.get(id) ?? id))
      return {
        entries: entries.map(({ id, at, actor, action, subject: whom, details }) => ({
          ...{ id: Number(id), at, action },
          who: nameOf(actor),
          subject: nameOf(whom),
          details: Object.fromEntries(
            Object.entries(details).map(([key, value]) => [key, names.get(String(value)) ?? String(value)]),
          ),
        })),
        next: found.length > ENTRIES_PER_PAGE ? Number(entries.at(-1)?.id) : null,
      }
    })
  })
}

async function readNames(
  tx: Tx,
  { catalog, clock }: StudioServices,
  people: readonly string[],
  accounts: readonly string[],
): Promise<Map<string, string>> {
  const names = new Map<string, string>()
  const ids = [...new Set(people)]
  for (const one of await listServiceAccounts(tx, new Date(clock.nowMs()))) names.set(one.serviceAccountId, one.name)
  for (const [id, { signIn }] of await findPeople(tx, ids)) {
    const name = signIn?.fullName ?? signIn?.email
    if (name !== undefined) names.set(id, name)
  }
  for (const [id, row] of await readRowsById(tx, catalog.get('contact'), ids)) names.set(id, textOf(row, 'fullname') ?? id)
  for (const [id, row] of await readRowsById(tx, catalog.get('account'), [...new Set(accounts)]))
    names.set(id, textOf(row, 'name') ?? id)
  return names
}
