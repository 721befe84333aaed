import type { HttpServer } from '#http/server.ts'
import type { StudioServices } from '../services.ts'
import { registerDefinitions } from './definitions.ts'
import { registerEdit } from './edit.ts'
import { registerExport } from './export.ts'
import { registerFiles } from './files.ts'
import { registerHistory } from './history.ts'
import { registerImports } from './imports.ts'
import { registerRelated } from './related.ts'
import { registerRows } from './rows.ts'
import { registerTables } from './tables.ts'
import { registerViews } from './views.ts'

/** The data workspace: tables, their rows, and all that one can do with them. */
export function registerDataWorkspace(scope: HttpServer, services: StudioServices): void {
  registerTables(scope, services)
  registerViews(scope, services)
  registerRows(scope, services)
  registerEdit(scope, services)
  registerDefinitions(scope, services)
  registerHistory(scope, services)
  registerRelated(scope, services)
  registerFiles(scope, services)
  registerExport(scope, services)
  registerImports(scope, services)
}
