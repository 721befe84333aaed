import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseSync } from 'vite'
import { listFiles } from './files.ts'

const LINES_MAX = 70

type Node = { type: string; start: number; end: number; body?: unknown; id?: unknown; key?: unknown }

/** A function that does not fit on a screen has parts that want a name. Tests are told from top to bottom and may be longer. */
export function checkFunctions(root: string): string[] {
  const problems: string[] = []
  let functions = 0
  const files = ['src', 'scripts', 'bench'].flatMap((folder) => listFiles(root, folder, ['.ts', '.tsx']))
  for (const path of files.filter((file) => !/\.(test|d)\.tsx?$/.test(file))) {
    const text = readFileSync(join(root, path), 'utf8')
    const { program, errors } = parseSync(path, text)
    if (errors.length > 0) problems.push(`${path} cannot be parsed: ${errors[0]?.message}`)
    const lineAt = (offset: number) => text.slice(0, offset).split('\n').length
    for (const { name, node } of functionsIn(program, 'a function')) {
      functions++
      const [first, last] = [lineAt(node.start), lineAt(node.end)]
      const lines = last - first + 1
      if (lines > LINES_MAX) problems.push(`${path}:${first} ${name} has ${lines} lines; ${LINES_MAX} is the most`)
    }
  }
  if (functions < 1_000) problems.push(`only ${functions} functions were found: this check is broken`)
  return problems
}

/** Every function below `value`, also those inside others, by its own name or the name of what it is given to. */
function* functionsIn(value: unknown, givenName: string): Generator<{ name: string; node: Node }> {
  if (typeof value !== 'object' || value === null) return
  const node = value as Node
  const name = nameOf(node.id) ?? nameOf(node.key) ?? givenName
  if (/^(Function|ArrowFunction)/.test(node.type ?? '') && node.body) yield { name, node }
  for (const part of Object.values(value)) yield* functionsIn(part, name)
}

function nameOf(value: unknown): string | undefined {
  return (value as { name?: string } | undefined | null)?.name
}
