import type { Permissions } from '#access/permissions.ts'
import type { AccessPlace } from '#access/sign-in.ts'
import type { Config } from '#config/config.ts'
import type { DualWrite } from '#dual-write/engine.ts'
import type { HttpServer } from '#http/server.ts'
import type { Log } from '#log/log.ts'
import type { Mail } from '#mail/mail.ts'
import type { Releases } from '#portals/releases.ts'
import type { LiveCatalog } from '#tables/live-catalog.ts'
import type { ConnectionDesk } from '../wire.ts'

/** What Studio works with. Made by composition. */
export type StudioServices = AccessPlace & {
  catalog: LiveCatalog
  dualWrite: DualWrite
  connection: ConnectionDesk
  /** Of the release that is current when it is asked. */
  permissions(): Permissions
  releases: Releases
  mail: Mail
  /** As the current release calls the site: for mails. */
  siteName(): string
  config: Pick<Config, 'demo' | 'publicUrl' | 'siteDir' | 'dataDir' | 'databaseUrl' | 'smtpUrl' | 'erp'>
  log: Log
  /** The folder of `ensureStudioBuilt`; pages wait for it, the API does not. */
  app: Promise<string>
  /** Where the page of Studio is served: there failures are told to people. */
  pages: HttpServer
}
