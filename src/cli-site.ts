import { resolve } from 'node:path'
import type { Command } from 'commander'
import { diffAccess } from '#access/access-diff.ts'
import type { AccessDiff } from '#access/difference.ts'
import { createPermissions } from '#access/permissions.ts'
import { parsePolicy } from '#access/policy.ts'
import type { Config } from '#config/config.ts'
import type { Log } from '#log/log.ts'
import { systemClock } from '#log/system-clock.ts'
import { openReleases, type Releases } from '#portals/releases.ts'
import { parseSite } from '#portals/site.ts'
import { readSiteFolder, type SiteFiles } from '#portals/site-folder.ts'
import type { Database } from '#postgres/database.ts'
import type { Catalog } from '#tables/catalog.ts'
import { openCatalog } from '#tables/live-catalog.ts'
import { openRunningDatabase } from './context.ts'

type Parts = {
  config: Config
  log: Log
  actor: string
  print: (rows: readonly object[], asJson: boolean | undefined) => void
  /** The tables that a site folder brings, beside those there are. */
  catalogWith: (siteDir: string) => Promise<Catalog>
}
type Ground = { database: Database; catalog: Catalog; releases: Releases; files: SiteFiles }

const RELEASES_MAX = 1_000
/** Before the first release nobody may do anything. */
const NOTHING: SiteFiles = new Map([['roles.yaml', Buffer.from('roles: [{ name: Administrator }]')]])

/** `comptoir site …`: a site folder beside a running Comptoir, which shows each publish at once. */
export function addSiteCommands(program: Command, parts: Parts): void {
  const { config, actor, print } = parts
  const folderOf = (folder: string | undefined) => (folder === undefined ? config.siteDir : resolve(folder))
  const say = (text: string) => void process.stdout.write(`${text}\n`)
  const site = program.command('site').description('the site')

  site
    .command('check [folder]')
    .description('checks a site folder as publishing would')
    .action(async (folder: string | undefined) => {
      const siteDir = folderOf(folder)
      const checked = parseSite(readSiteFolder(siteDir), await parts.catalogWith(siteDir), systemClock)
      for (const warning of checked.warnings) say(`warning: ${warning}`)
      say(`${checked.pages.length} pages, ${checked.settings.languages.length} languages: good`)
    })
  site
    .command('diff [folder]')
    .description('who would gain and lose what by publishing the folder, counted on the rows and people there are')
    .option('--json', 'print JSON')
    .action((folder: string | undefined, options: { json?: boolean }) =>
      withGround(parts, folderOf(folder), async (ground) => {
        const diff = await readDiff(ground)
        if (options.json === true) say(JSON.stringify(diff, null, 2))
        else for (const line of linesOf(diff)) say(line)
      }),
    )
  site
    .command('publish [folder]')
    .description('shows the folder to everybody')
    .option('--confirm <names...>', 'what anonymous visitors may get by it, as anonymous:product')
    .option('--message <text>', 'why', 'Published by command')
    .action((folder: string | undefined, options: { confirm?: string[]; message: string }) =>
      withGround(parts, folderOf(folder), async ({ releases, files }) => {
        const fromFolder = folderOf(folder) === config.siteDir
        const by = { author: actor, message: options.message, confirm: options.confirm ?? [], fromFolder }
        const info = await releases.publish(files, by)
        say(`release ${info.id} is shown`)
      }),
    )
  site
    .command('releases')
    .description('what has been published, the newest first')
    .option('--json', 'print JSON')
    .action((options: { json?: boolean }) =>
      withGround(parts, config.siteDir, async ({ releases }) => {
        const shown = (await releases.list(RELEASES_MAX)).map(({ id, author, message, publishedAt, confirmed }) => ({
          id,
          author,
          message,
          publishedAt,
          confirmed: confirmed.join(' '),
        }))
        print(shown, options.json)
      }),
    )
}

async function readDiff({ database, catalog, releases, files }: Ground): Promise<AccessDiff> {
  const nothing = () => createPermissions(catalog, parsePolicy(NOTHING), systemClock)
  const [newest] = await releases.list(1)
  const before = newest === undefined ? nothing() : releases.current().site.permissions
  const after = parseSite(files, catalog, systemClock).permissions
  return diffAccess({ database, catalog, clock: systemClock }, before, after)
}

function linesOf({ lines, anonymous }: AccessDiff): string[] {
  const confirm = [...new Set(anonymous.map((one) => one.confirm))]
  if (lines.length === 0 && confirm.length === 0) return ['nobody gains or loses anything']
  const told = lines.map((one) => one.says.en)
  if (confirm.length === 0) return told
  return [...told, `To publish, confirm what anonymous visitors get: ${confirm.map((name) => `--confirm ${name}`).join(' ')}`]
}

/** As the running program publishes: with its tables, and the second wall goes along. */
async function withGround({ config, log }: Parts, siteDir: string, work: (ground: Ground) => Promise<void>): Promise<void> {
  const files = readSiteFolder(siteDir)
  const database = await openRunningDatabase(config, log)
  const ends: (() => Promise<void>)[] = [database.close]
  try {
    const catalog = await openCatalog({ database, log })
    ends.push(catalog.close)
    const releases = await openReleases({ database, catalog, clock: systemClock, log })
    ends.push(releases.close)
    await work({ database, catalog, releases, files })
  } finally {
    for (const end of ends.reverse()) await end()
  }
}
