import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { AppError } from '#lib/app-error.ts'
import type { Log } from '#log/log.ts'

const APP_FOLDER = join(import.meta.dirname, 'app')
const LOCK_FILE = join(import.meta.dirname, '..', '..', 'package-lock.json')
const BUILD_MS_MAX = 180_000
/** Older builds stay for the processes that still serve them. */
const BUILDS_KEPT_MAX = 3

/**
 * The folder with Studio's browser files, built when these sources have not been built yet. The build is a process of its own: it
 * gives its memory back, runs beside the rest of the start, and cannot change our environment.
 */
export async function ensureStudioBuilt(options: { dataDir: string; log: Log }): Promise<string> {
  const home = join(options.dataDir, 'studio')
  const folder = join(home, sourcesHash())
  if (existsSync(join(folder, 'index.html'))) return folder

  mkdirSync(home, { recursive: true })
  const staging = `${folder}.${process.pid}`
  options.log.info({ folder }, 'building Studio for the browser (once)')
  const startedMs = performance.now()
  try {
    await runBuild(staging)
    // Another process may have finished first: its build is as good as ours.
    if (existsSync(folder)) rmSync(staging, { recursive: true, force: true })
    else renameSync(staging, folder)
  } catch (error) {
    rmSync(staging, { recursive: true, force: true })
    throw error
  }
  options.log.info({ ms: Math.round(performance.now() - startedMs) }, 'Studio is built')
  forgetOldBuilds(home, folder)
  return folder
}

/** Everything that decides what the browser gets: our sources, what they share with the server, and the versions of all packages. */
function sourcesHash(): string {
  const hash = createHash('sha256')
  const shared = [join(import.meta.dirname, 'building', 'vite-build.ts'), join(import.meta.dirname, 'line-diff.ts'), LOCK_FILE]
  for (const file of [...listFiles(APP_FOLDER), ...shared]) {
    hash
      .update(file.slice(import.meta.dirname.length))
      .update('\0')
      .update(readFileSync(file))
      .update('\0')
  }
  return hash.digest('hex').slice(0, 16)
}

function listFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}

function runBuild(outFolder: string): Promise<void> {
  const script = join(import.meta.dirname, 'building', 'vite-build.ts')
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [script, APP_FOLDER, outFolder], {
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: BUILD_MS_MAX,
    })
    let complaint = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint = (complaint + text).slice(-4_000)
    })
    child.on('error', (cause) => fail(new AppError('studio.build_failed', 'Studio could not be built', { cause })))
    child.on('close', (code) => {
      if (code === 0) done()
      else fail(new AppError('studio.build_failed', `Studio could not be built:\n${complaint}`))
    })
  })
}

function forgetOldBuilds(home: string, current: string): void {
  const others = readdirSync(home)
    .map((name) => join(home, name))
    .filter((path) => path !== current)
    .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)
  for (const path of others.slice(BUILDS_KEPT_MAX - 1)) rmSync(path, { recursive: true, force: true })
}
