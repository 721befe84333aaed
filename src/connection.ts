import { join } from 'node:path'
import type { Config } from '#config/config.ts'
import { isDatabaseUrl, withoutCredentials } from '#config/erp.ts'
import type { Connector } from '#connector/contract.ts'
import { createDynamics365Connector } from '#connectors/dynamics365/connector.ts'
import { createPostgresConnector } from '#connectors/postgres/connector.ts'
import { type ConnectionSecrets, openConnectionSecrets } from '#dual-write/connection-secret.ts'
import { AppError } from '#lib/app-error.ts'
import { required } from '#lib/assert.ts'
import type { Log } from '#log/log.ts'
import { systemClock } from '#log/system-clock.ts'
import type { Database } from '#postgres/database.ts'

/** The settings with the secret of the connection: from the environment, or else as the installation keeps it. */
export async function withConnection(database: Database, config: Config): Promise<Config> {
  if (config.demo || hasOwnSecret(config)) return config
  const secret = await secretsOf(database, config).find(config.connector)
  if (secret === undefined) {
    const name = config.connector === 'postgres' ? 'ERP_URL' : 'ERP_CLIENT_SECRET'
    throw new AppError(
      'config.invalid',
      `${name} is not set and none is kept; set it, or keep it: npm run -s comptoir -- connection set`,
    )
  }
  return withSecret(config, secret)
}

/** Whether the environment brings the secret: then it counts. */
export function hasOwnSecret(config: Config): boolean {
  return (config.erpDatabase === undefined ? config.erp.clientSecret : config.erpDatabase.url) !== ''
}

/** The settings with this secret, which for a database is its address. Throws AppError `request.invalid` for what can be none. */
export function withSecret(config: Config, secret: string): Config {
  const { erp, erpDatabase } = config
  if (erpDatabase === undefined) return { ...config, erp: { ...erp, clientSecret: secret } }
  if (!isDatabaseUrl(secret))
    throw new AppError(
      'request.invalid',
      'The secret of the connector postgres is an address: postgresql://user:password@host/database',
    )
  return { ...config, erp: { ...erp, url: withoutCredentials(secret) }, erpDatabase: { ...erpDatabase, url: secret } }
}

export function secretsOf(database: Database, config: Config): ConnectionSecrets {
  return openConnectionSecrets(database, join(config.dataDir, 'keys'))
}

/** The connector that the settings choose. They have its secret. */
export function createConnector(config: Config, log: Log): Connector {
  if (config.connector === 'dynamics365') return createDynamics365Connector({ ...config.erp, clock: systemClock, log })
  const settings = required(config.erpDatabase, 'the settings of the database')
  return createPostgresConnector({ ...settings, clock: systemClock, log })
}
