import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { listFiles } from './files.ts'

const LINES_MAX = 400

/** A file that nobody can read in one sitting is two ideas. */
export function checkSizes(root: string): string[] {
  return ['src', 'scripts', 'tests', 'bench'].flatMap((folder) =>
    listFiles(root, folder, ['.ts', '.tsx', '.css'])
      .map((path) => ({ path, lines: readFileSync(join(root, path), 'utf8').split('\n').length - 1 }))
      .filter((file) => file.lines > LINES_MAX)
      .map((file) => `${file.path} has ${file.lines} lines; ${LINES_MAX} is the most`),
  )
}
