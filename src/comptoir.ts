import { registerVisitors, tokenRefusalOf, visitorOf } from '#access/request.ts'
import { settleRolesOfEarlier } from '#access/roles.ts'
import type { AccessPlace } from '#access/sign-in.ts'
import { registerDataApi } from '#api/data-api.ts'
import { registerApiDocs } from '#api/docs-page.ts'
import { registerDualWriteApi } from '#api/dual-write-api.ts'
import { registerPortalApi } from '#api/portal-api.ts'
import { registerTableApi } from '#api/table-api.ts'
import type { Config } from '#config/config.ts'
import { addCustomerPortal, components } from '#customer-portal/customer-portal.ts'
import { settleDraftsOfEarlier } from '#customer-portal/earlier-drafts.ts'
import { type DualWrite, openDualWrite } from '#dual-write/engine.ts'
import { EVENT_PATH, registerEventRoute } from '#dual-write/routes.ts'
import { createHttpServer } from '#http/server.ts'
import { messageOf } from '#lib/app-error.ts'
import type { Log } from '#log/log.ts'
import { systemClock } from '#log/system-clock.ts'
import { createMail, type Mail } from '#mail/mail.ts'
import { registerPortal } from '#portals/portal.ts'
import { openReleases } from '#portals/releases.ts'
import { readSiteFolder } from '#portals/site-folder.ts'
import { type Database, openDatabase } from '#postgres/database.ts'
import { ensureStudioBuilt } from '#studio/build.ts'
import { registerStudio } from '#studio/studio.ts'
import { listenToRows } from '#tables/live.ts'
import type { LiveCatalog } from '#tables/live-catalog.ts'
import { alertWays } from './alert-ways.ts'
import { bringUp } from './bring-up.ts'
import { withConnection } from './connection.ts'
import { type OpenConnection, openConnection } from './connection-desk.ts'
import {
  environmentOf,
  installationSecret,
  lockInstallation,
  mapsFolders,
  openTables,
  prepareDatabase,
  requireFreePort,
  startDatabases,
} from './context.ts'
import { createHealth, type Health, registerHealth } from './health.ts'
import { startScm } from './scm-process.ts'
import { startUpkeep } from './upkeep.ts'

export type Comptoir = { stop(): Promise<void> }

type Start = { config: Config; log: Log; say: (text: string) => void }
/** What a part leaves behind is ended in the opposite order. */
type End = () => Promise<void>

/** Everything a visitor of the portal needs at hand, and more than the pages themselves ask at once. */
const CONNECTIONS_MAX = 20
/** The reference ERP of a run that was killed ends by itself, once it has answered what it was asked. */
const ERP_ENDS_MS_MAX = 30_000

/**
 * Starts an installation: databases, the reference ERP in demo mode, the portal and its back office, and the engine. Returns once the
 * portal answers; synchronisation goes on behind it and /health says how far it is.
 */
export async function startComptoir(start: Start): Promise<Comptoir> {
  const { config, log, say } = start
  const ends: End[] = []
  const stop = async () => {
    for (const end of ends.reverse())
      await end().catch((error: unknown) => log.error({ reason: messageOf(error) }, 'a part did not stop cleanly'))
  }
  try {
    const studio = ensureStudioBuilt({ dataDir: config.dataDir, log })
    studio.catch(() => undefined)
    const health = createHealth()
    const ground = await openGround(start, health, ends)
    const mail = createMail({ database: ground.database, smtpUrl: config.smtpUrl, from: config.mailFrom, log })
    await mail.start()
    ends.push(mail.stop)
    const engine = await openEngine(start, ground, mail)
    await serve(start, { ...ground, ...engine, mail, health, studio }, ends)
    say(`portal on http://localhost:${config.port} (not ready yet)`)
    ends.push(engine.connection.close, engine.dualWrite.stop)
    void bringUp({
      config,
      log,
      say,
      health,
      dualWrite: engine.dualWrite,
      place: placeOf(ground),
      scmReady: ground.scmReady,
      studio,
    })
    return { stop }
  } catch (error) {
    await stop()
    throw error
  }
}

type Ground = { database: Database; catalog: LiveCatalog; scmReady: Promise<void> | undefined }
type Engine = { dualWrite: DualWrite; eventSecret: string; connection: OpenConnection }

/** Databases, held by this process alone, with the tables of this version; and the reference ERP beside them. */
async function openGround({ config, log, say }: Start, health: Health, ends: End[]): Promise<Ground> {
  await requireFreePort(config.port, 'PORT')
  if (config.demo) await requireFreePort(config.scm.port, 'SCM_PORT', ERP_ENDS_MS_MAX)
  say('database …')
  const databases = await startDatabases(config, log)
  const lock = await lockInstallation(databases.url).catch((error: unknown) => {
    databases.leave()
    throw error
  })
  ends.push(databases.stop, lock.release)
  const scm = config.demo ? startScm({ config, databaseUrl: databases.scmUrl, log, ...tellOnce(health, say) }) : undefined
  if (scm !== undefined) ends.push(scm.stop)
  const database = openDatabase({ url: databases.url, log, connectionsMax: CONNECTIONS_MAX })
  ends.push(database.close)
  await prepareDatabase(database)
  const catalog = await openTables(database, { siteDir: config.siteDir, log, say })
  ends.push(catalog.close)
  await settleRolesOfEarlier({ database, catalog })
  await settleDraftsOfEarlier({ database, catalog })
  return { database, catalog, scmReady: scm?.ready }
}

async function openEngine(start: Start, { database, catalog }: Ground, mail: Mail): Promise<Engine> {
  const { log } = start
  const config = await withConnection(database, start.config)
  const eventSecret = installationSecret(config, 'event-secret')
  // The reference ERP is on this machine, whatever address people use.
  const origin = config.demo ? `http://127.0.0.1:${config.port}` : config.publicUrl
  const connection = await openConnection({ database, config: start.config, log })
  const dualWrite = await openDualWrite({
    database,
    catalog,
    connector: connection.connector,
    mapFolders: mapsFolders(config),
    clock: systemClock,
    log,
    eventUrl: `${origin}${EVENT_PATH}`,
    eventSecret,
    environment: environmentOf(config),
    notify: alertWays(mail),
  })
  catalog.addDependent(dualWrite.dependent)
  return { dualWrite, eventSecret, connection }
}

/** The portal, its API and the back office on one port. */
async function serve(
  { config, log, say }: Start,
  parts: Ground & Engine & { mail: Mail; health: Health; studio: Promise<string> },
  ends: End[],
): Promise<void> {
  const { database, catalog, dualWrite, mail } = parts
  const onWithheld = (reason: Error) =>
    say(`the site of the folder is not shown. ${reason.message}\n  with: npm run -s comptoir -- site publish`)
  const files = readSiteFolder(config.siteDir)
  const releases = await openReleases({ database, catalog, clock: systemClock, log, files, onWithheld })
  ends.push(releases.close)
  catalog.addDependent(releases.dependent)
  const live = await listenToRows(database)
  ends.push(live.close)
  const place = placeOf(parts)
  const { publicUrl } = config
  const permissions = () => releases.current().site.permissions
  const languages = () => languageCodes(releases.current().site.settings)
  const server = await createHttpServer({ log, cookieSecret: installationSecret(config, 'cookie-secret') })
  registerHealth(server, parts.health, database)
  registerEventRoute(server, dualWrite, parts.eventSecret)
  await registerVisitors(server, {
    ...place,
    secret: installationSecret(config, 'csrf-secret'),
    publicUrl,
    languages,
    tokenLimits: config.tokenLimits,
  })
  const siteName = () => releases.current().site.settings.name
  const views = () => releases.current().site.views
  const api = { database, catalog, permissions, views, clock: systemClock, log, visitorOf, siteName }
  await registerPortalApi(server, api)
  await registerDataApi(server, { ...api, tokenRefusalOf })
  await registerApiDocs(server, api)
  await registerDualWriteApi(server, { engine: dualWrite, log, visitorOf })
  await registerTableApi(server, { database, catalog, clock: systemClock, log, visitorOf })
  const portal = await registerPortal({ server, ...place, releases, live, components, mail, publicUrl, log })
  addCustomerPortal(portal, dualWrite)
  const { pages } = portal
  await registerStudio(server, {
    ...place,
    catalog,
    dualWrite,
    connection: parts.connection.desk,
    permissions,
    releases,
    siteName,
    mail,
    config,
    log,
    app: parts.studio,
    pages,
  })
  await server.listen({ host: config.host, port: config.port })
  ends.push(() => server.close())
  ends.push(startUpkeep({ database, catalog, historyDays: config.historyDays, log }).stop)
}

function placeOf({ database, catalog }: Ground): AccessPlace {
  return { database, catalog, clock: systemClock }
}

/** The site's own language first. */
function languageCodes(settings: { defaultLanguage: string; languages: readonly { code: string }[] }): string[] {
  const codes = settings.languages.map((language) => language.code)
  return [settings.defaultLanguage, ...codes.filter((code) => code !== settings.defaultLanguage)]
}

/** The ERP speaks of every file it loads: /health repeats it all, the terminal hears that it is at work. Trouble is told there, once. */
function tellOnce(health: Health, say: Start['say']): { onProgress(text: string): void; onTrouble(text: string): void } {
  const told = new Set<string>()
  const once = (text: string) => {
    if (!told.has(text)) say(`  ${text}`)
    told.add(text)
  }
  return {
    onProgress(text) {
      health.report('erp', text)
      once('the ERP loads its company (once) …')
    },
    onTrouble(text) {
      health.report('erp', text)
      once(text)
    },
  }
}
