import { findAnonymousGains, requireConfirmed, requireNamedColumns } from '#access/anonymous.ts'
import { type Policy, parsePolicy } from '#access/policy.ts'
import type { Tx } from '#postgres/database.ts'
import type { Catalog } from '#tables/catalog.ts'
import * as queries from './releases.queries.ts'

/** Who shows a release, and what anonymous visitors may get by it: names as `access.needs_confirmation` gives them. */
export type Confirmed = { author: string; confirm?: readonly string[] }

/**
 * Asked before other rules are shown than those that are: no release gives anonymous visitors a row, a column or a privilege that a
 * person has not confirmed by name. Before the first release there is nothing, so all that it gives them counts. Answers the names that
 * were needed. Throws AppError `access.needs_confirmation`, `access.unnamed_columns`.
 */
export async function passGate(tx: Tx, catalog: Catalog, next: Policy, by: Confirmed): Promise<string[]> {
  await queries.lockReleases(tx)
  const shown = await queries.findCurrent(tx)
  const before = shown === undefined ? undefined : await readPolicy(tx, shown.id)
  const gains = findAnonymousGains(before === undefined ? undefined : { catalog, policy: before }, { catalog, policy: next })
  requireNamedColumns(next, gains)
  return requireConfirmed(gains, by.confirm ?? [])
}

/** Undefined where another version of the program wrote it and this one cannot read it: nothing is known to have been open then. */
async function readPolicy(tx: Tx, id: queries.ReleaseId): Promise<Policy | undefined> {
  const files = await queries.readReleaseFiles(tx, id)
  try {
    return parsePolicy(new Map(files.map((file) => [file.path, file.content])))
  } catch {
    return undefined
  }
}
