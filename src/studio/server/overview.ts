import type { HttpServer } from '#http/server.ts'
import { countRows } from '#tables/rows.queries.ts'
import type { MapStatus, Overview } from '../wire.ts'
import { countAll } from './lists.ts'
import { readMaps } from './maps.ts'
import type { StudioServices } from './services.ts'

const COUNTED = {
  accounts: 'account',
  contacts: 'contact',
  products: 'product',
  orders: 'salesorder',
  invoices: 'invoice',
  companies: 'cdm_company',
} as const
const MAILS_MAX = 500

/** GET /overview: is all well, how much is there, where are things. */
export function registerOverview(scope: HttpServer, services: StudioServices): void {
  scope.get('/overview', async (): Promise<Overview> => {
    const [maps, counts, mails] = await Promise.all([readMaps(services), readCounts(services), countMails(services)])
    return {
      counts,
      maps: {
        running: maps.filter((map) => map.state === 'running').length,
        paused: maps.filter((map) => map.state === 'paused').length,
        total: maps.length,
        queued: { toErp: sum(maps, (map) => map.queued.toErp), toPortal: sum(maps, (map) => map.queued.toPortal) },
        parked: sum(maps, (map) => map.parked),
      },
      slowest: slowestOf(maps),
      errors: maps.flatMap(({ name, lastError }) => (lastError === null ? [] : [{ map: name, ...lastError }])),
      mails,
      places: placesOf(services),
    }
  })
}

function readCounts(services: StudioServices): Promise<Overview['counts']> {
  const { database, catalog } = services
  return database.read(async (tx) => {
    const counts: [string, number][] = []
    for (const [name, table] of Object.entries(COUNTED))
      counts.push([name, await countRows(tx, catalog, countAll(catalog, table))])
    return Object.fromEntries(counts) as Overview['counts']
  })
}

/** Of the latest mails: how many have still to go, and how many could not. */
async function countMails({ database, mail }: StudioServices): Promise<Overview['mails']> {
  const messages = await database.read((tx) => mail.listOutbox(tx, { before: null, rowsMax: MAILS_MAX }))
  return {
    waiting: messages.filter((one) => one.state === 'waiting').length,
    failed: messages.filter((one) => one.state === 'failed').length,
  }
}

function slowestOf(maps: readonly MapStatus[]): Overview['slowest'] {
  const [first] = maps
    .map((map) => ({ map: map.name, lagMs: Math.max(map.lagMs.toErp, map.lagMs.toPortal) }))
    .sort((a, b) => b.lagMs - a.lagMs)
  return first === undefined || first.lagMs === 0 ? null : first
}

/** Addresses without the names and passwords that may stand in them. */
function placesOf({ config }: StudioServices): Overview['places'] {
  return {
    portalUrl: config.publicUrl,
    erpUrl: config.erp.url,
    dataDir: config.dataDir,
    database: config.databaseUrl === undefined ? `PostgreSQL (${config.dataDir})` : withoutCredentials(config.databaseUrl),
    smtp: config.smtpUrl === undefined ? null : withoutCredentials(config.smtpUrl),
  }
}

function withoutCredentials(text: string): string {
  const { protocol, host, pathname } = new URL(text)
  return `${protocol}//${host}${pathname}`
}

function sum(maps: readonly MapStatus[], value: (map: MapStatus) => number): number {
  return maps.reduce((total, map) => total + value(map), 0)
}
