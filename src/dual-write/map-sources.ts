import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { AppError, messageOf } from '#lib/app-error.ts'
import { isJsonObject, type Json } from '#lib/json.ts'
import type { Catalog } from '#tables/catalog.ts'
import { parseMap } from './map.ts'
import { type ValueList, type ValueLists, valueList, valueLists } from './mapping/map-file.ts'
import { orderMaps } from './mapping/order.ts'
import type { TableMap } from './table-map.ts'
import { readYamlText } from './yaml-text.ts'

/** The texts that maps are made of, wherever they stand, and the maps they make. */
export type MapSources = { lists: ValueLists; texts: ReadonlyMap<string, MapText> }

export type MapText = {
  text: string
  source: 'shipped' | 'folder' | 'stored'
  /** For messages: the file, or the stored version. */
  place: string
}

const VALUES = 'values.yaml'

/**
 * The files of the folders: of maps with one name, and of lists with one name, the later folder's holds. The first folder is the
 * connector's, those behind it an installation's own. Throws AppError `dual_write.invalid_map`.
 */
export function readMapFiles(folders: readonly string[]): MapSources {
  const lists: Record<string, ValueLists[string]> = {}
  const texts = new Map<string, MapText>()
  for (const [at, folder] of folders.entries()) {
    if (existsSync(join(folder, VALUES)))
      Object.assign(lists, parseLists(readFileSync(join(folder, VALUES), 'utf8'), join(folder, VALUES)))
    const taken = new Map<string, string>()
    for (const file of readdirSync(folder).sort()) {
      if (!file.endsWith('.yaml') || file === VALUES) continue
      const text = readFileSync(join(folder, file), 'utf8')
      const name = nameIn(text, file)
      const other = taken.get(name)
      if (other !== undefined) throw invalid(`${file}: ${other} in this folder is a map ${name} already`)
      taken.set(name, file)
      texts.set(name, { text, source: at === 0 ? 'shipped' : 'folder', place: file })
    }
  }
  return { lists, texts }
}

export function parseLists(text: string, place: string): ValueLists {
  const parsed = valueLists.safeParse(readYaml(text, place) ?? {})
  if (!parsed.success) throw invalid(`${place} holds no lists of values:\n${z.prettifyError(parsed.error)}`)
  return parsed.data
}

/** A stored list: pairs in their order, or names and values as earlier versions of this program have stored them. */
export function valueListOf(entries: Json): ValueList {
  return valueList.parse(Array.isArray(entries) ? Object.fromEntries(entries as [string, Json][]) : entries)
}

/** The name that a map's text gives itself. Throws AppError `dual_write.invalid_map`. */
export function nameIn(text: string, place: string): string {
  const content = readYaml(text, place)
  const name = isJsonObject(content) ? content.map : undefined
  if (typeof name !== 'string') throw invalid(`${place} is not a table map: it has no name (map: …)`)
  return name
}

/** The version that a map's text gives itself. Throws AppError `dual_write.invalid_map`. */
export function versionIn(text: string): string {
  return headOf(text).version
}

export function headOf(text: string): { version: string; publisher: string } {
  const content = readYaml(text, 'The map')
  const { version, publisher } = isJsonObject(content) ? content : {}
  if (typeof version !== 'string') throw invalid('The map has no version (version: 1.0.0)')
  return { version, publisher: typeof publisher === 'string' ? publisher : 'comptoir' }
}

export function parseMapText(catalog: Catalog, { text, place }: Pick<MapText, 'text' | 'place'>, lists: ValueLists): TableMap {
  return parseMap(catalog, readYaml(text, place), lists, place)
}

/** All of them, in dependency order, with what is wrong: in sentences, by map. A map with a problem is left out. */
export function parseMaps(catalog: Catalog, sources: MapSources): { maps: TableMap[]; problems: ReadonlyMap<string, string> } {
  const problems = new Map<string, string>()
  const parsed = new Map<string, TableMap>()
  for (const [name, text] of sources.texts) {
    try {
      parsed.set(name, parseMapText(catalog, text, sources.lists))
    } catch (error) {
      problems.set(name, messageOf(error))
    }
  }
  // Whoever loses his parent may be one himself.
  const orphans = () => [...parsed.values()].filter((map) => map.group !== undefined && !parsed.has(map.group.parent))
  for (let found = orphans(); found.length > 0; found = orphans()) {
    for (const { name, group } of found) {
      problems.set(name, `${name}: the group's parent ${group?.parent} is not among the maps`)
      parsed.delete(name)
    }
  }
  return { maps: orderMaps([...parsed.values()]), problems }
}

function readYaml(text: string, place: string): unknown {
  try {
    return readYamlText(text)
  } catch (cause) {
    throw new AppError('dual_write.invalid_map', `${place} is no YAML: ${messageOf(cause)}`, { cause })
  }
}

function invalid(message: string): AppError {
  return new AppError('dual_write.invalid_map', message)
}
