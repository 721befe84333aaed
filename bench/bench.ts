/**
 * `npm run bench`: how fast Comptoir is on this machine, on the demo company, in one run, side by side with a floor. Absolute figures
 * depend on the machine; the ratios are what to compare. Sections can be named: npm run bench -- sync latency compile pages odata scale
 * replication queues memory retail
 */
import { startComptoir } from '../tests/support/comptoir.ts'
import { benchCompile } from './compile.ts'
import { benchMemory } from './dual-write/memory.ts'
import { benchQueues } from './dual-write/queues.ts'
import { benchReplication } from './dual-write/replication.ts'
import { benchRetail } from './dual-write/retail.ts'
import { benchLatency } from './latency.ts'
import { benchOdata } from './odata.ts'
import { benchPages } from './pages.ts'
import { portalServer } from './portal-database.ts'
import { benchScale } from './scale.ts'
import { reportSync } from './sync.ts'

const wanted = process.argv.slice(2)
const isWanted = (name: string) => wanted.length === 0 || wanted.includes(name)

if (isWanted('replication')) await benchReplication()
if (isWanted('queues')) await benchQueues()
if (isWanted('memory')) await benchMemory()
if (isWanted('retail')) await benchRetail()

/** They look at a running Comptoir with the demo company. */
const OF_DEMO = ['sync', 'latency', 'compile', 'pages', 'odata', 'scale']
if (OF_DEMO.some(isWanted)) await benchDemo()

async function benchDemo(): Promise<void> {
  const startedMs = performance.now()
  await using comptoir = await startComptoir({ env: { LOG_LEVEL: 'warn' } })
  await comptoir.waitUntilReady()
  console.log(`ready after ${((performance.now() - startedMs) / 1000).toFixed(1)} s (new data folder, demo company)`)

  if (isWanted('sync')) await reportSync(comptoir)
  if (isWanted('latency')) await benchLatency(comptoir)
  if (isWanted('compile')) benchCompile()
  if (isWanted('pages')) await benchPages(comptoir)
  if (isWanted('odata')) await benchOdata(comptoir)
  if (isWanted('scale')) await benchScale(await portalServer(comptoir))
}
