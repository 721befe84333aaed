import { writeFileSync } from 'node:fs'
import type { Command } from 'commander'
import { answer, findingText, JSON_FLAG, type MapCommandParts, readJson, readText, wholeNumber } from './cli-input.ts'

/** `comptoir maps versions | show | preview | save | activate | export | diff | import`: maps as text, and from one installation to another. */
export function addDefinitionCommands(maps: Command, parts: MapCommandParts): void {
  addReading(maps, parts)
  addVersions(maps, parts)
  addPromotion(maps, parts)
}

function addReading(maps: Command, { print, say, withEngine }: MapCommandParts): void {
  maps
    .command('versions <map>')
    .description('all versions that were ever active here')
    .option(...JSON_FLAG)
    .action((name: string, options: { json?: boolean }) =>
      withEngine(async (engine) => print(await engine.listVersions(name), options.json)),
    )
  maps
    .command('show <map>')
    .description('the map as text')
    .option('--version <version>', 'as it was in this version')
    .option(...JSON_FLAG)
    .action((name: string, options: { version?: string; json?: boolean }) =>
      withEngine(async (engine) => {
        const read = await engine.readMap(name, options.version)
        say(options.json === true ? JSON.stringify(read, null, 2) : read.text.trimEnd())
      }),
    )
  maps
    .command('schema <map>')
    .description('columns and fields of both ends, with their types')
    .option(...JSON_FLAG)
    .action((name: string, options: { json?: boolean }) =>
      withEngine(async (engine) => {
        const read = await engine.readSchemas(name)
        if (options.json === true) return say(JSON.stringify(read, null, 2))
        say(`Columns of ${read.table}:`)
        print(
          read.columns.map((one) => ({
            column: one.name,
            type: one.type,
            length: one.length,
            required: one.required,
            found: one.paths,
          })),
          false,
        )
        say(`\nFields of ${read.entity}${read.fields === null ? `: ${read.unreachable ?? 'the other side does not say'}` : ':'}`)
        if (read.fields !== null) print(read.fields, false)
      }),
    )
  maps
    .command('preview <file>')
    .description('a few real records and rows through a map file; nothing is written')
    .option('--rows <number>', 'so many of each side', wholeNumber(1), 5)
    .option(...JSON_FLAG)
    .action((file: string, options: { rows: number; json?: boolean }) =>
      withEngine(async (engine) => {
        const preview = await engine.previewMap(readText(file), options.rows)
        const isWrong = preview.findings.some((one) => one.severity === 'error')
        if (isWrong) process.exitCode = 1
        if (options.json === true) return say(JSON.stringify(preview, null, 2))
        for (const one of preview.findings) say(findingText(one))
        if (!isWrong && preview.toPortal.length + preview.toErp.length === 0) say('Neither side has a row to show')
        for (const [way, rows] of [
          ['to the portal', preview.toPortal],
          ['to the ERP', preview.toErp],
        ] as const)
          for (const row of rows) {
            say(`${way}: ${row.key}${row.excluded ? ' (outside the filter)' : ''}`)
            print(row.columns, false)
          }
      }),
    )
}

function addVersions(maps: Command, parts: MapCommandParts): void {
  const { actor, withEngine } = parts
  maps
    .command('save <file>')
    .description('store a map file as a new version and make it the active one')
    .requiredOption('--message <text>', 'why')
    .option('--based-on <version>', 'refuse where another version than this one is active by now')
    .option(...JSON_FLAG)
    .addHelpText(
      'after',
      `
Example:
  comptoir maps show customers > customers.yaml     edit it, and give it a new version
  comptoir maps preview customers.yaml
  comptoir maps save customers.yaml --message "credit limits go to the ERP" --based-on 1.0.0.0`,
    )
    .action((file: string, options: { message: string; basedOn?: string; json?: boolean }) =>
      withEngine(async (engine) => {
        const saved = await engine.saveMap(readText(file), actor, options.message, options.basedOn)
        const words = [...saved.findings.map(findingText), `${saved.name} ${saved.version} is active`]
        answer(parts, options.json, saved, ...words)
      }),
    )
  maps
    .command('activate <map> <version>')
    .description('go to another version')
    .option(...JSON_FLAG)
    .action((name: string, version: string, options: { json?: boolean }) =>
      withEngine(async (engine) => {
        await engine.activateVersion(name, version, actor)
        answer(parts, options.json, { name, version }, `${name} ${version} is active`)
      }),
    )
}

function addPromotion(maps: Command, { actor, print, say, withEngine }: MapCommandParts): void {
  maps
    .command('export [maps...]')
    .description('active maps as one document, for another environment')
    .option('--file <file>', 'instead of standard output')
    .action((names: string[], options: { file?: string }) =>
      withEngine(async (engine) => {
        const bundle = JSON.stringify(await engine.exportMaps(names.length === 0 ? 'all' : names), null, 2)
        if (options.file === undefined) say(bundle)
        else writeFileSync(options.file, `${bundle}\n`)
      }),
    )
  for (const [verb, description] of [
    ['diff', 'what an import of the document would change'],
    ['import', 'take over the maps of the document'],
  ] as const)
    maps
      .command(`${verb} <file>`)
      .description(description)
      .option(...JSON_FLAG)
      .action((file: string, options: { json?: boolean }) =>
        withEngine(async (engine) => {
          const bundle = readJson(file)
          const differences = await (verb === 'diff' ? engine.planImport(bundle) : engine.importMaps(bundle, actor))
          if (options.json === true) return print(differences, true)
          for (const one of differences.filter((other) => other.kind !== 'same')) {
            say(`${one.map}: ${one.kind} ${one.from ?? ''} → ${one.to ?? ''}`)
            for (const line of [...one.changes, ...one.findings.map(findingText)]) say(`  ${line}`)
          }
          if (differences.every((one) => one.kind === 'same')) say('nothing differs')
        }),
      )
}
