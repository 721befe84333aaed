import type { Config } from '#config/config.ts'
import type { Connector } from '#connector/contract.ts'
import { AppError, messageOf } from '#lib/app-error.ts'
import type { Log } from '#log/log.ts'
import { systemClock } from '#log/system-clock.ts'
import type { Database } from '#postgres/database.ts'
import type { Connection, ConnectionCall, ConnectionDesk } from '#studio/wire.ts'
import { createConnector, hasOwnSecret, secretsOf, withConnection, withSecret } from './connection.ts'
import { createLiveConnector } from './live-connector.ts'

const TEST_MS_MAX = 240_000
/** On which the database tells every process that a secret was kept. */
const CONNECTION_CHANNEL = 'comptoir_connection'

type Parts = { database: Database; config: Config; log: Log }
export type OpenConnection = { connector: Connector; desk: ConnectionDesk; close(): Promise<void> }

/** The connection that the engine works with, and what Studio shows of it: a secret that somebody keeps holds at once, in every process. */
export async function openConnection({ database, config, log }: Parts): Promise<OpenConnection> {
  let held = await withConnection(database, config)
  const live = createLiveConnector(createConnector(held, log))

  async function follow(): Promise<void> {
    const next = await withConnection(database, config)
    if (secretIn(next) === secretIn(held)) return
    if (next.erp.url !== held.erp.url) {
      log.warn({}, 'the address of another database is kept; it holds from the next start on')
      return
    }
    held = next
    live.replace(createConnector(next, log))
    log.info({ connector: next.connector }, 'the connection to the ERP is made anew with the secret that was kept')
  }

  const safely = () => void follow().catch((error: unknown) => log.error({ reason: messageOf(error) }, 'the connection stays'))
  const listener = await database.listen(CONNECTION_CHANNEL, safely, safely)
  return {
    connector: live.connector,
    desk: {
      describe: async () => ({ ...(await describeConnection(database, config)), ...canDo(live.connector) }),
      test: async (secret) => tryConnection(secret === undefined ? held : withSecret(config, secret), log),
      async keep(secret, actor) {
        refuseInDemo(config)
        refuseUnused(config)
        const next = withSecret(config, secret)
        if (next.erp.url !== held.erp.url)
          throw new AppError(
            'request.invalid',
            `This is the address of another database than ${held.erp.url}, whose rows are linked; for another ERP set up another installation`,
          )
        await tryConnection(next, log)
        await secretsOf(database, config).set(config.connector, secret, actor)
        await follow()
      },
    },
    async close() {
      await listener.close()
      await live.close()
    },
  }
}

/** Where the ERP is, and where the secret is from; never the secret. */
export async function describeConnection(
  database: Database,
  config: Config,
): Promise<Omit<Connection, 'capabilities' | 'pageRowsMax'>> {
  const kept = await secretsOf(database, config).describe(config.connector)
  const { erp } = await withConnection(database, config).catch(() => config)
  const { connector, demo } = config
  const secret = demo ? 'demo' : hasOwnSecret(config) ? 'environment' : kept === undefined ? 'missing' : 'kept'
  return {
    ...{ connector, address: erp.url, tokenUrl: erp.tokenUrl, clientId: erp.clientId, secret },
    ...{ keptSince: kept?.setAt ?? null, keptBy: kept?.setBy ?? null, keyId: kept?.keyId ?? null },
  }
}

/** Asks the ERP, and tells how long it took. Throws what the connector throws. */
export async function tryConnection(config: Config, log: Log): Promise<ConnectionCall[]> {
  const connector = createConnector(config, log)
  const signal = AbortSignal.timeout(TEST_MS_MAX)
  const timed = async (call: ConnectionCall['call'], ask: () => Promise<string>) => {
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

/** Throws AppError `request.invalid`. */
export function refuseInDemo(config: Config): void {
  if (config.demo)
    throw new AppError('request.invalid', 'The demo has its own ERP; set COMPTOIR_ERP, or ERP_URL, to connect another')
}

/** Whoever saves in Studio expects it to hold; the command keeps one all the same, for the day the settings have none. */
function refuseUnused(config: Config): void {
  if (hasOwnSecret(config))
    throw new AppError(
      'request.invalid',
      'The settings of the installation bring the secret, and they count: keep one with comptoir connection set, then take it out of the settings',
    )
}

function canDo({
  capabilities: { filters: _, pageRowsMax, ...flags },
}: Connector): Pick<Connection, 'capabilities' | 'pageRowsMax'> {
  return { capabilities: flags, pageRowsMax }
}

function secretIn({ erp, erpDatabase }: Config): string {
  return erpDatabase === undefined ? erp.clientSecret : erpDatabase.url
}
