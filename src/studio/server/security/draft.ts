import { type Document, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml'
import type { z } from 'zod'
import { createPermissions, type Permissions } from '#access/permissions.ts'
import { parsePolicy, policyFileShapes } from '#access/policy.ts'
import { isAppError, messageOf } from '#lib/app-error.ts'
import { parseFilter } from '#lib/odata/parse-filter.ts'
import type { SiteFiles } from '#portals/site-folder.ts'
import type { DraftFiles, DraftProblem } from '../../wire-security.ts'
import type { StudioServices } from '../services.ts'

/** Files that say who may what: all that a draft of the security workspace changes. */
export function isRuleFile(path: string): boolean {
  return path === 'roles.yaml' || /^permissions\/[a-zA-Z0-9][a-zA-Z0-9._-]*\.yaml$/.test(path)
}

/** The files of the site as the draft would have them. */
export function applyDraft(files: SiteFiles, draft: DraftFiles): Map<string, Buffer> {
  const merged = new Map(files)
  for (const [path, text] of Object.entries(draft)) {
    if (text === null) merged.delete(path)
    else merged.set(path, Buffer.from(text))
  }
  return merged
}

/** The permissions that the files make, or everything that stops them, with the place in the file where there is one. */
export function checkRules(
  services: StudioServices,
  files: SiteFiles,
): { permissions: Permissions } | { problems: DraftProblem[] } {
  const paths = [...files.keys()].filter(isRuleFile)
  const problems = paths.flatMap((path) => fileProblems(path, files.get(path)?.toString('utf8') ?? ''))
  if (problems.length > 0) return { problems }
  try {
    return { permissions: createPermissions(services.catalog, parsePolicy(files), services.clock) }
  } catch (error) {
    if (!isAppError(error)) throw error
    return { problems: placeProblems(messageOf(error), files) }
  }
}

/** What is wrong with one file by itself. */
function fileProblems(path: string, text: string): DraftProblem[] {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines })
  if (document.errors.length > 0)
    return document.errors.map((error) => ({
      file: path,
      ...placeAt(lines, error.pos[0]),
      message: error.message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? '',
    }))
  const shape: z.ZodType = path === 'roles.yaml' ? policyFileShapes.roles : policyFileShapes.permissions
  const parsed = shape.safeParse(document.toJS())
  if (!parsed.success)
    return parsed.error.issues.map((issue) => ({
      file: path,
      ...placeAt(lines, offsetOf(document, issue.path)),
      message: [issue.path.map(String).join('.'), issue.message].filter((part) => part !== '').join(': '),
    }))
  return conditionProblems(path, document, lines)
}

/** Where a condition does not parse, to the character. */
function conditionProblems(path: string, document: Document, lines: LineCounter): DraftProblem[] {
  const list = document.get('permissions')
  if (!isSeq(list)) return []
  return list.items.flatMap((item) => {
    const node = isMap(item) ? item.get('where', true) : undefined
    if (!isScalar(node) || typeof node.value !== 'string') return []
    try {
      parseFilter(node.value)
      return []
    } catch (error) {
      const position = isAppError(error) ? Number(error.details.position ?? 0) : 0
      const quote = node.type === 'QUOTE_SINGLE' || node.type === 'QUOTE_DOUBLE' ? 1 : 0
      return [{ file: path, ...placeAt(lines, (node.range?.[0] ?? 0) + quote + position), message: `where: ${messageOf(error)}` }]
    }
  })
}

/** Problems that concern several files are told as one text, a line each: 'permissions/invoice.yaml: All invoices: …'. */
function placeProblems(message: string, files: SiteFiles): DraftProblem[] {
  const told = message.split('\n').map((line) => line.trim())
  const problems = told.length > 1 ? told.slice(1) : told
  return problems.map((problem) => {
    const file = [...files.keys()].find((path) => problem.startsWith(`${path}: `))
    if (file === undefined) return { file: '', line: null, column: null, message: problem }
    const rest = problem.slice(file.length + 2)
    return { file, ...placeOfName(files.get(file)?.toString('utf8') ?? '', rest), message: rest }
  })
}

/** The permission that the problem begins with. */
function placeOfName(text: string, problem: string): { line: number | null; column: number | null } {
  const lines = new LineCounter()
  const list = parseDocument(text, { lineCounter: lines }).get('permissions')
  if (!isSeq(list)) return { line: null, column: null }
  for (const item of list.items)
    if (isMap(item) && problem.startsWith(String(item.get('name')))) return placeAt(lines, item.range?.[0])
  return { line: null, column: null }
}

function offsetOf(document: Document, path: readonly PropertyKey[]): number | undefined {
  for (let length = path.length; length >= 0; length--) {
    const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true)
    if (typeof node === 'object' && node !== null && 'range' in node) return (node.range as [number] | undefined)?.[0]
  }
  return undefined
}

function placeAt(lines: LineCounter, offset: number | undefined): { line: number | null; column: number | null } {
  if (offset === undefined) return { line: null, column: null }
  const { line, col } = lines.linePos(offset)
  return { line, column: col }
}
