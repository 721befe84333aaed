#!/usr/bin/env node
// Runs a TypeScript file of Comptoir from its source, whatever the machine has.
//
// Promises: the packages of package-lock.json are installed, the Node that runs the file is at least NODE_MAJOR_MIN (brought
// from the npm registry where the machine's own is older), signals reach the program, and its exit code is ours.
// Speaks on standard error only: standard output belongs to the program.
//
//   node bin/run.mjs src/main.ts [arguments]       runs a file
//   node bin/run.mjs --bin tsc [arguments]         runs a tool of node_modules
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const NODE_MAJOR_MIN = 24
/** Fixed, so that every machine runs the same one. */
const NODE_VERSION = '24.21.0'
const INSTALL_MS_MAX = 15 * 60_000

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const isWindows = process.platform === 'win32'

installPackages()
run(nodePath(), programArguments(process.argv.slice(2)))

/** Installs node_modules when it is missing or older than the lock file. Install scripts stay off: none is needed. */
function installPackages() {
  const stamp = join(root, 'node_modules', '.comptoir-lock')
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')
  const isInstalled = () => existsSync(stamp) && readFileSync(stamp, 'utf8') === lock
  if (isInstalled()) return
  // Two that install at once would each delete what the other has unpacked.
  alone(join(root, '.installing'), () => {
    if (isInstalled()) return
    say('installing packages (once) …')
    npm(['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], root)
    writeFileSync(stamp, lock)
  })
}

/** Runs `work` while no other start does: who comes second waits for the first, and takes over from one that died. */
function alone(folder, work) {
  const deadlineMs = Date.now() + INSTALL_MS_MAX
  const owner = join(folder, 'pid')
  for (;;) {
    try {
      mkdirSync(folder)
      break
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
      if (!isAlive(existsSync(owner) ? Number(readFileSync(owner, 'utf8')) : undefined))
        rmSync(folder, { recursive: true, force: true })
      else if (Date.now() > deadlineMs) fail(`another start has been installing for too long; if there is none, delete ${folder}`)
      else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500)
    }
  }
  writeFileSync(owner, String(process.pid))
  try {
    work()
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A lock without an owner yet was made this moment. */
function isAlive(pid) {
  if (pid === undefined || Number.isNaN(pid) || pid === 0) return true
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

/** The Node to run with: this one where it is new enough, otherwise one of the npm registry kept in .node/. */
function nodePath() {
  if (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR_MIN) return process.execPath
  const name = `node-${isWindows ? 'win' : process.platform}-${process.arch}`
  const home = join(root, '.node', NODE_VERSION)
  const path = join(home, 'node_modules', name, 'bin', isWindows ? 'node.exe' : 'node')
  if (existsSync(path)) return path
  say(`this machine has Node ${process.versions.node}; bringing Node ${NODE_VERSION} from the npm registry (once) …`)
  const staging = `${home}.${process.pid}`
  mkdirSync(staging, { recursive: true })
  writeFileSync(join(staging, 'package.json'), '{"private":true}')
  npm(
    [
      'install',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      '--no-package-lock',
      '--loglevel=error',
      `${name}@${NODE_VERSION}`,
    ],
    staging,
  )
  // Another start may have finished first: its copy is as good as ours.
  if (existsSync(path)) rmSync(staging, { recursive: true, force: true })
  else renameSync(staging, home)
  return path
}

function programArguments(argv) {
  if (argv[0] !== '--bin') return [resolve(root, argv[0]), ...argv.slice(1)]
  const packageOf = { tsc: 'typescript', biome: '@biomejs/biome' }
  const home = join(root, 'node_modules', packageOf[argv[1]] ?? argv[1])
  const { bin } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'))
  return [join(home, typeof bin === 'string' ? bin : bin[argv[1]]), ...argv.slice(2)]
}

function run(node, args) {
  const child = spawn(node, args, { stdio: 'inherit', env: { ...process.env, COMPTOIR_NODE: node } })
  // A terminal sends its signals to the whole group; a supervisor sends them to us alone. The program takes a second one calmly.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => fail(`could not start ${node}: ${error.message}`))
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}

function npm(args, cwd) {
  // npm tells its own path to the scripts it runs; started by hand, `npm` of the PATH does.
  const npmCli = process.env.npm_execpath
  const [command, first] = npmCli?.endsWith('.js') ? [process.execPath, [npmCli]] : ['npm', []]
  const done = spawnSync(command, [...first, ...args], { cwd, stdio: ['ignore', 2, 2], shell: isWindows && first.length === 0 })
  if (done.status !== 0) fail(`npm ${args[0]} did not succeed in ${cwd}. Is the npm registry reachable?`)
}

function say(text) {
  process.stderr.write(`comptoir: ${text}\n`)
}

function fail(text) {
  say(text)
  process.exit(1)
}
