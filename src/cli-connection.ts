import type { Command } from 'commander'
import type { Config } from '#config/config.ts'
import { AppError } from '#lib/app-error.ts'
import type { Log } from '#log/log.ts'
import { systemClock } from '#log/system-clock.ts'
import type { Database } from '#postgres/database.ts'
import { createConnector, hasOwnSecret, secretsOf, withConnection, withSecret } from './connection.ts'
import { openRunningDatabase } from './context.ts'

type Parts = {
  config: Config
  log: Log
  actor: string
  print: (rows: readonly object[], asJson: boolean | undefined) => void
}

const SECRET_LENGTH_MAX = 10_000
const TEST_MS_MAX = 240_000

/** `comptoir connection …`: how the ERP is reached. A secret is never an argument, which everybody on the machine could read. */
export function addConnectionCommands(program: Command, parts: Parts): void {
  const { config, actor } = parts
  const connection = program.command('connection').description('the connection to the ERP, with its secret')
  connection
    .command('set')
    .description('keeps the client secret (for postgres: the address with its password) encrypted; read from standard input')
    .action(() =>
      withDatabase(parts, async (database) => {
        refuseInDemo(config)
        const secret = await readStandardInput()
        withSecret(config, secret)
        await secretsOf(database, config).set(config.connector, secret, actor)
        process.stdout.write('kept; it counts from the next start on\n')
      }),
    )
  connection
    .command('show')
    .description('what is set, and where the secret is from')
    .option('--json', 'print JSON')
    .action((options: { json?: boolean }) =>
      withDatabase(parts, async (database) => parts.print([await describe(database, config)], options.json)),
    )
  connection
    .command('test')
    .description('asks the ERP, and tells how long it took')
    .option('--json', 'print JSON')
    .action((options: { json?: boolean }) =>
      withDatabase(parts, async (database) => parts.print(await tryConnection(database, parts), options.json)),
    )
  connection
    .command('rotate-key')
    .description('encrypts what is kept with a new key, and forgets the old one')
    .action(() =>
      withDatabase(parts, async (database) => {
        const count = await secretsOf(database, config).rotateKey(actor)
        process.stdout.write(`${count} encrypted anew\n`)
      }),
    )
}

async function describe(database: Database, config: Config): Promise<object> {
  const kept = await secretsOf(database, config).describe(config.connector)
  const complete = await withConnection(database, config).catch(() => config)
  return {
    connector: config.connector,
    address: complete.erp.url,
    clientId: config.erp.clientId,
    secret: config.demo ? 'of the demo' : hasOwnSecret(config) ? 'from the environment' : kept === undefined ? 'missing' : 'kept',
    keptSince: kept?.setAt ?? null,
    keptBy: kept?.setBy ?? null,
    key: kept?.keyId ?? null,
  }
}

async function tryConnection(database: Database, { config, log }: Parts): Promise<object[]> {
  const connector = createConnector(await withConnection(database, config), log)
  const signal = AbortSignal.timeout(TEST_MS_MAX)
  const timed = async (call: string, ask: () => Promise<string>) => {
    const beganMs = systemClock.nowMs()
    const answer = await ask()
    return { call, ms: Math.round(systemClock.nowMs() - beganMs), answer }
  }
  try {
    return [
      await timed('describe', async () => `${(await connector.describe(signal)).length} entities`),
      await timed('ping', async () => {
        await connector.ping(signal)
        return 'ok'
      }),
    ]
  } finally {
    await connector.close?.()
  }
}

function refuseInDemo(config: Config): void {
  if (!config.demo) return
  throw new AppError('request.invalid', 'The demo has its own ERP; set COMPTOIR_ERP, or ERP_URL, to connect another')
}

async function readStandardInput(): Promise<string> {
  let text = ''
  for await (const chunk of process.stdin) {
    text += String(chunk)
    if (text.length > SECRET_LENGTH_MAX)
      throw new AppError('request.invalid', `A secret has ${SECRET_LENGTH_MAX} characters at most`)
  }
  const secret = text.replace(/\r?\n$/, '')
  if (secret !== '') return secret
  throw new AppError(
    'request.invalid',
    'No secret came on standard input: printf %s "$SECRET" | npm run -s comptoir -- connection set',
  )
}

async function withDatabase({ config, log }: Parts, work: (database: Database) => Promise<void>): Promise<void> {
  const database = await openRunningDatabase(config, log)
  try {
    await work(database)
  } finally {
    await database.close()
  }
}
