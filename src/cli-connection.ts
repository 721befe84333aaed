import type { Command } from 'commander'
import type { Config } from '#config/config.ts'
import { AppError } from '#lib/app-error.ts'
import type { Log } from '#log/log.ts'
import type { Database } from '#postgres/database.ts'
import { secretsOf, withConnection, withSecret } from './connection.ts'
import { describeConnection, refuseInDemo, tryConnection } from './connection-desk.ts'
import { openRunningDatabase } from './context.ts'

type Parts = {
  config: Config
  log: Log
  actor: string
  print: (rows: readonly object[], asJson: boolean | undefined) => void
}

const SECRET_LENGTH_MAX = 10_000

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
        process.stdout.write('kept; a Comptoir that runs works with it from now on\n')
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
      withDatabase(parts, async (database) =>
        parts.print(await tryConnection(await withConnection(database, config), parts.log), options.json),
      ),
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
  const { connector, address, clientId, secret, keptSince, keptBy, keyId } = await describeConnection(database, config)
  return { connector, address, clientId, secret: FROM[secret], keptSince, keptBy, key: keyId }
}

const FROM = { demo: 'of the demo', environment: 'from the environment', kept: 'kept', missing: 'missing' } as const

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
