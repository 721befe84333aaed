import type { Permissions } from '#access/permissions.ts'
import type { Visitor } from '#access/visitor.ts'
import { behindWall } from '#access/wall.ts'
import type { Clock } from '#lib/clock.ts'
import type { Log } from '#log/log.ts'
import type { Database, Tx } from '#postgres/database.ts'
import type { Catalog } from '#tables/catalog.ts'
import type { TableDefinition } from '#tables/definition.ts'
import type { AsOf } from '#tables/row-query.ts'
import { limitQueryTime } from '#tables/rows.queries.ts'
import type { View } from '#tables/view.ts'
import { type ApiTables, apiTables } from '../metadata/model.ts'
import { ApiRefusal, type ApiRefusalKind, type Dialect } from '../protocol/refusals.ts'

/** What both APIs stand on. */
export type ApiParts = {
  database: Database
  catalog: Catalog
  /** Those of the current release. */
  permissions(): Permissions
  /** The views of the current release's files. */
  views(): readonly View[]
  clock: Clock
  log: Log
}

/** Who calls, through which API, and under which permissions: one for each request and all that is in its batch. */
export type Caller = ApiParts & {
  dialect: Dialect
  visitor: Visitor
  rules: Permissions
  language: string
  /** Address of the service's root, with a slash at its end. */
  root: string
}

const QUERY_TIME_MS_MAX = 20_000

/** Reads one state of the database, behind the second wall. */
export function readAs<T>(caller: Caller, work: (tx: Tx) => Promise<T>): Promise<T> {
  return behindWall(caller.database, caller.visitor).read(async (tx) => {
    await limitQueryTime(tx, QUERY_TIME_MS_MAX)
    return work(tx)
  })
}

/** A transaction of its own, behind the second wall. */
export function writeAs<T>(caller: Caller, work: (tx: Tx) => Promise<T>): Promise<T> {
  return behindWall(caller.database, caller.visitor).transaction(work)
}

export function tablesOf(caller: Caller): ApiTables {
  return apiTables({ catalog: caller.catalog, permissions: caller.rules, visitor: caller.visitor, dialect: caller.dialect })
}

/** Columns that this API has of a table; undefined where it does not have the table. */
export function offered(caller: Caller, table: TableDefinition): ReadonlySet<string> | undefined {
  return caller.dialect === 'portal' ? caller.rules.webApiColumns(table.name) : new Set(table.columns.keys())
}

/**
 * Refuses a table that the API does not have (as if it did not exist), and one on which the caller has no such right on any row: those
 * who have not signed in are told to.
 */
export function requireRight(caller: Caller, table: TableDefinition, privilege: 'read' | 'create' | 'write' | 'delete'): void {
  if (offered(caller, table) === undefined)
    throw new ApiRefusal('resource', `Resource not found for the segment '${table.setName}'.`)
  if (caller.rules.may(caller.visitor, table.name, privilege)) return
  if (caller.visitor.kind === 'anonymous') throw new ApiRefusal('sign_in', `Sign in to ${VERBS[privilege]} ${table.setName}`)
  throw missing(privilege, table)
}

/** The refusal for a right that the caller does not have. */
export function missing(
  privilege: Extract<ApiRefusalKind, keyof typeof VERBS>,
  table: TableDefinition,
  message = `You do not have the permission to ${VERBS[privilege]} ${table.setName}`,
): ApiRefusal {
  return new ApiRefusal(privilege, message)
}

export function noSuchRow(table: TableDefinition, id?: string): ApiRefusal {
  return new ApiRefusal(
    'row',
    id === undefined ? `There is no such ${table.name}` : `${table.name} With Id = ${id} Does Not Exist`,
  )
}

const VERBS = {
  read: 'read',
  create: 'create',
  write: 'change',
  delete: 'delete',
  append: 'attach other rows to',
  appendTo: 'attach rows to',
} as const

export function asOfOf(caller: Caller): AsOf {
  const { visitor } = caller
  return {
    nowMs: caller.clock.nowMs(),
    timeZone: 'UTC',
    contactId: visitor.kind === 'contact' ? visitor.contactId : null,
    accountId: visitor.kind === 'anonymous' ? null : visitor.accountId,
  }
}

/** Whose uploads and saved views they are. */
export function holderOf({ visitor }: Caller): string {
  if (visitor.kind === 'anonymous') return '00000000-0000-0000-0000-000000000000'
  return visitor.kind === 'service' ? visitor.serviceAccountId : visitor.contactId
}
