import { resolve } from 'node:path'
import { readConfigOrExit } from '#config/config.ts'
import { isAppError, messageOf } from '#lib/app-error.ts'
import { createLog } from '#log/log.ts'
import { type Comptoir, startComptoir } from './comptoir.ts'

/** `npm start`: runs Comptoir until it is told to stop, and stops it in order. */
const root = resolve(import.meta.dirname, '..')
const config = readConfigOrExit(root)
const log = createLog({ level: config.logLevel, name: 'comptoir', destination: resolve(config.dataDir, 'comptoir.log') })
const say = (text: string) => process.stdout.write(`${text}\n`)

let running: Comptoir | undefined
let stopping: Promise<void> | undefined

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stop(0))
process.on('unhandledRejection', (reason) => {
  log.error(
    { reason: messageOf(reason), stack: reason instanceof Error ? reason.stack : undefined },
    'a promise was rejected and nobody cared',
  )
})

try {
  running = await startComptoir({ config, log, say })
} catch (error) {
  log.error({ reason: messageOf(error), stack: error instanceof Error ? error.stack : undefined }, 'Comptoir could not start')
  say(isAppError(error) ? `\n${error.message}` : `\nComptoir could not start: ${messageOf(error)}`)
  say(`The log has more: ${resolve(config.dataDir, 'comptoir.log')}`)
  await stop(1)
}

/** A terminal and a supervisor may both send their signals: the second changes nothing. */
function stop(code: number): Promise<void> {
  stopping ??= (async () => {
    say('\nstopping …')
    await running?.stop()
    say('stopped. Everything is kept.')
    process.exit(code)
  })()
  return stopping
}
