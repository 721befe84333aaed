import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPostgresConnector } from '../../src/connectors/postgres/connector.ts'
import { type DualWrite, openDualWrite } from '../../src/dual-write/engine.ts'
import { silentLog } from '../../src/log/log.ts'
import { systemClock } from '../../src/log/system-clock.ts'
import { type Database, openDatabase } from '../../src/postgres/database.ts'
import { migrate } from '../../src/postgres/migrate.ts'
import { readCatalog } from '../../src/tables/catalog.ts'
import { applyDefinitions } from '../../src/tables/schema.ts'
import { createTestDatabase } from '../support/database.ts'
import { type Content, contentOf, createRetailErp, loadRetail, readTotals, TOTALS } from './erp.ts'
import { readRetail } from './source.ts'

export type Journey = {
  /** What the wholesaler has, and what has come out at the other end. */
  from: Content
  to: Content
  inMs: number
  outMs: number
  refused: { map: string; code: string; reason: string; count: number }[]
  /** What the engine itself says of both sides, after either way. */
  equal: { in: boolean; out: boolean }
  /** Invoices of the wholesaler, and how many have another total in the portal, and at the other end. */
  totals: { invoices: number; otherInPortal: number; otherInTarget: number }
}

const POLL_MS = 100

/**
 * From one database into the portal by initial sync, and from the portal into another, empty one: `linesMax` lines of the wholesaler with
 * all that they name.
 */
export async function travel(linesMax: number, tell: (text: string) => void = () => undefined): Promise<Journey> {
  await using source = await createTestDatabase()
  await using target = await createTestDatabase()
  await using portal = await createTestDatabase()
  await createRetailErp(source.database)
  await createRetailErp(target.database)
  await loadRetail(source.database, readRetail(linesMax))
  tell('the wholesaler’s database is loaded')
  const database = openDatabase({ url: portal.url, log: silentLog, connectionsMax: 20 })
  const outMaps = renamedMaps()
  try {
    const catalog = readCatalog()
    const modules = ['tables', 'dual-write'].map((module) => ({
      module,
      folder: join(import.meta.dirname, '../../src', module, 'migrations'),
    }))
    await migrate(database, modules)
    await applyDefinitions(database, catalog)
    const place = { database, catalog, tell }
    const inward = await copy(place, source.url, join(import.meta.dirname, 'maps'))
    const outward = await copy(place, target.url, outMaps)
    return {
      from: await contentOf(source.database),
      to: await contentOf(target.database),
      inMs: inward.ms,
      outMs: outward.ms,
      refused: [...inward.refused, ...outward.refused],
      equal: { in: inward.equal, out: outward.equal },
      totals: await compareTotals(source.database, database, target.database),
    }
  } finally {
    rmSync(outMaps, { recursive: true })
    await database.close()
  }
}

/** What the portal's lines of an invoice sum up to. */
const PORTAL_TOTALS = `
  select s.msdyn_salesordernumber as invoice, coalesce(trim_scale(sum(d.extendedamount)), 0)::text as total
    from tables.salesorder s left join tables.salesorderdetail d using (salesorderid) group by 1`

async function compareTotals(source: Database, portal: Database, target: Database): Promise<Journey['totals']> {
  const theirs = await readTotals(source, TOTALS)
  const others = async (database: Database, query: string) => {
    const ours = await readTotals(database, query)
    const differing = [...theirs].filter(([invoice, total]) => ours.get(invoice) !== total).length
    return differing + [...ours.keys()].filter((invoice) => !theirs.has(invoice)).length
  }
  return {
    invoices: theirs.size,
    otherInPortal: await others(portal, PORTAL_TOTALS),
    otherInTarget: await others(target, TOTALS),
  }
}

type Place = { database: Database; catalog: ReturnType<typeof readCatalog>; tell(text: string): void }

/** Runs the maps against the database until all of them have been copied and nothing waits. */
async function copy(
  place: Place,
  url: string,
  maps: string,
): Promise<{ ms: number; refused: Journey['refused']; equal: boolean }> {
  const engine = await openDualWrite({
    database: place.database,
    catalog: place.catalog,
    connector: createPostgresConnector({
      url,
      clock: systemClock,
      log: silentLog,
      changes: 'trigger',
      companyColumn: 'company',
    }),
    mapFolders: [maps],
    clock: systemClock,
    log: silentLog,
    eventUrl: undefined,
    eventSecret: '',
  })
  const fromMs = performance.now()
  await engine.start()
  try {
    await engine.whenRunning()
    await quiet(engine, place.tell)
    const ms = performance.now() - fromMs
    const comparison = await engine.compareMaps()
    return { ms, refused: await refusalsOf(engine), equal: comparison.equal }
  } finally {
    await engine.stop()
  }
}

async function quiet(engine: DualWrite, tell: (text: string) => void): Promise<void> {
  for (let turn = 0; ; turn++) {
    const maps = await engine.status()
    const queued = maps.reduce((sum, map) => sum + map.queued.toErp + map.queued.toPortal, 0)
    const parts = (await Promise.all(maps.map((map) => engine.copyProgress(map.name)))).flat()
    const isCopied = parts.length > 0 && parts.every((part) => part.state === 'done')
    if (queued === 0 && isCopied && maps.every((map) => map.state === 'running')) return
    if (turn % 50 === 0) tell(`${queued} changes wait; rows: ${maps.map((map) => `${map.name} ${map.rows}`).join(', ')}`)
    await new Promise((done) => setTimeout(done, POLL_MS))
  }
}

async function refusalsOf(engine: DualWrite): Promise<Journey['refused']> {
  const refused: Journey['refused'] = []
  for (const { name } of await engine.status()) {
    for (const { code, reason, count } of await engine.groupCopyErrors(name)) refused.push({ map: name, code, reason, count })
    for (const { code, pattern, count } of await engine.clusterParked(name))
      refused.push({ map: name, code, reason: pattern, count })
  }
  return refused
}

/** The same maps under other names: the rows' links to the first database stay what they are. */
function renamedMaps(): string {
  const folder = mkdtempSync(join(tmpdir(), 'comptoir-retail-'))
  cpSync(join(import.meta.dirname, 'maps'), folder, { recursive: true })
  for (const name of readdirSync(folder)) {
    const file = join(folder, name)
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll(/retail-(?=[a-z])/g, 'out-'))
  }
  return folder
}
