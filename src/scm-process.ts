import { type ChildProcess, spawn } from 'node:child_process'
import { openSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Config } from '#config/config.ts'
import { required } from '#lib/assert.ts'
import { retryDelayMs } from '#lib/backoff.ts'
import type { Log } from '#log/log.ts'

/** The reference ERP as a process of its own, started again when it dies. */
export type ScmProcess = { ready: Promise<void>; stop(): Promise<void> }

const RESTART_MS_MAX = 15_000
const STOP_TIMEOUT_MS = 10_000

/**
 * Starts the reference ERP on its port over its own database. `onProgress` gets its words while it loads data, `onTrouble` what a person
 * must mend; its log is scm.log beside ours. It ends when its standard input does, so it cannot outlive us, however we end.
 */
export function startScm(options: {
  config: Config
  databaseUrl: string
  log: Log
  onProgress: (text: string) => void
  onTrouble: (text: string) => void
}): ScmProcess {
  let stopping = false
  let child: ChildProcess
  /** Ends since it was last ready. */
  let ends = 0
  let becameReady: () => void = () => undefined
  const ready = new Promise<void>((done) => {
    becameReady = done
  })

  const scmLog = openSync(join(options.config.dataDir, 'scm.log'), 'a')
  const launch = () => {
    if (stopping) return
    child = spawn(process.execPath, [join(import.meta.dirname, 'scm/main.ts')], {
      stdio: ['pipe', 'pipe', scmLog],
      env: { ...process.env, SCM_DATABASE_URL: options.databaseUrl, SCM_PORT: String(options.config.scm.port) },
    })
    createInterface({ input: required(child.stdout, 'a pipe') }).on('line', (line) => {
      const message = parseLine(line)
      if (message?.event === 'ready') {
        ends = 0
        becameReady()
      } else if (message?.event === 'trouble') options.onTrouble(message.text ?? '')
      else if (message?.text !== undefined) options.onProgress(message.text)
    })
    child.on('error', (error) => options.log.error({ reason: error.message }, 'the reference ERP could not be started'))
    child.on('exit', (code, signal) => {
      if (stopping) return
      options.log.warn({ code, signal }, 'the reference ERP has ended; starting it again')
      ends += 1
      setTimeout(launch, Math.min(retryDelayMs(ends, 0.5), RESTART_MS_MAX))
    })
  }
  launch()

  return {
    ready,
    async stop() {
      stopping = true
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = new Promise((done) => child.once('exit', done))
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
      await ended
      clearTimeout(timer)
    },
  }
}

function parseLine(line: string): { event?: string; text?: string } | undefined {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
