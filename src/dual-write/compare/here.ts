import { readRowsById } from '#tables/rows.queries.ts'
import { digestLinkedKeys, findComparedLinks, listDifferingKeys } from '../comparison.queries.ts'
import type { Core } from '../core.ts'
import { isAsAgreed } from './columns.ts'
import { findMovedPage } from './moved.queries.ts'
import { digestOf, type KeyDigest, type Pass, type RangeState, type Rest, withoutKeys } from './ranges.ts'

const LINKS_MAX = 20_000
/** Beyond it reading everything is cheaper than asking for records one by one. */
const SUSPECTS_MAX = 5_000

/** Linked records that no range has met: what a whole pass would look for one by one. */
export async function findMissing(core: Core, of: Pass, ranges: readonly RangeState[]): Promise<KeyDigest> {
  const part = { map: of.map.name, company: of.company, startedAt: of.startedAt }
  const linked = digestOf(await core.database.read((tx) => digestLinkedKeys(tx, part)))
  return withoutKeys(
    linked,
    ranges.map((one) => one.oldKeys),
  )
}

/**
 * Keys that could differ although their range is the same on the other side: what has moved here since the last whole pass, and what that
 * pass found to differ. Undefined where it must all be read: too much has moved, or other records are missing than were.
 */
export async function findMovedHere(
  core: Core,
  of: Pass,
  ranges: readonly RangeState[],
  { seen, rest }: { seen: ReadonlySet<string>; rest: Rest },
): Promise<string[] | undefined> {
  const { map, company, startedAt, memory } = of
  if (memory === undefined) return undefined
  const missing = await findMissing(core, of, ranges)
  if (missing.count !== memory.missing.count || missing.digest !== memory.missing.digest) return undefined
  const before = { map: map.name, company, pass: of.pass, rowsMax: SUSPECTS_MAX }
  const suspects = new Set(await core.database.read((tx) => listDifferingKeys(tx, before)))
  const question = { map: map.name, company, table: map.table, startedAt, horizon: memory.horizon, rowsMax: LINKS_MAX }
  for (let after = ''; suspects.size < SUSPECTS_MAX; ) {
    const fromMs = core.clock.nowMs()
    const page = await core.database.read((tx) => findMovedPage(tx, { ...question, after }))
    for (const key of page.links) suspects.add(key)
    for (const key of await findUnlikeAgreed(core, of, page.rows)) suspects.add(key)
    if (page.last === null || page.count < LINKS_MAX) return [...suspects].filter((key) => !seen.has(key))
    after = page.last
    await rest(core.clock.nowMs() - fromMs)
  }
  return undefined
}

/** Of rows that were written since: those that no longer have what both sides agreed on. Most writes are of columns that the map does not carry. */
async function findUnlikeAgreed(core: Core, of: Pass, keys: readonly string[]): Promise<string[]> {
  if (keys.length === 0) return []
  const { map, startedAt } = of
  return core.database.read(async (tx) => {
    const links = await findComparedLinks(tx, { map: map.name, startedAt }, keys)
    const ids = [...links.values()].map((link) => link.rowId)
    const rows = await readRowsById(tx, map.table, ids)
    return keys.filter((key) => {
      const link = links.get(key)
      const row = link === undefined ? undefined : rows.get(link.rowId)
      return link === undefined || row === undefined || !isAsAgreed(map, row, link.agreed)
    })
  })
}
