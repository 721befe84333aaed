import type { RunningComptoir } from '../tests/support/comptoir.ts'
import { line } from './measure.ts'
import { withPortalDatabase } from './portal-database.ts'

/** Rows a second of each table map's initial sync, as it has just happened. */
export async function reportSync(comptoir: RunningComptoir): Promise<void> {
  console.log('\nInitial sync, rows per second by table map')
  await withPortalDatabase(comptoir, async (database) => {
    const maps = await database.read(
      (tx) => tx<{ map: string; rows: number; seconds: number }>`
        select map, sum(rows_done)::int as rows, greatest(extract(epoch from max(finished_at) - min(started_at)), 0.001)::float8 as seconds
          from dual_write.copy_range where direction = 'toPortal' group by map order by min(started_at)`,
    )
    for (const map of maps)
      line(map.map, `${String(map.rows).padStart(7)} rows`, `${(map.rows / map.seconds).toFixed(0).padStart(7)} rows/s`)
    const rows = maps.reduce((sum, map) => sum + map.rows, 0)
    // Maps are copied side by side: the whole took less than the sum of its parts.
    const [{ seconds } = { seconds: Number.NaN }] = await database.read(
      (tx) => tx<{ seconds: number }>`
        select extract(epoch from max(finished_at) - min(started_at))::float8 as seconds from dual_write.copy_range`,
    )
    const failed = await database.read((tx) => tx`select map, code, reason from dual_write.open_copy_failure limit 5`)
    if (failed.length > 0) throw new Error(`rows of the initial sync have failed: ${JSON.stringify(failed)}`)
    line('all, by the clock', `${String(rows).padStart(7)} rows`, `${(rows / seconds).toFixed(0).padStart(7)} rows/s`)
  })
}
