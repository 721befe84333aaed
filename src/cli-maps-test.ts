import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { parseMaps, readMapFiles } from '#dual-write/map-sources.ts'
import { type MapTestResult, runMapTests } from '#dual-write/map-tests.ts'
import { validateMap } from '#dual-write/validate-map.ts'
import { AppError } from '#lib/app-error.ts'
import type { Catalog } from '#tables/catalog.ts'

export type MapTestParts = {
  /** The folders of this installation, the shipped maps first. */
  folders: readonly string[]
  /** The tables of this installation, as far as it can be asked. */
  readCatalog(): Promise<Catalog>
}

/** `comptoir maps check` and `comptoir maps test`: maps as files, without a database and without an ERP. Exit code 1 where something is wrong. */
export function addMapTestCommands(maps: Command, parts: MapTestParts): void {
  maps
    .command('check [folder]')
    .description('what is wrong or doubtful in map files; a folder of your own is read on top of the shipped maps')
    .option('--json', 'print JSON')
    .action(async (folder: string | undefined, options: { json?: true }) => {
      const findings = await check(parts, folder)
      if (options.json) process.stdout.write(`${JSON.stringify(findings, null, 2)}\n`)
      else
        for (const { place, code, severity, line, at, message, remedy } of findings)
          process.stdout.write(`${place}${line === null ? '' : `:${line}`} ${severity} ${code} ${at}\n    ${message} ${remedy}\n`)
      const errors = findings.filter((one) => one.severity === 'error').length
      process.stderr.write(`${errors} errors, ${findings.length - errors} warnings\n`)
      if (errors > 0) process.exitCode = 1
    })
  maps
    .command('test [folder]')
    .description('map files there and back with made-up rows, and what their fixtures (tests/<map>.yaml) say')
    .option('--runs <count>', 'made-up rows for each map', (text) => Number.parseInt(text, 10), 100)
    .option('--seed <number>', 'the same rows again', (text) => Number.parseInt(text, 10))
    .option('--json', 'print JSON')
    .action(async (folder: string | undefined, options: { runs: number; seed?: number; json?: true }) => {
      const results = await runMapTests(await parts.readCatalog(), foldersWith(parts, folder), options)
      if (options.json) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`)
      else tell(results)
      if (results.some((one) => one.failures.length > 0)) process.exitCode = 1
    })
}

async function check(parts: MapTestParts, folder: string | undefined) {
  const catalog = await parts.readCatalog()
  const sources = readMapFiles(foldersWith(parts, folder))
  const { maps } = parseMaps(catalog, sources)
  return [...sources.texts.values()].flatMap(({ text, place }) =>
    validateMap(text, { catalog, lists: sources.lists, maps }).map((one) => ({ place, ...one })),
  )
}

function tell(results: readonly MapTestResult[]): void {
  for (const { map, passed, failures } of results) {
    process.stdout.write(`${failures.length === 0 ? 'ok  ' : 'FAIL'} ${map} (${passed} passed)\n`)
    for (const { name, message } of failures) process.stdout.write(`       ${name}: ${message}\n`)
  }
  const failed = results.filter((one) => one.failures.length > 0).length
  process.stdout.write(`${results.length - failed} maps passed, ${failed} failed\n`)
}

function foldersWith({ folders }: MapTestParts, folder: string | undefined): string[] {
  if (folder === undefined) return [...folders]
  const path = resolve(folder)
  if (!existsSync(path)) throw new AppError('request.invalid', `There is no folder ${path}`)
  return [...folders.slice(0, 1), path]
}
