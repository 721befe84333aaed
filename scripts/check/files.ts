import { readdirSync } from 'node:fs'
import { join, relative, sep } from 'node:path'

/** Paths below `folder`, relative to `root`, with forward slashes, in order. */
export function listFiles(root: string, folder: string, endings: readonly string[]): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && endings.some((ending) => entry.name.endsWith(ending)))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((path) => !path.includes('node_modules/'))
    .sort()
}
