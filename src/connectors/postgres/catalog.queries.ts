import type { Tx } from '#postgres/database.ts'
import type { ColumnRow } from './tables.ts'

/**
 * The columns of all tables that this user may read, with their place in the key: the primary key, or the first unique index over columns
 * that are never null.
 */
export function listColumns(tx: Tx): Promise<ColumnRow[]> {
  return tx<ColumnRow>`
    with key as (
      select distinct on (i.indrelid) i.indrelid, i.indkey
        from pg_catalog.pg_index i
       where i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null and i.indnkeyatts = i.indnatts
         and not exists (select from pg_catalog.pg_attribute a
                          where a.attrelid = i.indrelid and a.attnum = any(i.indkey::int2[]) and not a.attnotnull)
       order by i.indrelid, i.indisprimary desc, i.indnatts, i.indexrelid
    )
    select n.nspname::text as schema, c.relname::text as "table", a.attname::text as "column",
           tn.nspname::text as "typeSchema", t.typname::text as type, t.typtype::text as kind,
           (not a.attnotnull)::text as nullable, (a.attgenerated <> '' or a.attidentity = 'a')::text as generated,
           (a.atthasdef or a.attidentity <> '')::text as "hasDefault",
           (select json_agg(e.enumlabel order by e.enumsortorder)::text from pg_catalog.pg_enum e where e.enumtypid = t.oid) as members,
           array_position(key.indkey::int2[], a.attnum)::text as "keyAt"
      from pg_catalog.pg_class c
      join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      join pg_catalog.pg_type declared on declared.oid = a.atttypid
      join pg_catalog.pg_type t on t.oid = case when declared.typtype = 'd' then declared.typbasetype else declared.oid end
      join pg_catalog.pg_namespace tn on tn.oid = t.typnamespace
      left join key on key.indrelid = c.oid
     where c.relkind = 'r' and not c.relispartition
       and n.nspname not in ('pg_catalog', 'information_schema', 'comptoir_sync') and n.nspname !~ '^pg_(toast|temp)'
       and has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select')
     order by n.nspname, c.relname, a.attnum`
}

export async function askNothing(tx: Tx): Promise<void> {
  await tx`select 1 as one`
}
