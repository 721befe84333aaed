import type { Clock } from '#lib/clock.ts'
import type { Database } from '#postgres/database.ts'
import type { Faults } from '../faults.ts'

/** What the pages work with. */
export type BackOfficeOptions = { database: Database; clock: Clock; faults: Faults }
