import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { AppError } from '#lib/app-error.ts'

/** The files of a site by path ('pages/index.liquid'), as they are in a folder or in a release. */
export type SiteFiles = ReadonlyMap<string, Buffer>

const FILES_MAX = 5_000
const FILE_BYTES_MAX = 10 * 1024 * 1024
const PATH = /^[a-z0-9][a-z0-9/._[\]-]*$/i

/**
 * Reads a site's folder. Hidden files and Markdown beside the site's own files are left out, and so are the definitions of tables in
 * `tables/`: these are the installation's, and go back and forth with their rows, not with releases.
 */
export function readSiteFolder(folder: string): SiteFiles {
  const files = new Map<string, Buffer>()
  for (const entry of listFiles(folder)) {
    const path = entry.replaceAll('\\', '/')
    const name = path.slice(path.lastIndexOf('/') + 1)
    if (name.startsWith('.') || name.endsWith('~') || path === 'README.md' || path.startsWith('tables/')) continue
    if (!PATH.test(path)) throw new AppError('site.invalid', `${path}: a file's name has letters, digits, ., -, _ only`)
    if (statSync(join(folder, entry)).size > FILE_BYTES_MAX)
      throw new AppError('site.invalid', `${path}: a file of a site has at most ${FILE_BYTES_MAX / 1024 / 1024} MB`)
    files.set(path, readFileSync(join(folder, entry)))
    if (files.size > FILES_MAX) throw new AppError('site.invalid', `A site has at most ${FILES_MAX} files`)
  }
  return files
}

function listFiles(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.replace(/\/+$/, '').length + 1))
      .sort()
  } catch (cause) {
    throw new AppError('site.invalid', `The site's folder ${folder} cannot be read`, { cause })
  }
}
