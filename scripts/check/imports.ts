import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { listFiles } from './files.ts'

/** Layers of ARCHITECTURE.md: a module imports lower layers only. scm stands apart, with a list of its own. */
const LAYER: Readonly<Record<string, number>> = {
  lib: 0,
  config: 1,
  log: 1,
  connector: 1,
  postgres: 2,
  connectors: 2,
  tables: 3,
  http: 3,
  mail: 3,
  access: 4,
  'dual-write': 4,
  portals: 5,
  api: 5,
  'customer-portal': 6,
  studio: 6,
}
/** Pairs within or across layers that a decision record allows. */
const ALLOWED = new Set(['config log', 'connector log', 'connectors postgres'])
const SCM_MAY_IMPORT = new Set(['lib', 'config', 'log', 'postgres', 'http'])
/** Files of src/ itself: composition. No module imports them. */
const COMPOSITION = /^src\/[a-z-]+\.ts$/

type Import = { from: string; to: string }

/** Import direction, private subfolders, no barrels, no circles; the circles of tests and their support count as well. */
export function checkImports(root: string): string[] {
  const files = ['src', 'tests', 'scripts', 'bench']
    .flatMap((folder) => listFiles(root, folder, ['.ts', '.tsx']))
    .filter((path) => !path.endsWith('.d.ts'))
  const imports = files.flatMap((path) => importsOf(root, path))
  const problems = [
    ...files
      .filter((path) => /(^|\/)index\.tsx?$/.test(path) && !path.startsWith('src/studio/app/'))
      .map((path) => `${path}: no index files`),
    ...files.filter((path) => REEXPORT.test(readFileSync(join(root, path), 'utf8'))).map((path) => `${path}: no re-exports`),
    ...imports.flatMap(judge),
    ...imports
      .filter((one) => !existsSync(join(root, one.to)))
      .map((one) => `${one.from} imports ${one.to}, which does not exist`),
    ...findCircles(imports),
  ]
  if (imports.length < files.length / 2)
    problems.push(`only ${imports.length} imports were found in ${files.length} files: this check is broken`)
  return problems
}

const IMPORT =
  /^\s*(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]|^\s*import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/gm

const REEXPORT = /^export\s+(?:type\s+)?(?:\*|\{[^}]*\})\s*from\b/m

function importsOf(root: string, path: string): Import[] {
  const text = readFileSync(join(root, path), 'utf8')
  return [...text.matchAll(IMPORT)]
    .map((match) => match[1] ?? match[2] ?? match[3] ?? '')
    .filter((target) => target.startsWith('#') || target.startsWith('.'))
    .map((target) => ({
      from: path,
      to: target.startsWith('#') ? `src/${target.slice(1)}` : normalize(join(dirname(path), target)),
    }))
    .filter((one) => /\.tsx?$/.test(one.to))
}

function judge({ from, to }: Import): string[] {
  if (/\.test\.ts$/.test(to)) return [`${from} imports ${to}: a test is imported by nobody`]
  if (!from.startsWith('src/') || isTest(from)) return []
  if (isTest(to)) return [`${from} imports ${to}: the program does not need its tests`]
  if (to.startsWith('tests/') || to.startsWith('scripts/') || to.startsWith('bench/'))
    return [`${from} imports ${to}: the program does not need its tests`]
  if (COMPOSITION.test(from)) return []
  if (COMPOSITION.test(to)) return [`${from} imports ${to}: nothing imports composition`]
  const [source, target] = [moduleOf(from), moduleOf(to)]
  if (source === target) return []
  if (privatePart(to)) return [`${from} imports ${to}, which is private to ${target}`]
  if (target === 'scm') return [`${from} imports ${to}: only HTTP leads to the reference ERP`]
  if (source === 'scm')
    return SCM_MAY_IMPORT.has(target) ? [] : [`${from} imports ${to}: the reference ERP may not know ${target}`]
  if (ALLOWED.has(`${source} ${target}`)) return []
  const [above, below] = [LAYER[source], LAYER[target]]
  if (above === undefined || below === undefined) return [`${from} → ${to}: a module without a layer`]
  return above > below ? [] : [`${from} (layer ${above}) imports ${to} (layer ${below}): imports go down only`]
}

/** Tests and what only they use (folders named testing/) may reach for everything. */
function isTest(path: string): boolean {
  return /\.test\.ts$/.test(path) || path.includes('/testing/')
}

/** 'connectors/dynamics365' is a module of its own; so is each folder of src otherwise. */
function moduleOf(path: string): string {
  return path.split('/')[1] ?? ''
}

/** Subfolders of a module are its own business; the tops of connectors and of lib's families are public. */
function privatePart(path: string): boolean {
  const parts = path.split('/')
  const publicDepth = parts[1] === 'connectors' || parts[1] === 'lib' ? 4 : 3
  return parts.length > publicDepth
}

function findCircles(imports: readonly Import[]): string[] {
  const edges = new Map<string, string[]>()
  for (const { from, to } of imports) edges.set(from, [...(edges.get(from) ?? []), to])
  const done = new Set<string>()
  const path: string[] = []
  const circles: string[] = []
  const visit = (file: string): void => {
    if (path.includes(file)) circles.push(`a circle of imports: ${[...path.slice(path.indexOf(file)), file].join(' → ')}`)
    if (path.includes(file) || done.has(file)) return
    path.push(file)
    for (const next of edges.get(file) ?? []) visit(next)
    path.pop()
    done.add(file)
  }
  for (const file of edges.keys()) visit(file)
  return circles
}
