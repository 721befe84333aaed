import { createHash } from 'node:crypto'
import { countRows } from '#tables/rows.queries.ts'
import { type Segment, unknownResource } from '../protocol/address.ts'
import { type ApiAnswer, type ApiCall, jsonAnswer } from '../protocol/call.ts'
import { parseJsonBody } from '../protocol/json-body.ts'
import { ApiRefusal, printable } from '../protocol/refusals.ts'
import { type Caller, readAs, requireRight } from './caller.ts'
import { readDefinitions } from './read-definitions.ts'
import { isViewSet, readViewSet } from './saved-queries.ts'

const RECORDS_MAX = 10_000_000
const TABLES_MAX = 100
const NAMESPACE = 'Microsoft.Dynamics.CRM.'

/** GET of what is no set: functions, and definitions as Dataverse tells of them. */
export async function performOther(caller: Caller, call: ApiCall, segments: readonly Segment[]): Promise<ApiAnswer> {
  const [first, ...rest] = segments
  const name = first?.name.startsWith(NAMESPACE) ? first.name.slice(NAMESPACE.length) : (first?.name ?? '')
  if (caller.dialect === 'portal') throw unknownResource(first?.name ?? '')
  if (rest.length === 0) {
    switch (name) {
      case 'WhoAmI':
        return whoAmI(caller)
      case 'RetrieveVersion':
        return complexAnswer(caller, 'RetrieveVersionResponse', { Version: '9.2' })
      case 'RetrieveTotalRecordCount':
        return totalRecordCount(caller, namesOf(call, first?.inside ?? ''))
    }
  }
  return isViewSet(name) ? readViewSet(caller, call, segments) : readDefinitions(caller, call, segments)
}

/** UserId is the service account, or the contact. There are no business units; the legal entity stands for one. */
function whoAmI(caller: Caller): ApiAnswer {
  const { visitor } = caller
  if (visitor.kind === 'anonymous') throw new ApiRefusal('sign_in', 'Sign in to be told who you are')
  return complexAnswer(caller, 'WhoAmIResponse', {
    BusinessUnitId: visitor.companyId ?? NOBODY,
    UserId: visitor.kind === 'service' ? visitor.serviceAccountId : visitor.contactId,
    OrganizationId: organizationId(caller.root),
  })
}

const NOBODY = '00000000-0000-0000-0000-000000000000'

/** Stays the same for one address. */
function organizationId(root: string): string {
  const hash = createHash('sha256').update(`comptoir organization\0${root}`).digest('hex')
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-8${hash.slice(13, 16)}-a${hash.slice(17, 20)}-${hash.slice(20, 32)}`
}

/** Of each table the rows that the caller may read. */
async function totalRecordCount(caller: Caller, names: readonly string[]): Promise<ApiAnswer> {
  const tables = names.map((name) => {
    const table = caller.catalog.tables.get(name)
    if (table === undefined) throw new ApiRefusal('invalid', `There is no table '${printable(name)}'`)
    requireRight(caller, table, 'read')
    return table
  })
  const values = await readAs(caller, async (tx) => {
    const counts: number[] = []
    for (const table of tables) {
      const predicate = caller.rules.predicate(caller.visitor, table.name, 'read')
      counts.push(await countRows(tx, caller.catalog, { table, predicate, rowsMax: RECORDS_MAX }))
    }
    return counts
  })
  return complexAnswer(caller, 'RetrieveTotalRecordCountResponse', {
    EntityRecordCountCollection: { Count: names.length, Keys: names, Values: values },
  })
}

function complexAnswer(caller: Caller, type: string, value: Readonly<Record<string, unknown>>): ApiAnswer {
  return jsonAnswer(JSON.stringify({ '@odata.context': `${caller.root}$metadata#${NAMESPACE}${type}`, ...value }))
}

/** `EntityNames=['account']` itself, or `EntityNames=@p` with `@p=['account']` in the query. */
function namesOf(call: ApiCall, inside: string): string[] {
  const [, given = ''] = /^\s*EntityNames\s*=\s*(.*?)\s*$/s.exec(inside) ?? []
  const text = given.startsWith('@') ? (new URLSearchParams(call.query).get(given) ?? '') : given
  const usage = "RetrieveTotalRecordCount takes EntityNames=['account','contact']"
  if (text.length > 10_000) throw new ApiRefusal('invalid', usage)
  // A list of texts is JSON but for its quotes.
  const names = parseJsonBody(text.includes('"') ? text : text.replaceAll("'", '"'))
  if (!Array.isArray(names) || names.length === 0 || names.length > TABLES_MAX || !names.every((one) => typeof one === 'string'))
    throw new ApiRefusal('invalid', usage)
  return names as string[]
}
