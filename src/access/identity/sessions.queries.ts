import type { Tx } from '#postgres/database.ts'
import { identifier, type Sql, sql } from '#postgres/sql.ts'
import type { Catalog } from '#tables/catalog.ts'
import type { RowPredicate } from '#tables/predicate.ts'
import { compileQuery } from '#tables/query.ts'
import type { RowId } from '#tables/rows.queries.ts'

/** Signed in this long without a request, a visitor is anonymous again; and in any case after SESSION_MS_MAX. */
const SESSION_IDLE_MS = 24 * 3_600_000
const SESSION_MS_MAX = 14 * 24 * 3_600_000
/** How stale `last_seen_at` may get: a page view is not worth a write. */
const SEEN_EVERY_MS = 5 * 60_000

export async function insertSession(
  tx: Tx,
  session: { tokenSha256: Buffer; contactId: RowId; userAgent: string | null; now: Date },
): Promise<void> {
  const expires = new Date(session.now.getTime() + SESSION_IDLE_MS)
  await tx`
    insert into access.session (token_sha256, contact_id, created_at, last_seen_at, expires_at, user_agent)
    values (${session.tokenSha256}, ${session.contactId}::uuid, ${session.now}, ${session.now}, ${expires}, ${session.userAgent?.slice(0, 300) ?? null})`
}

export type SessionRow = {
  contactId: RowId
  email: string
  fullName: string | null
  companyId: RowId | null
  preferredLanguage: string | null
  /** Active accounts that the person may act for now, the own one first, each with the roles that the person has for it. */
  accounts: SessionAccount[]
  /** Those that hold where the person acts for no account. */
  rolesWithoutAccount: string[]
}

export type SessionAccount = {
  accountId: RowId
  number: string
  name: string
  companyId: RowId | null
  isOwn: boolean
  roles: string[]
}

const ACCOUNTS_MAX = 500

/**
 * Everything a request must know about its visitor, in one statement: nothing is remembered between requests, so whatever is taken
 * away is gone at the next one. A contact that is deactivated or deleted is nobody; an account that is cannot be acted for. Built from
 * the definitions of contact and account, so not a statement by itself: the tests of requests run it.
 */
export function findSession(tx: Tx, catalog: Catalog, tokenSha256: Buffer, now: Date): Promise<SessionRow | undefined> {
  const contact = compileQuery(catalog, {
    table: catalog.get('contact'),
    columns: ['fullname', 'parentcustomerid', 'msdyn_company', 'adx_preferredlanguage', 'statecode'],
    predicate: contactOfSession,
    rowsMax: 1,
  })
  const accounts = compileQuery(catalog, {
    table: catalog.get('account'),
    columns: ['accountnumber', 'name', 'msdyn_company', 'statecode'],
    predicate: accountsOfSession(now),
    rowsMax: ACCOUNTS_MAX,
  })
  const statement = sql`
    with s as (
      select s.token_sha256, s.last_seen_at, i.contact_id, i.email, i.full_name
        from access.session s join access.identity i using (contact_id)
       where s.token_sha256 = ${tokenSha256} and s.expires_at > ${now}::timestamptz and i.suspended_at is null
    ), seen as (
      update access.session x
         set last_seen_at = ${now}::timestamptz,
             expires_at = least(x.created_at + make_interval(secs => ${SESSION_MS_MAX / 1000}::float8), ${new Date(now.getTime() + SESSION_IDLE_MS)}::timestamptz)
        from s where x.token_sha256 = s.token_sha256 and s.last_seen_at < ${new Date(now.getTime() - SEEN_EVERY_MS)}::timestamptz
    )
    select s.contact_id as "contactId", s.email, coalesce(c.fullname, s.full_name) as "fullName",
           c.msdyn_company as "companyId", c.adx_preferredlanguage as "preferredLanguage",
           array(select role from access.contact_role r
                  where r.contact_id = s.contact_id and r.account_id is null and ${isValid('r', now)} order by role) as "rolesWithoutAccount",
           (select coalesce(json_agg(json_build_object(
                     'accountId', a.accountid, 'number', a.accountnumber, 'name', coalesce(a.name, a.accountnumber),
                     'companyId', a.msdyn_company, 'isOwn', a.accountid = c.parentcustomerid,
                     'roles', array(select role from access.contact_role r
                                     where r.contact_id = s.contact_id and r.account_id = a.accountid and ${isValid('r', now)} order by role))
                   order by a.accountid = c.parentcustomerid desc, a.name, a.accountid), '[]'::json)
              from (${accounts}) a where a.statecode = 0) as accounts
      from s left join lateral (${contact}) c on true
     where (c.contactid is not null or s.full_name is not null) and coalesce(c.statecode, 0) = 0`
  return tx.run<SessionRow>(statement).then(([row]) => row)
}

const contactOfSession: RowPredicate = {
  reason: 'session',
  sql: (alias: Sql) => sql`${alias}.${identifier('contactid')} = s.contact_id`,
}

/** The contact's own account and those of its memberships. As an array: so that an index answers, and nothing reads through all accounts. */
function accountsOfSession(now: Date): RowPredicate {
  return {
    reason: 'session',
    sql: (alias) => sql`${alias}.${identifier('accountid')} = any(array(
      select c.parentcustomerid union
      select m.account_id from access.membership m where m.contact_id = s.contact_id and ${isValid('m', now)}))`,
  }
}

function isValid(alias: string, now: Date): Sql {
  const [from, until] = [identifier(alias, 'valid_from'), identifier(alias, 'valid_until')]
  return sql`(${from} is null or ${from} <= ${now}::timestamptz) and (${until} is null or ${until} > ${now}::timestamptz)`
}

export async function deleteSession(tx: Tx, tokenSha256: Buffer): Promise<void> {
  await tx`delete from access.session where token_sha256 = ${tokenSha256}`
}

/** All sessions of a person, save one that may stay. Answers how many ended. */
export async function deleteSessionsOf(tx: Tx, contactId: RowId, saveTokenSha256: Buffer | null): Promise<number> {
  const rows = await tx`
    delete from access.session
     where contact_id = ${contactId}::uuid and (${saveTokenSha256}::bytea is null or token_sha256 <> ${saveTokenSha256}::bytea) returning 1 as one`
  return rows.length
}

export async function deleteExpiredSessions(tx: Tx, now: Date): Promise<void> {
  await tx`delete from access.session where expires_at <= ${now}`
}

export type SessionInfo = { contactId: RowId; createdAt: string; lastSeenAt: string; expiresAt: string; userAgent: string | null }

export async function listSessionsOf(tx: Tx, contactId: RowId, now: Date): Promise<SessionInfo[]> {
  return tx<SessionInfo>`
    select contact_id as "contactId", created_at as "createdAt", last_seen_at as "lastSeenAt", expires_at as "expiresAt", user_agent as "userAgent"
      from access.session where contact_id = ${contactId}::uuid and expires_at > ${now} order by last_seen_at desc limit 50`
}
