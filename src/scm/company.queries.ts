import type { Tx } from '#postgres/database.ts'
import { identifier, join } from '#postgres/sql.ts'

/** Whether the company's data has been loaded to the end. */
export async function isCompanyLoaded(tx: Tx): Promise<boolean> {
  const rows = await tx`select 1 from scm.company_load`
  return rows.length > 0
}

export async function markCompanyLoaded(tx: Tx, source: string): Promise<void> {
  await tx`insert into scm.company_load (source) values (${source}) on conflict do nothing`
}

/** Takes away what a load that was killed has left; registrations for events stay. */
export async function clearCompany(tx: Tx): Promise<void> {
  const tables = await tx<{ name: string }>`
    select c.relname::text as name from pg_class c
     where c.relnamespace = 'scm'::regnamespace and c.relkind = 'r' and c.relname not in ('event_endpoint', 'company_load')`
  await tx`truncate ${join(tables.map((table) => identifier('scm', table.name)))} restart identity cascade`
}

/** The company of clients that belong to none in particular: usmf where there is one, else the first. */
export async function firstCompany(tx: Tx): Promise<string> {
  const rows = await tx<{ company: string }>`
    select "DataArea" as company from scm.legal_entity order by "DataArea" <> 'usmf', "DataArea" limit 1`
  return rows[0]?.company ?? ''
}
