import { csrfTokenOf } from '#access/request.ts'
import type { HttpServer } from '#http/server.ts'
import { AppError } from '#lib/app-error.ts'
import { registerAccounts } from './server/accounts.ts'
import { registerConnection } from './server/connection.ts'
import { registerContacts } from './server/contacts.ts'
import { registerDataWorkspace } from './server/data/workspace.ts'
import { administratorOf, guardApi } from './server/guard.ts'
import { registerLive } from './server/live.ts'
import { registerMails } from './server/mails.ts'
import { readMaps, registerMaps } from './server/maps.ts'
import { registerNames } from './server/names.ts'
import { registerOverview } from './server/overview.ts'
import { registerPages } from './server/pages.ts'
import { registerParked } from './server/parked.ts'
import { registerSecurityWorkspace } from './server/security/workspace.ts'
import type { StudioServices } from './server/services.ts'
import type { Me } from './wire.ts'

export type StudioOptions = StudioServices

/**
 * The back office: its page under /studio and its JSON under /studio/api, for administrators alone. Administrators see all rows,
 * whatever the site's table permissions say: those are for what a site shows. After `registerVisitors`.
 */
export async function registerStudio(server: HttpServer, options: StudioOptions): Promise<void> {
  registerPages(options.pages, options.app)
  await server.register(async (scope) => registerApi(scope, options), { prefix: '/studio/api' })
}

function registerApi(scope: HttpServer, services: StudioServices): void {
  const { clock, log } = services
  guardApi(scope, log)
  scope.get('/me', async (request, reply): Promise<Me> => {
    const { fullName, email, language } = administratorOf(request)
    const { policy } = services.permissions()
    return {
      fullName,
      email,
      language,
      csrfToken: csrfTokenOf(request, reply),
      demo: services.config.demo,
      publicUrl: services.config.publicUrl,
      roles: policy.roles.filter((role) => !role.builtIn).map((role) => role.name),
    }
  })
  registerOverview(scope, services)
  registerMaps(scope, services)
  registerParked(scope, services)
  registerConnection(scope, services)
  registerNames(scope, services)
  registerAccounts(scope, services)
  registerContacts(scope, services)
  registerMails(scope, services)
  registerDataWorkspace(scope, services)
  registerSecurityWorkspace(scope, services)
  scope.all('/*', () => {
    throw new AppError('studio.not_found', 'There is nothing here')
  })
  registerLive(scope, { readMaps: () => readMaps(services), clock, log })
}
