import { pino } from 'pino'

export type Log = {
  debug(values: object, sentence: string): void
  info(values: object, sentence: string): void
  warn(values: object, sentence: string): void
  error(values: object, sentence: string): void
  child(values: object): Log
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

/** Fields that never reach a log line, at the depths where requests, rows and settings carry them. */
const SECRETS = [
  'password',
  'newPassword',
  'currentPassword',
  'authorization',
  'cookie',
  'client_secret',
  'clientSecret',
  'access_token',
  'token',
  'secret',
  '_csrf',
]
/** Headers with a hyphen, which a path takes in brackets. */
const SECRET_HEADERS = ['["set-cookie"]', '["x-csrf-token"]']
const REDACTED = [
  ...SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]),
  ...SECRET_HEADERS.flatMap((name) => [name, `*${name}`, `*.*${name}`]),
]

/** JSON lines on `destination` (standard error by default): a fixed sentence, values as fields, nothing personal, no secret. */
export function createLog(options: { level: LogLevel; name: string; destination?: string }): Log {
  return pino(
    { level: options.level, name: options.name, redact: { paths: REDACTED, censor: '[secret]' } },
    pino.destination(
      options.destination === undefined ? { dest: 2, sync: true } : { dest: options.destination, mkdir: true, sync: false },
    ),
  )
}

export const silentLog: Log = pino({ level: 'silent' })
