import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

const ROOT = resolve(import.meta.dirname, '../..')
const READY_TIMEOUT_MS = 400_000

/** The whole program, as `npm start` runs it, on free ports with a data folder of its own. */
export type RunningComptoir = AsyncDisposable & {
  portalUrl: string
  erpUrl: string
  dataDir: string
  pid: () => number
  /** Ctrl-C, and waits for the end. */
  stop(): Promise<void>
  /** kill -9 of the main process alone. */
  kill(): Promise<void>
  /** Starts again on the same ports and data. */
  start(): Promise<void>
  waitUntilReady(): Promise<void>
  /** A command beside it, as `npm run -s comptoir -- …`; answers standard output. */
  command(...args: string[]): Promise<string>
  output(): string
}

export async function startComptoir(options: { env?: Record<string, string> } = {}): Promise<RunningComptoir> {
  const dataDir = mkdtempSync(join(tmpdir(), 'comptoir-test-'))
  const [port, scmPort] = [await freePort(), await freePort()]
  const env = { ...process.env, PORT: String(port), SCM_PORT: String(scmPort), COMPTOIR_DATA: dataDir, ...options.env }
  const portalUrl = `http://localhost:${port}`
  let child: ChildProcess | undefined
  let output = ''

  const running: RunningComptoir = {
    portalUrl,
    erpUrl: `http://localhost:${scmPort}`,
    dataDir,
    pid: () => child?.pid ?? 0,
    output: () => output,
    async start() {
      output = ''
      child = spawn(process.execPath, [join(ROOT, 'src/main.ts')], { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] })
      for (const stream of [child.stdout, child.stderr]) {
        stream?.on('data', (chunk: Buffer) => {
          output = (output + chunk.toString()).slice(-200_000)
        })
      }
    },
    async waitUntilReady() {
      const deadlineMs = Date.now() + READY_TIMEOUT_MS
      while (Date.now() < deadlineMs) {
        if (child?.exitCode !== null && child?.exitCode !== undefined) break
        if (output.includes('The start did not come to its end')) break
        if (await isReady(portalUrl)) return
        await delay(100)
      }
      throw new Error(`Comptoir did not become ready:\n${output.slice(-4_000)}`)
    },
    async stop() {
      await end(child, 'SIGINT')
    },
    async kill() {
      await end(child, 'SIGKILL')
    },
    command: (...args) => run(args, env),
    async [Symbol.asyncDispose]() {
      await end(child, 'SIGINT')
      stopOrphans(dataDir)
      // As root the server's folder may stand elsewhere, behind a link.
      if (existsSync(join(dataDir, 'postgres'))) rmSync(realpathSync(join(dataDir, 'postgres')), { recursive: true, force: true })
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
  await running.start()
  return running
}

async function isReady(portalUrl: string): Promise<boolean> {
  try {
    const response = await fetch(`${portalUrl}/health`, { signal: AbortSignal.timeout(2_000) })
    return response.status === 200 && ((await response.json()) as { status: string }).status === 'ready'
  } catch {
    return false
  }
}

async function end(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((done) => child.once('exit', done))
  child.kill(signal)
  const timer = setTimeout(() => child.kill('SIGKILL'), 60_000)
  await ended
  clearTimeout(timer)
}

function run(args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, [join(ROOT, 'src/cli.ts'), ...args], {
      cwd: ROOT,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let [out, errors] = ['', '']
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString()
    })
    child.stderr.on('data', (chunk: Buffer) => {
      errors += chunk.toString()
    })
    child.on('error', failed)
    child.on('exit', (code) =>
      code === 0 ? done(out) : failed(new Error(`comptoir ${args.join(' ')} ended with ${code}: ${errors}${out}`)),
    )
  })
}

/** A killed Comptoir leaves its database server running; a test must not. */
function stopOrphans(dataDir: string): void {
  const pidFile = join(dataDir, 'postgres', 'data', 'postmaster.pid')
  if (!existsSync(pidFile)) return
  try {
    process.kill(Number(readFileSync(pidFile, 'utf8').split('\n')[0]), 'SIGQUIT')
  } catch {
    // It had gone by itself.
  }
}

export function freePort(): Promise<number> {
  return new Promise((done, failed) => {
    const server = createServer()
    server.on('error', failed)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => done(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
