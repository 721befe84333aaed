import type { Database } from '#postgres/database.ts'
import type { Catalog } from './catalog.ts'
import { applyChange, planChange } from './change-plan.ts'

/**
 * Makes PostgreSQL hold what the definitions say: missing tables, columns, keys, indexes and triggers are added, under the
 * migrations' lock. Nothing is ever dropped or narrowed here. Answers what was done. Throws AppError `tables.cannot_change`, and
 * `tables.would_lose_data` where a newer program asks more of a standard table than its rows hold.
 */
export async function applyDefinitions(database: Database, catalog: Catalog): Promise<string[]> {
  const plan = await applyChange(database, {
    plan: (tx) => planChange(tx, catalog, catalog, [...catalog.tables.keys()]),
    confirm: [],
    settle: async () => undefined,
    // Nobody else is at work yet when a program starts; a lock that is held all the same is waited for a moment.
    clock: { sleep: (ms) => new Promise((done) => setTimeout(done, ms)) },
  })
  return plan.steps.map((step) => step.what)
}
