import { isolationMatrix } from '#access/matrix.ts'
import type { HttpServer } from '#http/server.ts'
import type { StudioServices } from '../services.ts'
import { registerAudit } from './audit.ts'
import { registerExplain } from './explain.ts'
import { registerPeople } from './people.ts'
import { registerPlaces } from './places.ts'
import { registerReleases } from './releases.ts'
import { registerRules } from './rules.ts'
import { registerServiceAccounts } from './service-accounts.ts'

/** /security: who there is, what the rules say, why, and everything that changes them. */
export function registerSecurityWorkspace(scope: HttpServer, services: StudioServices): void {
  registerExplain(scope, services)
  registerPlaces(scope, services)
  registerPeople(scope, services)
  registerRules(scope, services)
  registerReleases(scope, services)
  registerServiceAccounts(scope, services)
  registerAudit(scope, services)
  scope.get('/security/matrix', async () => isolationMatrix(services.catalog, services.permissions().policy).roles)
}
