import type { Tx } from '#postgres/database.ts'

export type InitialSyncPart = { company: string; cursor: string | null; done: boolean }

/** Parts that exist already stay as they are: the sync goes on where it stopped. */
export async function putInitialSync(tx: Tx, map: string, companies: readonly string[]): Promise<void> {
  await tx`
    insert into dual_write.initial_sync (map, company) select ${map}, c from unnest(${companies}::text[]) c
    on conflict (map, company) do nothing`
}

export function listInitialSync(tx: Tx, map: string): Promise<InitialSyncPart[]> {
  return tx<InitialSyncPart>`select company, cursor, done from dual_write.initial_sync where map = ${map} order by company`
}

export async function setInitialSyncTotal(tx: Tx, map: string, company: string, total: number): Promise<void> {
  await tx`update dual_write.initial_sync set rows_total = ${total} where map = ${map} and company = ${company}`
}

export type PageResult = { rows: number; created: number; updated: number; unchanged: number }

/** In the transaction of the page's rows: a crash repeats at most one page. */
export async function advanceInitialSync(
  tx: Tx,
  at: { map: string; company: string; next: string | null },
  page: PageResult,
): Promise<void> {
  await tx`
    update dual_write.initial_sync
       set cursor = ${at.next}, done = ${at.next === null}, finished_at = case when ${at.next === null} then clock_timestamp() end,
           rows_done = rows_done + ${page.rows}, rows_created = rows_created + ${page.created},
           rows_updated = rows_updated + ${page.updated}, rows_unchanged = rows_unchanged + ${page.unchanged}
     where map = ${at.map} and company = ${at.company}`
}

export type SyncError = { company: string; remoteKey: string; code: string; reason: string }

export async function putSyncErrors(tx: Tx, map: string, errors: readonly SyncError[]): Promise<void> {
  if (errors.length === 0) return
  await tx`
    insert into dual_write.initial_sync_error (map, company, remote_key, code, reason)
    select ${map}, * from unnest(${errors.map((one) => one.company)}::text[], ${errors.map((one) => one.remoteKey)}::text[],
                                 ${errors.map((one) => one.code)}::text[], ${errors.map((one) => one.reason)}::text[])
    on conflict (map, remote_key) do update set code = excluded.code, reason = excluded.reason, at = clock_timestamp()`
}

/** Failed rows that have no link yet: what the end of the first copy tries again. */
export async function listOpenSyncErrors(tx: Tx, map: string, rowsMax: number): Promise<string[]> {
  const rows = await tx<{ key: string }>`
    select e.remote_key as key from dual_write.initial_sync_error e
     where e.map = ${map} and not exists (select 1 from dual_write.row_link l where l.map = e.map and l.remote_key = e.remote_key)
     order by e.remote_key limit ${rowsMax}`
  return rows.map((row) => row.key)
}

export type SyncErrorGroup = { code: string; count: number; example: string; exampleKey: string }

/** What went wrong in a first copy and is still open, grouped by cause. */
export function groupSyncErrors(tx: Tx, map: string): Promise<SyncErrorGroup[]> {
  return tx<SyncErrorGroup>`
    select e.code, count(*)::int as count, min(e.reason) as example, min(e.remote_key) as "exampleKey"
      from dual_write.initial_sync_error e
     where e.map = ${map} and not exists (select 1 from dual_write.row_link l where l.map = e.map and l.remote_key = e.remote_key)
     group by e.code, regexp_replace(e.reason, '[0-9]+', '#', 'g') order by count(*) desc limit 100`
}

export async function deleteInitialSync(tx: Tx, map: string): Promise<void> {
  await tx`delete from dual_write.initial_sync where map = ${map}`
  await tx`delete from dual_write.initial_sync_error where map = ${map}`
}

export type SyncProgress = {
  map: string
  rowsDone: number
  rowsTotal: number | null
  created: number
  updated: number
  unchanged: number
  failed: number
  done: boolean
  startedAt: string
  finishedAt: string | null
}

export function listSyncProgress(tx: Tx): Promise<SyncProgress[]> {
  return tx<SyncProgress>`
    select s.map, sum(rows_done)::int as "rowsDone", sum(rows_total)::int as "rowsTotal", sum(rows_created)::int as created,
           sum(rows_updated)::int as updated, sum(rows_unchanged)::int as unchanged, bool_and(done) as done,
           (select count(*)::int from dual_write.initial_sync_error e where e.map = s.map) as failed,
           min(started_at) as "startedAt", max(finished_at) as "finishedAt"
      from dual_write.initial_sync s group by s.map`
}
