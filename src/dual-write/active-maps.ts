import { AppError } from '#lib/app-error.ts'
import type { Log } from '#log/log.ts'
import type { Database, Tx } from '#postgres/database.ts'
import type { Catalog } from '#tables/catalog.ts'
import { type MapShape, shapeOf } from './map-shape.ts'
import { type MapSources, type MapText, parseMaps, readMapFiles, valueListOf } from './map-sources.ts'
import type { ValueLists } from './mapping/map-file.ts'
import type { TableMap } from './table-map.ts'
import { readStored } from './versions.queries.ts'

/**
 * The maps that hold: those of the files, and in their place the versions that people have stored. An immutable list behind an object that
 * stays, replaced as a whole when a version is activated, a file has changed and somebody asks for it, or tables are defined anew.
 */
export type ActiveMaps = {
  /** In dependency order. */
  readonly maps: readonly TableMap[]
  /** What they were made of. */
  readonly sources: MapSources
  /** The files alone. */
  readonly files: MapSources
  /** Maps whose stored version does not go with the tables, so that the file's holds. */
  readonly displaced: ReadonlySet<string>
  /** Of one of `maps`. */
  shapeOf(map: TableMap): MapShape
  /** Reads files, stored versions and definitions again. Throws AppError `dual_write.invalid_map`: then the maps stay as they were. */
  follow(): Promise<void>
  /** Called after each replacement. */
  onChange(listener: () => void): void
}

export type MapPlace = { database: Database; catalog: Catalog; folders: readonly string[]; log: Log }

/** Throws AppError `dual_write.invalid_map` with all that is wrong with the files. */
export async function openActiveMaps(place: MapPlace): Promise<ActiveMaps> {
  let current = await readActive(place)
  const shapes = new WeakMap<TableMap, MapShape>()
  let following: Promise<unknown> = Promise.resolve()
  const listeners: (() => void)[] = []

  async function replace(): Promise<void> {
    current = await readActive(place)
    for (const listener of listeners) listener()
  }

  return {
    get maps() {
      return current.maps
    },
    get sources() {
      return current.sources
    },
    get files() {
      return current.files
    },
    get displaced() {
      return current.displaced
    },
    shapeOf(map) {
      const shape = shapes.get(map) ?? shapeOf(map, sourceOf(current.sources, map.name))
      shapes.set(map, shape)
      return shape
    },
    follow() {
      // One after the other: a later reading never loses against an earlier one.
      const next = following.then(replace)
      following = next.catch(() => undefined)
      return next
    },
    onChange: (listener) => void listeners.push(listener),
  }
}

type Active = { maps: TableMap[]; sources: MapSources; files: MapSources; displaced: ReadonlySet<string> }

function sourceOf(sources: MapSources, name: string): { text: string; lists: ValueLists } {
  return { text: sources.texts.get(name)?.text ?? '', lists: sources.lists }
}

async function readActive({ database, catalog, folders, log }: MapPlace): Promise<Active> {
  const files = readMapFiles(folders)
  const { stored, lists } = await database.read(readTexts)
  const texts = new Map<string, MapText>([...files.texts, ...stored])
  const sources = { lists: { ...files.lists, ...lists }, texts }
  const { maps, problems } = parseMaps(catalog, sources)
  if (problems.size === 0) return { maps, sources, files, displaced: new Set() }
  // A stored version that no longer goes with the tables must not take the others away: its file's takes its place.
  for (const [name, reason] of problems) {
    const file = files.texts.get(name)
    if (texts.get(name)?.source !== 'stored') throw allOf(folders, problems)
    log.error({ map: name, reason }, 'a stored version of a map does not go with the tables; the one of the file holds')
    if (file === undefined) texts.delete(name)
    else texts.set(name, file)
  }
  const second = parseMaps(catalog, sources)
  if (second.problems.size > 0) throw allOf(folders, second.problems)
  return { maps: second.maps, sources, files, displaced: new Set(problems.keys()) }
}

async function readTexts(tx: Tx): Promise<{ stored: Map<string, MapText>; lists: ValueLists }> {
  const { texts, lists } = await readStored(tx)
  const stored = new Map(
    texts.map(({ name, version, text }) => [name, { text, source: 'stored' as const, place: `${name} ${version}` }]),
  )
  return { stored, lists: Object.fromEntries(lists.map((one) => [one.name, valueListOf(one.entries)])) }
}

function allOf(folders: readonly string[], problems: ReadonlyMap<string, string>): AppError {
  return new AppError('dual_write.invalid_map', `Table maps of ${folders.join(', ')}:\n${[...problems.values()].join('\n')}`)
}
