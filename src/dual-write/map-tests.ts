import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { messageOf } from '#lib/app-error.ts'
import type { Catalog } from '#tables/catalog.ts'
import { parseMaps, readMapFiles } from './map-sources.ts'
import { type Fixture, fixtureFile, runFixture } from './map-tests/fixtures.ts'
import { checkRoundTrip, checkValues, type RoundTripOptions } from './map-tests/round-trips.ts'
import type { TableMap } from './table-map.ts'

export type MapTestResult = { map: string; passed: number; failures: { name: string; message: string }[] }

/** Round trips of a map, and its fixtures. Without a database and without an ERP. */
async function testMap(
  catalog: Catalog,
  maps: readonly TableMap[],
  map: TableMap,
  fixtures: readonly Fixture[],
  options: RoundTripOptions,
): Promise<MapTestResult> {
  const result: MapTestResult = { map: map.name, passed: 0, failures: [] }
  const note = (name: string, problems: readonly string[]) => {
    if (problems.length === 0) result.passed++
    for (const message of problems) result.failures.push({ name, message })
  }
  note('values', checkValues(map))
  note('there and back', await checkRoundTrip(catalog, maps, map, options))
  for (const one of fixtures) note(one.it, await runFixture(catalog, maps, map, one))
  return result
}

/**
 * All maps of the folders with the fixtures of their folders (`tests/<map>.yaml`). Maps of a later folder take the place of those with the
 * same name; what cannot be read is a failure like any other.
 */
export async function runMapTests(
  catalog: Catalog,
  folders: readonly string[],
  options: RoundTripOptions,
): Promise<MapTestResult[]> {
  const { maps, problems } = parseMaps(catalog, readMapFiles(folders))
  const results: MapTestResult[] = [...problems].map(([map, message]) => ({
    map,
    passed: 0,
    failures: [{ name: 'the map', message }],
  }))
  const fixtures = new Map<string, Fixture[]>()
  for (const { file, path } of folders.flatMap(fixtureFiles)) {
    const read = readFixtures(path)
    const known = 'map' in read && (maps.some((map) => map.name === read.map) || problems.has(read.map))
    if (!('map' in read)) results.push({ map: file, passed: 0, failures: [{ name: 'the fixtures', message: read.problem }] })
    else if (!known) results.push({ map: read.map, passed: 0, failures: [{ name: file, message: 'there is no such map' }] })
    else fixtures.set(read.map, [...(fixtures.get(read.map) ?? []), ...read.cases])
  }
  for (const map of maps) results.push(await testMap(catalog, maps, map, fixtures.get(map.name) ?? [], options))
  return results
}

function fixtureFiles(folder: string): { file: string; path: string }[] {
  const tests = join(folder, 'tests')
  if (!existsSync(tests)) return []
  const files = readdirSync(tests).filter((name) => name.endsWith('.yaml'))
  return files.sort().map((file) => ({ file, path: join(tests, file) }))
}

function readFixtures(path: string): z.infer<typeof fixtureFile> | { problem: string } {
  try {
    const parsed = fixtureFile.safeParse(parse(readFileSync(path, 'utf8')))
    return parsed.success ? parsed.data : { problem: z.prettifyError(parsed.error) }
  } catch (error) {
    return { problem: messageOf(error) }
  }
}
