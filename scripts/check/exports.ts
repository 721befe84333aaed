import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { listFiles } from './files.ts'

const EXPORTED = /^export (?:async )?(?:function\*?|const|let|class) (\w+)/gm

/** What is exported is used elsewhere: an export that nobody imports is either dead or nobody's business. Types may explain a signature. */
export function checkExports(root: string): string[] {
  const sources = ['src', 'tests', 'scripts', 'bench']
    .flatMap((folder) => listFiles(root, folder, ['.ts', '.tsx']))
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))
  const words = sources.map(({ path, text }) => ({ path, words: new Set(text.match(/\w+/g)) }))
  const problems: string[] = []
  let exports = 0
  for (const { path, text } of sources) {
    if (!path.startsWith('src/') || path.endsWith('.test.ts')) continue
    for (const [, name = ''] of text.matchAll(EXPORTED)) {
      exports++
      if (!words.some((other) => other.path !== path && other.words.has(name)))
        problems.push(`${path} exports ${name} for nobody`)
    }
  }
  if (exports < 200) problems.push(`only ${exports} exports were found: this check is broken`)
  return problems
}
