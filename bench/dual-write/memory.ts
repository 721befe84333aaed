import { createRetailErp } from '../../tests/online-retail/erp.ts'
import { line } from '../measure.ts'
import { openEngine, openGround } from './ground.ts'
import { fillCustomers } from './loads.ts'

const ROWS = 1_000_000
const SAMPLE_ROWS = 50_000
const LOOK_MS = 100
const WAIT_MS_MAX = 3_600_000
/** More than that in the second half is growth. */
const GROWTH_MAX = 0.05
const MB = 1024 * 1024

type Sample = { rows: number; rssMb: number; heapMb: number }

/** What the process takes while it copies a million rows for the first time: after it has warmed up, as much as at the end. */
export async function benchMemory(): Promise<void> {
  console.log(`\nMemory of the process during a first copy of ${ROWS.toLocaleString('en')} rows`)
  await using ground = await openGround()
  const erp = await ground.create('erp')
  await createRetailErp(erp)
  await fillCustomers(erp, ROWS)
  const portal = await ground.createPortal('portal')
  const engine = await openEngine(portal, { erpUrl: ground.url('erp') })
  const rowsDone = async () => {
    const { rows } = await portal.pool.query(
      `select coalesce(sum(rows_done), 0)::int as count from dual_write.copy_range where map = 'retail-customers' and direction = 'toPortal'`,
    )
    return rows[0].count as number
  }
  const beganMs = performance.now()
  await engine.start()
  const samples = await sampleUntil(ROWS, rowsDone)
  await engine.stop()
  const tookMs = performance.now() - beganMs
  line('copied', `${(tookMs / 1_000).toFixed(0)} s`, `${((ROWS / tookMs) * 1_000).toFixed(0)} rows/s`)
  judge(samples)
}

async function sampleUntil(rowsMax: number, rowsDone: () => Promise<number>): Promise<Sample[]> {
  const samples: Sample[] = []
  const deadlineMs = performance.now() + WAIT_MS_MAX
  for (let rows = 0; rows < rowsMax; ) {
    await new Promise((done) => setTimeout(done, LOOK_MS))
    if (performance.now() > deadlineMs) throw new Error(`After an hour ${rows} of ${rowsMax} rows have been copied`)
    rows = await rowsDone()
    if (rows < (samples.length + 1) * SAMPLE_ROWS) continue
    const { rss, heapUsed } = process.memoryUsage()
    const sample = { rows, rssMb: rss / MB, heapMb: heapUsed / MB }
    samples.push(sample)
    line(
      `${rows.toLocaleString('en')} rows`,
      `process ${sample.rssMb.toFixed(0).padStart(4)} MB`,
      `of it objects ${sample.heapMb.toFixed(0).padStart(4)} MB`,
    )
  }
  return samples
}

function judge(samples: readonly Sample[]): void {
  const half = samples.findIndex((one) => one.rows >= ROWS / 2)
  const at = samples[half]?.rssMb ?? Number.NaN
  const most = Math.max(...samples.slice(half).map((one) => one.rssMb))
  const growth = most / at - 1
  const verdict = growth <= GROWTH_MAX ? 'flat' : 'GROWS'
  console.log(
    `  => ${verdict}: ${at.toFixed(0)} MB at half of the way, ${most.toFixed(0)} MB at the most after that (${(growth * 100).toFixed(1)} %)`,
  )
}
