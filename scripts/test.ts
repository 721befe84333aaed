/**
 * `npm test`: the checks, then every test on real parts: a PostgreSQL server for all test files, a real browser.
 * `npm test -- <part of a path> …` runs only the test files whose path holds one of the parts, without the checks.
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cpus } from 'node:os'
import { resolve } from 'node:path'
import { startTestServer } from '../tests/support/database.ts'
import { ensureBrowser } from './browser.ts'
import { listFiles } from './check/files.ts'

/** One more than processors: who starts, kills or watches a whole Comptoir waits more than it works. */
const FILES_AT_ONCE = Math.min(4, cpus().length + 1)

const root = resolve(import.meta.dirname, '..')
const wanted = process.argv.slice(2)

if (wanted.length === 0) run([resolve(root, 'scripts/check.ts')], {})

const files = ['src', 'tests']
  .flatMap((folder) => listFiles(root, folder, ['.test.ts']))
  .filter((path) => wanted.length === 0 || wanted.some((part) => path.includes(part)))
if (files.length === 0) {
  console.error(`No test file matches ${wanted.join(', ')}`)
  process.exit(1)
}
if (!existsSync(resolve(root, '../shared/data')))
  console.log('NOTE: ../shared/data is not here; the tests that need it will say that they skipped.')
const browser = files.some((path) => path.startsWith('tests/browser/')) ? ensureBrowser() : undefined
const server = await startTestServer()
const status = run(['--test', `--test-concurrency=${FILES_AT_ONCE}`, '--test-timeout=600000', ...files], {
  TEST_DATABASE_URL: server.url,
  ...(browser === undefined ? {} : { CHROMIUM_PATH: browser }),
})
await server.stop()
process.exit(status)

function run(args: readonly string[], env: Record<string, string>): number {
  const done = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } })
  if (done.status !== 0 && wanted.length === 0 && !args.includes('--test')) process.exit(done.status ?? 1)
  return done.status ?? 1
}
