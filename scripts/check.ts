/** Everything that can be judged without running Comptoir: `npm run check`. Prints one line a check; fails when one fails. */
import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import { checkExports } from './check/exports.ts'
import { checkFunctions } from './check/functions.ts'
import { checkImports } from './check/imports.ts'
import { checkMessages } from './check/messages.ts'
import { checkQueries } from './check/queries.ts'
import { checkSizes } from './check/sizes.ts'
import { checkSnippets } from './check/snippets.ts'
import { checkTables } from './check/tables.ts'

const root = resolve(import.meta.dirname, '..')

const checks: Record<string, () => string[] | Promise<string[]>> = {
  'types of the server': () => tool('typescript/bin/tsc', ['--noEmit']),
  'types of Studio': () => tool('typescript/bin/tsc', ['--noEmit', '-p', 'src/studio/app']),
  'lint and format': () => tool('@biomejs/biome/bin/biome', ['check', '--max-diagnostics=30', '.']),
  'imports go down, without circles': () => checkImports(root),
  'what is exported is used elsewhere': () => checkExports(root),
  'files are of a readable size': () => checkSizes(root),
  'functions are of a readable size': () => checkFunctions(root),
  'texts exist in every language': () => checkMessages(root),
  'texts of the site are asked for, and there': () => checkSnippets(root),
  'a table belongs to one module': () => checkTables(root),
  'PostgreSQL understands every query': () => checkQueries(root),
}

let failed = 0
for (const [name, check] of Object.entries(checks)) {
  const startedMs = Date.now()
  const problems = await check()
  const seconds = ((Date.now() - startedMs) / 1000).toFixed(1)
  console.log(`${problems.length === 0 ? 'ok  ' : 'FAIL'} ${name} (${seconds} s)`)
  for (const problem of problems) console.log(`       ${problem}`)
  if (problems.length > 0) failed++
}
if (failed > 0) {
  console.log(`${failed} of ${Object.keys(checks).length} checks failed`)
  process.exit(1)
}
// The job queue of a query check keeps no handle, but pools may linger for a moment: leave at once.
process.exit(0)

function tool(path: string, args: readonly string[]): string[] {
  const done = spawnSync(process.execPath, [resolve(root, 'node_modules', path), ...args], { cwd: root, encoding: 'utf8' })
  if (done.status === 0) return []
  return `${done.stdout}${done.stderr}`.trim().split('\n').slice(0, 60)
}
