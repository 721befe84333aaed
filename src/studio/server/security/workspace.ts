import { isolationMatrix } from '#access/matrix.ts'
import type { HttpServer } from '#http/server.ts'
import type { StudioServices } from '../services.ts'
import { registerExplain } from './explain.ts'
import { registerPeople } from './people.ts'
import { registerPlaces } from './places.ts'
import { registerServiceAccounts } from './service-accounts.ts'

/** /security: who there is, what the rules say, why, and everything that changes them. */
export function registerSecurityWorkspace(scope: HttpServer, services: StudioServices): void {
  registerExplain(scope, services)
  registerPlaces(scope, services)
  registerPeople(scope, services)
  registerServiceAccounts(scope, services)
  scope.get('/security/matrix', async () => isolationMatrix(services.catalog, services.permissions().policy).roles)
}
