import { type Sql, sql } from '#postgres/sql.ts'
import type { Catalog } from '#tables/catalog.ts'
import { engineRows } from '#tables/predicate.ts'
import { compileQuery } from '#tables/query.ts'
import { AUTHENTICATED_USERS, anonymousVisitor } from '../visitor.ts'

/** More contacts and accounts than any installation has; every query has a limit. */
const ROWS_MAX = 10_000_000

/**
 * Everybody who could make a request now, as a relation: each contact that can sign in, once for each account it may act for; each token
 * of a program; and anybody else as one row. The same rules as reading a session or a token, for all at once. Columns: kind, id, name,
 * contact_id, account_id, account_name, company_id, roles (sorted), privileges and tables (of a token; null is all).
 */
export function everybody(catalog: Catalog, now: Date): Sql {
  const rowsOf = (table: string, columns: readonly string[]) =>
    compileQuery(catalog, { table: catalog.get(table), columns, predicate: engineRows, rowsMax: ROWS_MAX })
  const contacts = rowsOf('contact', ['fullname', 'parentcustomerid', 'msdyn_company', 'statecode'])
  const accounts = rowsOf('account', ['accountnumber', 'name', 'msdyn_company', 'statecode'])
  const valid = (from: Sql, until: Sql) =>
    sql`(${from} is null or ${from} <= ${now}::timestamptz) and (${until} is null or ${until} > ${now}::timestamptz)`
  return sql`
    with contact as materialized (${contacts}), account as materialized (${accounts}), acting as (
      select c.contactid as contact_id, c.parentcustomerid as account_id from contact c where c.parentcustomerid is not null
      union
      select m.contact_id, m.account_id from access.membership m where ${valid(sql`m.valid_from`, sql`m.valid_until`)}
    ), active as (
      select acting.contact_id, a.* from acting join account a on a.accountid = acting.account_id where a.statecode = 0
    ), assigned as (
      select r.contact_id, r.account_id, array_agg(r.role) as roles
        from access.contact_role r where ${valid(sql`r.valid_from`, sql`r.valid_until`)} group by r.contact_id, r.account_id
    ), acts as (
      select contact_id, accountid, accountnumber, name, msdyn_company from active
      union all
      -- Who has a role that is for no account may act for none, too.
      select contact_id, null, null, null, null from assigned where account_id is null
    )
    select 'contact' as kind, i.contact_id as id, coalesce(c.fullname, i.full_name, i.email) as name, i.contact_id,
           a.accountid as account_id, coalesce(a.name, a.accountnumber) as account_name,
           case when a.accountid is distinct from c.parentcustomerid then coalesce(a.msdyn_company, c.msdyn_company) else c.msdyn_company end as company_id,
           array(select distinct role collate "C" from unnest(coalesce(g.roles, '{}') || ${AUTHENTICATED_USERS}::text) role order by 1) as roles,
           null::text[] as privileges, null::text[] as tables
      from access.identity i
      left join contact c on c.contactid = i.contact_id
      left join acts a on a.contact_id = i.contact_id
      left join assigned g on g.contact_id = i.contact_id and g.account_id is not distinct from a.accountid
     where i.suspended_at is null and (c.contactid is not null or i.full_name is not null) and coalesce(c.statecode, 0) = 0
    union all
    select 'service', s.service_account_id, s.name, null, s.account_id, coalesce(a.name, a.accountnumber), a.msdyn_company, array[s.role],
           case when t.read_only then array['read'] end, t.tables
      from access.service_token t
      join access.service_account s using (service_account_id)
      left join account a on a.accountid = s.account_id
     where s.disabled_at is null and t.revoked_at is null and t.expires_at > ${now}::timestamptz
       and (s.account_id is null or a.statecode = 0)
    union all
    select 'anonymous', null, '', null, null, null, null, ${anonymousVisitor('en').roles}::text[], null, null`
}
