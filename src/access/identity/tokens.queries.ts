import type { Tx } from '#postgres/database.ts'
import { identifier, type Sql, sql } from '#postgres/sql.ts'
import type { Catalog } from '#tables/catalog.ts'
import type { RowPredicate } from '#tables/predicate.ts'
import { compileQuery } from '#tables/query.ts'
import type { RowId } from '#tables/rows.queries.ts'

/** How stale `last_used_at` may get: a request is not worth a write. */
const USED_EVERY_MS = 5 * 60_000

export type ServiceAccountRow = {
  serviceAccountId: RowId
  name: string
  role: string
  accountId: RowId | null
  createdAt: string
  createdBy: RowId | null
  disabledAt: string | null
}

/** Answers undefined where the name is taken. */
export async function insertServiceAccount(
  tx: Tx,
  account: {
    serviceAccountId: RowId
    name: string
    role: string
    accountId: RowId | null
    createdBy: RowId | null
    now: Date
  },
): Promise<boolean> {
  const rows = await tx`
    insert into access.service_account (service_account_id, name, role, account_id, created_at, created_by)
    values (${account.serviceAccountId}::uuid, ${account.name}, ${account.role}, ${account.accountId}::uuid, ${account.now}, ${account.createdBy}::uuid)
    on conflict do nothing returning 1 as one`
  return rows.length === 1
}

export async function findServiceAccountByName(tx: Tx, name: string): Promise<ServiceAccountRow | undefined> {
  const [row] = await tx<ServiceAccountRow>`
    select service_account_id as "serviceAccountId", name, role, account_id as "accountId", created_at as "createdAt",
           created_by as "createdBy", disabled_at as "disabledAt"
      from access.service_account where lower(name) = lower(${name})`
  return row
}

export function listServiceAccountRows(tx: Tx, rowsMax: number): Promise<ServiceAccountRow[]> {
  return tx<ServiceAccountRow>`
    select service_account_id as "serviceAccountId", name, role, account_id as "accountId", created_at as "createdAt",
           created_by as "createdBy", disabled_at as "disabledAt"
      from access.service_account order by lower(name) limit ${rowsMax}`
}

/** Answers whether there is such an account. */
export async function updateDisabled(tx: Tx, serviceAccountId: RowId, disabledAt: Date | null): Promise<boolean> {
  const rows = await tx`
    update access.service_account set disabled_at = ${disabledAt}::timestamptz where service_account_id = ${serviceAccountId}::uuid
    returning 1 as one`
  return rows.length === 1
}

export async function insertToken(
  tx: Tx,
  token: {
    tokenId: string
    serviceAccountId: RowId
    sha256: Buffer
    prefix: string
    readOnly: boolean
    tables: readonly string[] | null
    createdBy: RowId | null
    expiresAt: Date
    now: Date
  },
): Promise<void> {
  await tx`
    insert into access.service_token
      (token_id, service_account_id, token_sha256, prefix, read_only, tables, created_at, created_by, expires_at)
    values (${token.tokenId}::uuid, ${token.serviceAccountId}::uuid, ${token.sha256}, ${token.prefix}, ${token.readOnly},
            ${token.tables}::text[], ${token.now}, ${token.createdBy}::uuid, ${token.expiresAt})`
}

/** Answers whether there was one to revoke. */
export async function updateTokenRevoked(tx: Tx, tokenId: string, now: Date): Promise<boolean> {
  const rows = await tx`
    update access.service_token set revoked_at = ${now} where token_id = ${tokenId}::uuid and revoked_at is null returning 1 as one`
  return rows.length === 1
}

export type TokenInfo = {
  tokenId: string
  serviceAccountId: RowId
  /** Of the service account. */
  name: string
  role: string
  accountId: RowId | null
  /** The beginning of the token: enough to know it again, too little to use it. */
  prefix: string
  readOnly: boolean
  tables: string[] | null
  createdAt: string
  createdBy: RowId | null
  expiresAt: string
  lastUsedAt: string | null
  state: 'active' | 'expired' | 'revoked' | 'disabled'
}

export function listTokenRows(tx: Tx, now: Date, rowsMax: number): Promise<TokenInfo[]> {
  return tx<TokenInfo>`
    select t.token_id as "tokenId", a.service_account_id as "serviceAccountId", a.name, a.role, a.account_id as "accountId", t.prefix,
           t.read_only as "readOnly", t.tables, t.created_at as "createdAt", t.created_by as "createdBy", t.expires_at as "expiresAt",
           t.last_used_at as "lastUsedAt",
           case when t.revoked_at is not null then 'revoked' when t.expires_at <= ${now}::timestamptz then 'expired'
                when a.disabled_at is not null then 'disabled' else 'active' end as state
      from access.service_token t join access.service_account a using (service_account_id)
     order by t.created_at desc, t.token_id desc limit ${rowsMax}`
}

export type FoundToken = {
  tokenId: string
  serviceAccountId: RowId
  name: string
  role: string
  accountId: RowId | null
  companyId: RowId | null
  readOnly: boolean
  tables: string[] | null
  state: 'active' | 'expired' | 'revoked' | 'disabled' | 'account_inactive'
}

/**
 * What a token stands for at this moment, in one statement. Found by its hash, over an index: how long that takes says nothing about
 * tokens that are alike. Built from the definition of account, so not a statement by itself: its tests run it.
 */
export function findToken(tx: Tx, catalog: Catalog, sha256: Buffer, now: Date): Promise<FoundToken | undefined> {
  const account = compileQuery(catalog, {
    table: catalog.get('account'),
    columns: ['msdyn_company', 'statecode'],
    predicate: accountOfService,
    rowsMax: 1,
  })
  const statement = sql`
    with t as (
      select t.token_id, t.service_account_id, t.read_only, t.tables, t.last_used_at, a.name, a.role, a.account_id,
             case when t.revoked_at is not null then 'revoked' when t.expires_at <= ${now}::timestamptz then 'expired'
                  when a.disabled_at is not null then 'disabled' else 'active' end as state
        from access.service_token t join access.service_account a using (service_account_id)
       where t.token_sha256 = ${sha256}
    ), used as (
      update access.service_token x set last_used_at = ${now}::timestamptz
        from t where x.token_id = t.token_id and t.state = 'active'
         and (t.last_used_at is null or t.last_used_at < ${new Date(now.getTime() - USED_EVERY_MS)}::timestamptz)
    )
    select t.token_id as "tokenId", t.service_account_id as "serviceAccountId", t.name, t.role, t.account_id as "accountId",
           a.msdyn_company as "companyId", t.read_only as "readOnly", t.tables,
           case when t.state = 'active' and t.account_id is not null and a.statecode is distinct from 0 then 'account_inactive'
                else t.state end as state
      from t left join lateral (${account}) a on true`
  return tx.run<FoundToken>(statement).then(([row]) => row)
}

const accountOfService: RowPredicate = {
  reason: 'service account',
  sql: (alias: Sql) => sql`${alias}.${identifier('accountid')} = t.account_id`,
}
