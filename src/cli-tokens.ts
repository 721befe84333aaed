import type { Command } from 'commander'
import { createServiceToken, listTokens, revokeToken } from '#access/service-accounts.ts'
import type { Config } from '#config/config.ts'
import { AppError } from '#lib/app-error.ts'
import type { Log } from '#log/log.ts'
import { systemClock } from '#log/system-clock.ts'
import { openReleases } from '#portals/releases.ts'
import type { Database } from '#postgres/database.ts'
import type { Catalog } from '#tables/catalog.ts'
import { openCatalog } from '#tables/live-catalog.ts'
import { engineRows } from '#tables/predicate.ts'
import { listRows, type RowId } from '#tables/rows.queries.ts'
import { openRunningDatabase } from './context.ts'

type Parts = { config: Config; log: Log; print: (rows: readonly object[], asJson: boolean | undefined) => void }
type CreateOptions = { name: string; role: string; account?: string; expires?: string; readOnly?: boolean; tables?: string }

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** `comptoir tokens …`: service accounts and their tokens, beside a running Comptoir, which knows them at once. */
export function addTokenCommands(program: Command, parts: Parts): void {
  const tokens = program.command('tokens').description('tokens of programs that use the API')
  tokens
    .command('create')
    .description('makes a token, and its service account where there is none of that name, and prints the token alone')
    .requiredOption('--name <name>', 'of the service account')
    .requiredOption('--role <role>', 'web role of the current release')
    .option('--account <number>', 'customer account it acts for')
    .option('--expires <days or date>', 'when it ends: 90, or 2027-03-31')
    .option('--read-only', 'limits it to reading')
    .option('--tables <tables>', 'limits it to these tables: account,salesorder')
    .action((options: CreateOptions) =>
      withDatabase(parts, async (database) => process.stdout.write(`${await create(database, parts.log, options)}\n`)),
    )
  tokens
    .command('list')
    .description('all tokens, newest first')
    .option('--json', 'print JSON')
    .action((options: { json?: boolean }) =>
      withDatabase(parts, async (database) => {
        const rows = await database.read((tx) => listTokens(tx, new Date(systemClock.nowMs())))
        parts.print(
          rows.map(({ tokenId, name, role, prefix, readOnly, tables, expiresAt, lastUsedAt, state }) => ({
            ...{ id: tokenId, name, role, token: `${prefix}…`, scope: readOnly ? 'read-only' : 'read-write' },
            ...{ tables: tables?.join(',') ?? 'all', expiresAt, lastUsedAt, state },
          })),
          options.json,
        )
      }),
    )
  tokens
    .command('revoke <id>')
    .description('the token is worthless from the next request on')
    .action((id: string) =>
      withDatabase(parts, async (database) => {
        if (!UUID.test(id)) throw new AppError('access.invalid', 'A token is named by its id, as tokens list shows it')
        await database.transaction((tx) => revokeToken(tx, id, new Date(systemClock.nowMs())))
      }),
    )
}

async function create(database: Database, log: Log, options: CreateOptions): Promise<string> {
  const catalog = await openCatalog({ database, log })
  const releases = await openReleases({ database, catalog, clock: systemClock, log })
  try {
    const { policy } = releases.current().site.permissions
    const now = new Date(systemClock.nowMs())
    return await database.transaction(async (tx) => {
      const accountId = options.account === undefined ? null : await accountOf(tx, catalog, options.account)
      const { token } = await createServiceToken(tx, catalog, policy, {
        name: options.name,
        role: options.role,
        accountId,
        readOnly: options.readOnly === true,
        tables: options.tables === undefined ? null : options.tables.split(',').map((one) => one.trim()),
        ...(options.expires === undefined ? {} : { expiresAt: endOf(options.expires, now) }),
        createdBy: null,
        now,
      })
      return token
    })
  } finally {
    await releases.close()
    await catalog.close()
  }
}

function endOf(text: string, now: Date): Date {
  if (/^\d{1,4}$/.test(text)) return new Date(now.getTime() + Number(text) * 24 * 3_600_000)
  const end = new Date(text)
  if (Number.isNaN(end.getTime())) throw new AppError('access.invalid', `--expires takes days or a date, not ${text}`)
  return end
}

async function accountOf(tx: Parameters<typeof listRows>[0], catalog: Catalog, number: string): Promise<RowId> {
  const rows = await listRows(tx, catalog, {
    table: catalog.get('account'),
    columns: ['accountid'],
    predicate: engineRows,
    filter: {
      kind: 'compare',
      operator: 'eq',
      left: { kind: 'path', names: ['accountnumber'], position: 0 },
      right: { kind: 'literal', literal: { type: 'string', value: number }, position: 0 },
      position: 0,
    },
    rowsMax: 2,
  })
  if (rows.length !== 1)
    throw new AppError(
      'access.invalid',
      rows.length === 0 ? `There is no customer account ${number}` : `Several legal entities have a customer account ${number}`,
    )
  return String(rows[0]?.accountid)
}

async function withDatabase({ config, log }: Parts, work: (database: Database) => Promise<unknown>): Promise<void> {
  const database = await openRunningDatabase(config, log)
  try {
    await work(database)
  } finally {
    await database.close()
  }
}
