import { registerVisitors, visitorOf } from '#access/request.ts'
import { registerPortalApi } from '#api/portal-api.ts'
import type { Config } from '#config/config.ts'
import { createDynamics365Connector } from '#connectors/dynamics365/connector.ts'
import { addCustomerPortal, components } from '#customer-portal/customer-portal.ts'
import { createDualWrite } from '#dual-write/engine.ts'
import { readMaps } from '#dual-write/map.ts'
import { EVENT_PATH, registerEventRoute } from '#dual-write/routes.ts'
import { createHttpServer } from '#http/server.ts'
import { messageOf } from '#lib/app-error.ts'
import type { Log } from '#log/log.ts'
import { systemClock } from '#log/system-clock.ts'
import { createMail } from '#mail/mail.ts'
import { registerPortal } from '#portals/portal.ts'
import { openReleases } from '#portals/releases.ts'
import { readSiteFolder } from '#portals/site-folder.ts'
import { openDatabase } from '#postgres/database.ts'
import { ensureStudioBuilt } from '#studio/build.ts'
import { registerStudio } from '#studio/studio.ts'
import { listenToRows } from '#tables/live.ts'
import { bringUp } from './bring-up.ts'
import { installationSecret, lockInstallation, MAPS_FOLDER, prepareDatabase, requireFreePort, startDatabases } from './context.ts'
import { createHealth, type Health, registerHealth } from './health.ts'
import { startScm } from './scm-process.ts'

export type Comptoir = { stop(): Promise<void> }

type Start = { config: Config; log: Log; say: (text: string) => void }

/** Everything a visitor of the portal needs at hand, and more than the pages themselves ask at once. */
const CONNECTIONS_MAX = 20

/**
 * Starts an installation: databases, the reference ERP in demo mode, the portal and its back office, and the engine. Returns once the
 * portal answers; synchronisation goes on behind it and /health says how far it is.
 */
export async function startComptoir({ config, log, say }: Start): Promise<Comptoir> {
  const ends: (() => Promise<void>)[] = []
  const stop = async () => {
    for (const end of ends.reverse())
      await end().catch((error: unknown) => log.error({ reason: messageOf(error) }, 'a part did not stop cleanly'))
  }
  try {
    const studio = ensureStudioBuilt({ dataDir: config.dataDir, log })
    studio.catch(() => undefined)
    const health = createHealth()

    await requireFreePort(config.port, 'PORT')
    if (config.demo) await requireFreePort(config.scm.port, 'SCM_PORT')
    say('database …')
    const databases = await startDatabases(config, log)
    const lock = await lockInstallation(databases.url).catch((error: unknown) => {
      databases.leave()
      throw error
    })
    ends.push(databases.stop, lock.release)
    const scm = config.demo
      ? startScm({ config, databaseUrl: databases.scmUrl, log, onProgress: tellOnce(health, say) })
      : undefined
    if (scm !== undefined) ends.push(scm.stop)
    const database = openDatabase({ url: databases.url, log, connectionsMax: CONNECTIONS_MAX })
    ends.push(database.close)
    const catalog = await prepareDatabase(database)

    const maps = readMaps(catalog, MAPS_FOLDER)
    const connector = createDynamics365Connector({ ...config.erp, clock: systemClock, log })
    const eventSecret = installationSecret(config, 'event-secret')
    const eventUrl = `http://127.0.0.1:${config.port}${EVENT_PATH}`
    const dualWrite = createDualWrite({
      database,
      catalog,
      connector,
      maps,
      clock: systemClock,
      log,
      eventUrl: config.demo ? eventUrl : `${config.publicUrl}${EVENT_PATH}`,
      eventSecret,
    })

    const releases = await openReleases({ database, catalog, log, files: readSiteFolder(config.siteDir) })
    ends.push(releases.close)
    const live = await listenToRows(database)
    ends.push(live.close)
    const mail = createMail({ database, smtpUrl: config.smtpUrl, from: config.mailFrom, log })
    await mail.start()
    ends.push(mail.stop)

    const permissions = () => releases.current().site.permissions
    const server = await createHttpServer({ log, cookieSecret: installationSecret(config, 'cookie-secret') })
    const place = { database, catalog, clock: systemClock }
    registerHealth(server, health, database)
    registerEventRoute(server, dualWrite, eventSecret)
    await registerVisitors(server, {
      ...place,
      secret: installationSecret(config, 'csrf-secret'),
      publicUrl: config.publicUrl,
      languages: () => languageCodes(releases.current().site.settings),
    })
    await registerPortalApi(server, { database, catalog, permissions, visitorOf, log })
    await registerStudio(server, { ...place, dualWrite, maps, permissions, mail, config, log, app: studio })
    const portal = await registerPortal({
      server,
      database,
      catalog,
      releases,
      live,
      components,
      mail,
      publicUrl: config.publicUrl,
      clock: systemClock,
      log,
    })
    addCustomerPortal(portal)
    await server.listen({ host: config.host, port: config.port })
    ends.push(() => server.close())
    say(`portal on http://localhost:${config.port} (not ready yet)`)

    ends.push(dualWrite.stop)
    void bringUp({ config, log, say, health, dualWrite, place, scmReady: scm?.ready, studio })
    return { stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** The site's own language first. */
function languageCodes(settings: { defaultLanguage: string; languages: readonly { code: string }[] }): string[] {
  const codes = settings.languages.map((language) => language.code)
  return [settings.defaultLanguage, ...codes.filter((code) => code !== settings.defaultLanguage)]
}

/** The ERP speaks of every file it loads: /health repeats it all, the terminal hears that it is at work. */
function tellOnce(health: Health, say: Start['say']): (text: string) => void {
  let told = false
  return (text) => {
    health.report('erp', text)
    if (!told) say('  the ERP loads its company (once) …')
    told = true
  }
}
