import type { Tx } from '#postgres/database.ts'
import { identifier, quoteLiteral, sql, trustedSql } from '#postgres/sql.ts'
import type { TableDefinition } from './definition.ts'

/** A deletion that is refused at once, with this reason, where the function says so of the rule and the row. */
export type DeleteRule = { table: TableDefinition; name: string; reason: string }

/**
 * The rules of a function become these and no others. `function` is the name of one that takes a rule's name and a row's id and answers
 * whether to refuse. Whoever writes under the rule's name may delete all the same.
 */
export async function setDeleteRules(tx: Tx, functionName: string, rules: readonly DeleteRule[]): Promise<void> {
  await tx`delete from tables.delete_rule where function = ${functionName}`
  if (rules.length === 0) return
  await tx`
    insert into tables.delete_rule (table_name, name, reason, function)
    select v.table_name, v.name, v.reason, ${functionName}
      from unnest(${rules.map((one) => one.table.name)}::text[], ${rules.map((one) => one.name)}::text[],
                  ${rules.map((one) => one.reason)}::text[]) as v(table_name, name, reason)
    on conflict (table_name, name) do update set reason = excluded.reason, function = excluded.function`
  for (const table of new Set(rules.map((one) => one.table))) await watchDeletes(tx, table)
}

/** A trigger that is there is left alone: making it anew would wait for everybody who writes. */
async function watchDeletes(tx: Tx, table: TableDefinition): Promise<void> {
  const [found] = await tx`
    select 1 as one from pg_trigger where tgname = 'refuse_delete' and tgrelid = to_regclass(${`tables.${table.name}`}::text)`
  if (found !== undefined) return
  await tx.run(sql`
    create or replace trigger refuse_delete before delete on ${identifier('tables', table.name)}
      for each row execute function tables.refuse_delete(${trustedSql(quoteLiteral(table.idColumn))})`)
}
