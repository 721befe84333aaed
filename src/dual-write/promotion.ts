import { stringify } from 'yaml'
import { z } from 'zod'
import { AppError } from '#lib/app-error.ts'
import type { Core } from './core.ts'
import type { Finding, MapBundle, MapDifference, Versions } from './facets-control.ts'
import { findMap } from './lifecycle.ts'
import { differencesBetween, listDifferences, listsIn } from './map-differences.ts'
import { nameIn, parseLists, versionIn } from './map-sources.ts'
import type { ValueLists } from './mapping/map-file.ts'
import { putValueList } from './versions.queries.ts'
import { activateText, checkText, refuseErrors, storeText } from './versions.ts'

type Promotion = Pick<Versions, 'exportMaps' | 'planImport' | 'importMaps'>

const MAPS_MAX = 1_000
const TEXT_MAX = 1_000_000

const bundleShape = z.strictObject({
  format: z.literal('comptoir-maps/1'),
  from: z.string(),
  at: z.string(),
  maps: z.array(z.strictObject({ name: z.string(), text: z.string().max(TEXT_MAX) })).max(MAPS_MAX),
  values: z.string().max(TEXT_MAX),
})

/** Maps as one document, from one installation to another. */
export function createPromotion(core: Core, follow: () => Promise<void>, signal: AbortSignal): Promotion {
  async function plan(bundle: unknown): Promise<{ parsed: MapBundle; lists: ValueLists; differences: MapDifference[] }> {
    const parsed = parseBundle(bundle)
    const own = core.active.sources.lists
    const lists = { ...own, ...parseLists(parsed.values, 'The lists of values') }
    const differences: MapDifference[] = []
    for (const { name, text } of parsed.maps) differences.push(await differenceOf(core, name, text, { own, lists }, signal))
    const named = new Set(parsed.maps.map((one) => one.name))
    for (const map of core.maps) {
      if (named.has(map.name)) continue
      differences.push({ map: map.name, kind: 'missing', from: map.version, to: null, changes: [], findings: [] })
    }
    return { parsed, lists, differences }
  }

  return {
    async exportMaps(names) {
      const { texts, lists } = core.active.sources
      const wanted = names === 'all' ? core.maps.map((map) => map.name) : names.map((name) => findMap(core, name).name)
      return {
        format: 'comptoir-maps/1',
        from: (await core.environment.readEnvironment()).fingerprint,
        at: new Date(core.clock.nowMs()).toISOString(),
        maps: wanted.map((name) => ({ name, text: texts.get(name)?.text ?? '' })),
        values: stringify(lists),
      }
    },
    planImport: async (bundle) => (await plan(bundle)).differences,
    async importMaps(bundle, actor) {
      const { parsed, lists, differences } = await plan(bundle)
      refuseErrors(differences.flatMap((one) => one.findings))
      const changed = new Set(differences.flatMap((one) => (one.kind === 'added' || one.kind === 'changed' ? [one.map] : [])))
      const message = `Imported from ${parsed.from}`
      await core.database.transaction(async (tx) => {
        for (const name of Object.keys(lists))
          if (JSON.stringify(lists[name]) !== JSON.stringify(core.active.sources.lists[name]))
            await putValueList(tx, { name, entries: lists[name] ?? {}, by: actor })
        for (const { name, text } of parsed.maps) {
          const to = differences.find((one) => one.map === name)?.to
          if (!changed.has(name) || to === null || to === undefined) continue
          await storeText(core, tx, { text, actor, message, lists })
          await activateText(core, tx, { text, version: to, actor, action: 'version imported', message, lists })
        }
      })
      await follow()
      return differences
    },
  }
}

function parseBundle(bundle: unknown): MapBundle {
  const parsed = bundleShape.safeParse(bundle)
  if (!parsed.success)
    throw new AppError('request.invalid', `This is no export of table maps (comptoir-maps/1):\n${z.prettifyError(parsed.error)}`)
  for (const { name, text } of parsed.data.maps)
    if (nameIn(text, name) !== name) throw new AppError('request.invalid', `The text of ${name} is of another map`)
  return parsed.data
}

async function differenceOf(
  core: Core,
  name: string,
  text: string,
  { own, lists }: { own: ValueLists; lists: ValueLists },
  signal: AbortSignal,
): Promise<MapDifference> {
  const here = core.active.sources.texts.get(name)?.text
  const from = core.maps.find((map) => map.name === name)?.version ?? null
  const to = versionIn(text)
  if (here === undefined) {
    const findings = await checkText(core, text, lists, signal)
    return { map: name, kind: 'added', from, to, changes: [], findings }
  }
  const changes = [...differencesBetween(here, text), ...listDifferences(own, lists, listsIn(text))]
  const findings = changes.length === 0 ? [] : await checkText(core, text, lists, signal)
  if (here !== text && from === to) findings.push(sameNumber(name, to))
  return { map: name, kind: changes.length === 0 ? 'same' : 'changed', from, to, changes, findings }
}

function sameNumber(name: string, version: string): Finding {
  return {
    code: 'CMP2040',
    severity: 'error',
    at: 'version',
    line: null,
    column: null,
    message: `the map ${name} is another here under the same version ${version}`,
    remedy: 'Give the one that shall hold a higher version, and export it again',
  }
}
