import { resolve } from 'node:path'
import { AppError, messageOf } from '#lib/app-error.ts'
import type { LogLevel } from '#log/log.ts'
import { type ErpChoice, type ErpConfig, type ErpDatabaseConfig, readErp } from './erp.ts'

/**
 * Everything Comptoir takes from its environment, read once, reported all at once, frozen. No other file reads `process.env`.
 * Names and meanings are listed in README.md, "Settings".
 */
export type Config = {
  /** Demo mode: the generated company, known passwords, loopback only. On unless an ERP address is given. */
  demo: boolean
  /** Where everything of this installation lives (embedded database, keys, logs). */
  dataDir: string
  /** Any PostgreSQL ≥ 15; undefined means the embedded one. */
  databaseUrl: string | undefined
  host: string
  port: number
  /** The address people use, for links in mails: no trailing slash. */
  publicUrl: string
  logLevel: LogLevel
  scm: { port: number; databaseUrl: string | undefined; dataFolder: string | undefined }
  connector: ErpChoice['connector']
  erp: ErpConfig
  /** Only with the connector postgres. */
  erpDatabase: ErpDatabaseConfig | undefined
  smtpUrl: string | undefined
  mailFrom: string
  /** The folder of the site's files. */
  siteDir: string
  /** A folder of table maps of this installation, beside those of the connector. */
  mapsDir: string | undefined
  /** How long it is remembered who changed what. */
  historyDays: number
  /** What one token of a program may ask in five minutes. */
  tokenLimits: { requestsMax: number; secondsMax: number; atOnceMax: number }
}

const LOG_LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error', 'silent']

const PORT_MAX = 65_535
const A_PORT = 'a port between 1 and 65535'

export function readConfig(env: Readonly<Record<string, string | undefined>>, root: string): Config {
  const problems: string[] = []
  const text = (name: string): string | undefined => (env[name] === undefined || env[name] === '' ? undefined : env[name])
  const whole = (name: string, fallback: number, max: number, what: string): number =>
    wholeNumber(text(name) ?? fallback, max, `${name} must be ${what}`, problems)
  const url = (name: string): string | undefined => {
    const value = text(name)
    if (value !== undefined && !/^https?:$/.test(URL.parse(value)?.protocol ?? ''))
      problems.push(`${name} must be a URL that begins with http:// or https://`)
    return value?.replace(/\/+$/, '')
  }

  const count = (name: string, fallback: number) => whole(name, fallback, 1_000_000, 'a whole number from 1 to 1000000')

  const portalPort = whole('PORT', 4000, PORT_MAX, A_PORT)
  const scmPort = whole('SCM_PORT', 4100, PORT_MAX, A_PORT)
  const choice = readErp({ text, url, problems }, `http://127.0.0.1:${scmPort}`)
  const { demo } = choice
  const host = text('HOST') ?? 'localhost'
  if (demo && !['127.0.0.1', 'localhost', '::1'].includes(host)) {
    problems.push('HOST: demo mode has known passwords, so it listens on loopback only; set ERP_URL to leave demo mode')
  }
  const logLevel = (text('LOG_LEVEL') ?? 'info') as LogLevel
  if (!LOG_LEVELS.includes(logLevel)) problems.push(`LOG_LEVEL must be one of ${LOG_LEVELS.join(', ')}`)

  const mapsDir = text('COMPTOIR_MAPS')
  const config: Config = {
    ...choice,
    dataDir: resolve(root, text('COMPTOIR_DATA') ?? '.comptoir'),
    databaseUrl: text('DATABASE_URL'),
    host,
    port: portalPort,
    publicUrl: url('PUBLIC_URL') ?? `http://localhost:${portalPort}`,
    logLevel,
    scm: { port: scmPort, databaseUrl: text('SCM_DATABASE_URL'), dataFolder: text('SCM_DATA') },
    smtpUrl: text('SMTP_URL'),
    mailFrom: text('MAIL_FROM') ?? 'Comptoir <no-reply@comptoir.example>',
    siteDir: resolve(root, text('COMPTOIR_SITE') ?? 'src/customer-portal/site'),
    mapsDir: mapsDir === undefined ? undefined : resolve(root, mapsDir),
    historyDays: whole('HISTORY_DAYS', 730, 36_500, 'a number of days from 1 to 36500'),
    tokenLimits: {
      requestsMax: count('TOKEN_REQUESTS_MAX', 6_000),
      secondsMax: count('TOKEN_SECONDS_MAX', 1_200),
      atOnceMax: count('TOKEN_AT_ONCE_MAX', 52),
    },
  }
  if (problems.length > 0) throw new AppError('config.invalid', `Settings are missing or wrong:\n  ${problems.join('\n  ')}`)
  return Object.freeze(config)
}

function wholeNumber(given: string | number, max: number, problem: string, problems: string[]): number {
  const value = Number(given)
  if (!Number.isInteger(value) || value < 1 || value > max) problems.push(problem)
  return value
}

/** For a program: its settings, or what is wrong with them on standard error, and its end. */
export function readConfigOrExit(root: string): Config {
  try {
    return readConfig(process.env, root)
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\nREADME.md, "Settings", has them all.\n`)
    return process.exit(1)
  }
}
