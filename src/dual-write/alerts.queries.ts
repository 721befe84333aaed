import type { Tx } from '#postgres/database.ts'
import type { Alert, AlertRule } from './facets-watch.ts'

/** A rule with what it remembers. */
export type StoredRule = AlertRule & { standingSince: string | null; isWindowOver: boolean }

type RuleRow = Omit<StoredRule, 'action'> & { mail: string[]; webhook: string | null; pause: boolean }

export async function listRules(tx: Tx): Promise<StoredRule[]> {
  const rows = await tx<RuleRow>`
    select id, title, map, kind, count, window_minutes as "windowMinutes", mail, webhook, pause, enabled, standing_since as "standingSince",
           coalesce(standing_since < clock_timestamp() - make_interval(mins => window_minutes), true) as "isWindowOver"
      from dual_write.alert_rule order by id`
  return rows.map(({ mail, webhook, pause, ...rule }) => ({ ...rule, action: { mail, webhook, pause } }))
}

export async function insertRule(tx: Tx, rule: Omit<AlertRule, 'id'>): Promise<number> {
  const { mail, webhook, pause } = rule.action
  const [row] = await tx<{ id: number }>`
    insert into dual_write.alert_rule (title, map, kind, count, window_minutes, mail, webhook, pause, enabled)
    values (${rule.title}, ${rule.map}, ${rule.kind}, ${rule.count}, ${rule.windowMinutes}, ${mail}, ${webhook}, ${pause}, ${rule.enabled})
    returning id`
  return row?.id ?? 0
}

/** A rule that was changed begins anew. Answers whether there is one. */
export async function updateRule(tx: Tx, rule: AlertRule): Promise<boolean> {
  const { mail, webhook, pause } = rule.action
  const rows = await tx`
    update dual_write.alert_rule
       set title = ${rule.title}, map = ${rule.map}, kind = ${rule.kind}, count = ${rule.count}, window_minutes = ${rule.windowMinutes},
           mail = ${mail}, webhook = ${webhook}, pause = ${pause}, enabled = ${rule.enabled}, standing_since = null
     where id = ${rule.id} returning id`
  return rows.length > 0
}

/** Answers its title. */
export async function deleteRule(tx: Tx, id: number): Promise<string | undefined> {
  const [row] = await tx<{ title: string }>`delete from dual_write.alert_rule where id = ${id} returning title`
  return row?.title
}

export async function setStanding(tx: Tx, id: number, stands: boolean): Promise<void> {
  await tx`update dual_write.alert_rule set standing_since = case when ${stands} then clock_timestamp() end where id = ${id}`
}

export async function insertAlert(tx: Tx, alert: Omit<Alert, 'id' | 'at'>): Promise<number> {
  const [row] = await tx<{ id: number }>`
    insert into dual_write.alert (rule_id, title, map, count, text, delivered)
    values (${alert.ruleId}, ${alert.title}, ${alert.map}, ${alert.count}, ${alert.text}, ${alert.delivered}) returning id`
  return row?.id ?? 0
}

export async function addDelivery(tx: Tx, id: number, delivery: string): Promise<void> {
  await tx`update dual_write.alert set delivered = delivered || ${delivery}::text where id = ${id}`
}

export function listAlerts(tx: Tx, page: { before: number | null; rowsMax: number }): Promise<Alert[]> {
  return tx<Alert>`
    select id, rule_id as "ruleId", title, map, at, count, text, delivered from dual_write.alert
     where (${page.before}::bigint is null or id < ${page.before}) order by id desc limit ${page.rowsMax}`
}

/** Records that were parked since then: counted no further than `countMax`. */
export async function countParkedRecordsSince(
  tx: Tx,
  of: { map: string | null; windowMinutes: number; countMax: number },
): Promise<number> {
  const [row] = await tx<{ count: number }>`
    select count(*)::int as count from (
      select 1 from dual_write.remote_change
       where parked_at is not null and parked_at > (select clock_timestamp() - make_interval(mins => ${of.windowMinutes}::int))
         and (${of.map}::text is null or map = ${of.map})
       order by parked_at desc limit ${of.countMax}) parked`
  return row?.count ?? 0
}

/** Records whose reading or applying is tried again and again (see `countFailing` of changes). */
export async function countFailingRecords(
  tx: Tx,
  of: { map: string | null; codes: readonly string[] | null; without: readonly string[]; countMax: number },
): Promise<number> {
  const [row] = await tx<{ count: number }>`
    with recursive cause as (
      (select map, reason_code from dual_write.remote_change where parked_at is null and reason_code is not null
        order by map, reason_code limit 1)
      union all
      select n.map, n.reason_code from cause k
       cross join lateral (
         select c.map, c.reason_code from dual_write.remote_change c
          where c.parked_at is null and c.reason_code is not null and (c.map, c.reason_code) > (k.map, k.reason_code)
          order by c.map, c.reason_code limit 1) n
    )
    select coalesce(sum(f.count), 0)::int as count from cause k
     cross join lateral (
       select count(*) as count from (
         select 1 from dual_write.remote_change c where c.parked_at is null and c.map = k.map and c.reason_code = k.reason_code
          limit ${of.countMax}) failing) f
     where (${of.map}::text is null or k.map = ${of.map})
       and (${of.codes}::text[] is null or k.reason_code = any(${of.codes}::text[])) and not (k.reason_code = any(${of.without}::text[]))`
  return row?.count ?? 0
}

/** Rows that the last whole comparison found different without knowing why. */
export async function countDifferences(tx: Tx, map: string | null): Promise<number> {
  const [row] = await tx<{ count: number }>`
    select coalesce(sum(greatest(differences - explained, 0)), 0)::int as count
      from dual_write.comparison where (${map}::text is null or map = ${map})`
  return row?.count ?? 0
}
