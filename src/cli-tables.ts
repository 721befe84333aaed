import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { Config } from '#config/config.ts'
import { missingForMaps, readMaps } from '#dual-write/map.ts'
import type { Log } from '#log/log.ts'
import { systemClock } from '#log/system-clock.ts'
import { openReleases } from '#portals/releases.ts'
import type { ChangePlan } from '#tables/change-plan.ts'
import { assembleCatalog, readDocuments } from '#tables/custom-documents.ts'
import {
  applyFiles,
  listCustomizations,
  listDefinitionHistory,
  listHidden,
  previewFiles,
  previewRevert,
  purgeColumn,
  revertTo,
  type TablesGround,
} from '#tables/customizing.ts'
import { openCatalog } from '#tables/live-catalog.ts'
import { mapsFolders, openRunningDatabase, tablesFolder } from './context.ts'

type Parts = { config: Config; log: Log; actor: string; print: (rows: readonly object[], asJson: boolean | undefined) => void }
type ChangeOptions = { confirm?: string[]; message?: string; json?: boolean; sql?: boolean }

const HISTORY_MAX = 1_000

/** `comptoir tables …`: the definitions of this installation, beside a running Comptoir that follows each change at once. */
export function addTableCommands(program: Command, parts: Parts): void {
  const tables = program.command('tables').description('tables and columns of this installation')
  addReading(tables, parts)
  addChanging(tables, parts)
}

function addReading(tables: Command, parts: Parts): void {
  const { print } = parts
  tables
    .command('list')
    .description('all tables, what defines them, and what is kept hidden')
    .option('--json', 'print JSON')
    .action((options) => withGround(parts, async (ground) => print(await listTables(ground), options.json)))
  tables
    .command('check [folder]')
    .description('checks definition files: every problem at once')
    .action((folder: string | undefined) => {
      const documents = readDocuments(folderOf(parts, folder))
      say(`${documents.length} definitions, ${assembleCatalog(documents).tables.size} tables: good`)
    })
  tables
    .command('diff [folder]')
    .description('what the definition files would change, and what that would lose')
    .option('--sql', 'with the statements')
    .option('--json', 'print JSON')
    .action((folder: string | undefined, options: ChangeOptions) =>
      withGround(parts, async (ground) => {
        const plan = await previewFiles(ground, readDocuments(folderOf(parts, folder)))
        if (options.json === true) print([plan], true)
        else say(describePlan(plan, options.sql === true))
      }),
    )
  tables
    .command('history [table]')
    .description('every version of the definitions, newest first')
    .option('--json', 'print JSON')
    .action((table: string | undefined, options) =>
      withGround(parts, async ({ database }) => {
        const versions = await listDefinitionHistory(database, {
          ...(table === undefined ? {} : { table }),
          rowsMax: HISTORY_MAX,
        })
        const rows = versions.map(({ document, ...rest }) => ({ ...rest, defined: document !== null }))
        print(options.json === true ? versions : rows, options.json)
      }),
    )
}

function addChanging(tables: Command, parts: Parts): void {
  const by = (options: ChangeOptions, fallback: string) => ({
    by: parts.actor,
    message: options.message ?? fallback,
    confirm: options.confirm ?? [],
  })
  changing(tables.command('apply [folder]'), 'applies the definition files').action(
    (folder: string | undefined, options: ChangeOptions) =>
      withGround(parts, async (ground) =>
        say(
          describePlan(
            await applyFiles(ground, readDocuments(folderOf(parts, folder)), by(options, 'Applied from files')),
            false,
          ),
        ),
      ),
  )
  changing(tables.command('revert <version>'), 'back to the definitions after that version (0: before the first); files stay')
    .option('--preview', 'only say what it would do')
    .action((version: string, options: ChangeOptions & { preview?: boolean }) =>
      withGround(parts, async (ground) => {
        const number = Number(version)
        const plan =
          options.preview === true
            ? await previewRevert(ground, number)
            : await revertTo(ground, number, by(options, `Back to version ${version}`))
        say(describePlan(plan, false))
      }),
    )
  tables
    .command('purge <table> [column]')
    .description('drops a hidden column, or a hidden table, with all it holds')
    .option('--confirm', 'agree to the loss')
    .option('--message <text>', 'why')
    .action((table: string, column: string | undefined, options: { confirm?: boolean; message?: string }) =>
      withGround(parts, async (ground) => {
        const name = column === undefined ? table : `${table}.${column}`
        const gone = await purgeColumn(ground, table, column ?? null, {
          by: parts.actor,
          message: options.message ?? 'Purged',
          confirm: options.confirm === true ? [name] : [],
        })
        say(`${name} is gone, with ${gone} ${column === undefined ? 'rows' : 'values'}`)
      }),
    )
}

function folderOf({ config }: Parts, folder: string | undefined): string {
  return folder === undefined ? tablesFolder(config.siteDir) : resolve(folder)
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

function changing(command: Command, description: string): Command {
  return command
    .description(description)
    .option('--confirm <columns...>', 'losses agreed to, as account.contoso_code')
    .option('--message <text>', 'why')
}

/** As the running program changes them: the site and the table maps are asked, and the second wall goes along. */
async function withGround({ config, log }: Parts, work: (ground: TablesGround) => Promise<void>): Promise<void> {
  const database = await openRunningDatabase(config, log)
  const ends: (() => Promise<void>)[] = [database.close]
  try {
    const catalog = await openCatalog({ database, log })
    ends.push(catalog.close)
    const releases = await openReleases({ database, catalog, clock: systemClock, log })
    ends.push(releases.close)
    catalog.addDependent(releases.dependent)
    const maps = readMaps(catalog, ...mapsFolders(config))
    catalog.addDependent({ problemsWith: (next) => missingForMaps(maps, next) })
    await work({ database, catalog, clock: systemClock })
  } finally {
    for (const end of ends.reverse()) await end()
  }
}

async function listTables(ground: TablesGround): Promise<object[]> {
  const custom = new Map((await listCustomizations(ground.database)).map((one) => [one.table, one]))
  const hidden = await listHidden(ground)
  const defined = [...ground.catalog.tables.values()].map((table) => ({
    table: table.name,
    set: table.setName,
    label: table.labels.en ?? table.name,
    origin: table.origin === 'custom' ? 'custom' : custom.has(table.name) ? 'extended' : 'standard',
    source: custom.get(table.name)?.source ?? '',
    version: custom.get(table.name)?.version ?? null,
    columns: table.columns.size,
    hidden: hidden
      .flatMap((one) => (one.table === table.name && one.column !== null ? `${one.column} (${one.values})` : []))
      .join(', '),
  }))
  const hiddenTables = hidden.filter((one) => one.column === null)
  return [
    ...defined,
    ...hiddenTables.map(({ table, values }) => ({
      table,
      set: '',
      label: '',
      origin: 'hidden',
      source: '',
      version: null,
      columns: null,
      hidden: `${values} rows`,
    })),
  ]
}

function describePlan(plan: ChangePlan, withSql: boolean): string {
  if (plan.steps.length === 0 && plan.refusals.length === 0) return 'nothing to change'
  return [
    ...plan.steps.flatMap((step) => [
      step.what,
      ...(withSql ? step.sql.map((one) => `    ${one.replaceAll(/\s+/g, ' ')};`) : []),
    ]),
    ...plan.losses.map((loss) => `loses data: ${loss.says} (to agree: --confirm ${loss.confirm})`),
    ...plan.refusals.map((refusal) => `in the way: ${refusal}`),
  ].join('\n')
}
