import { isMap, isScalar, isSeq, parseDocument, stringify, type YAMLMap, type YAMLSeq } from 'yaml'
import { AppError } from '#lib/app-error.ts'
import type { DraftEdit, DraftFiles, PermissionSource } from '../../wire-security.ts'

const FLOW = ['parent', 'privileges', 'roles'] as const
const KEYS = [
  'name',
  'effect',
  'accessType',
  'relationship',
  'accountRelationship',
  'parent',
  'where',
  'validFrom',
  'validUntil',
  'privileges',
  'roles',
  'active',
  'columns',
] as const

/**
 * A change of one permission, as a change of the files: only its own lines are written anew, everything else stays as somebody wrote it.
 * Where it gets another name, those that hang on it follow. Answers the files that change. Throws AppError `studio.invalid`.
 */
export function editPermission(files: ReadonlyMap<string, string>, edit: DraftEdit): DraftFiles {
  if (edit.kind === 'delete') return { [edit.file]: withoutPermission(textOf(files, edit.file), edit.permission) }
  const path = edit.file ?? pathFor(files, edit.table)
  const text = files.get(path) ?? `table: ${edit.table}\npermissions: []\n`
  const changed: DraftFiles = {
    [path]:
      edit.before === null
        ? withPermission(text, edit.permission)
        : replaceIn(text, edit.before, (indent) => permissionText(edit.permission, indent)),
  }
  if (edit.before === null || edit.before === edit.permission.name) return changed
  for (const [file, source] of files) {
    const now = changed[file] ?? source
    const followed = followName(now, edit.before, edit.permission.name)
    if (followed !== now) changed[file] = followed
  }
  return changed
}

/** The one permission file of the table, or a new one. */
function pathFor(files: ReadonlyMap<string, string>, table: string): string {
  for (const [path, text] of files) if (path.startsWith('permissions/') && parseDocument(text).get('table') === table) return path
  return `permissions/${table}.yaml`
}

function textOf(files: ReadonlyMap<string, string>, path: string): string {
  const text = files.get(path)
  if (text === undefined) throw new AppError('studio.not_found', `There is no file ${path}`)
  return text
}

function withPermission(text: string, permission: PermissionSource): string {
  const list = listOf(text)
  const last = list.items.at(-1)
  if (last !== undefined && isMap(last)) {
    const indent = indentAt(text, startOf(last))
    const [before, after] = splitAt(text, last.range?.[1] ?? text.length)
    return `${before}\n${' '.repeat(indent - 2)}- ${permissionText(permission, indent)}\n${after}`
  }
  const [start, end] = [list.range?.[0] ?? text.length, list.range?.[1] ?? text.length]
  return `${text.slice(0, start).trimEnd()}\n  - ${permissionText(permission, 4)}\n${text.slice(end).replace(/^\s*\n/, '')}`
}

function replaceIn(text: string, name: string, write: (indent: number) => string): string {
  const item = itemOf(text, name)
  const indent = indentAt(text, startOf(item))
  const [, after] = splitAt(text, item.range?.[1] ?? text.length)
  return `${text.slice(0, startOf(item))}${write(indent)}\n${after}`
}

function withoutPermission(text: string, name: string): string | null {
  const list = listOf(text)
  const item = itemOf(text, name)
  const start = text.lastIndexOf('\n', startOf(item)) + 1
  const [, after] = splitAt(text, item.range?.[1] ?? text.length)
  if (list.items.length > 1) return `${text.slice(0, start)}${after}`
  // Nothing is said about the table any more, unless it is open for programs.
  if (!parseDocument(text).has('webApi')) return null
  return `${text.slice(0, start).trimEnd()} []\n${after}`
}

/** Permissions whose parent had another name. */
function followName(text: string, before: string, name: string): string {
  const list = parseDocument(text).get('permissions')
  if (!isSeq(list)) return text
  const places = list.items.flatMap((item) => {
    const node = isMap(item) ? item.getIn(['parent', 'permission'], true) : undefined
    return isScalar(node) && node.value === before && node.range ? [node.range] : []
  })
  let followed = text
  for (const [start, end] of places.reverse()) followed = `${followed.slice(0, start)}${flowText(name)}${followed.slice(end)}`
  return followed
}

/** As the shipped files are written: names in rows, columns one below the other. */
function permissionText(permission: PermissionSource, indent: number): string {
  const pad = ' '.repeat(indent)
  const lines = KEYS.flatMap((key) => {
    const value = permission[key]
    if (value === undefined || (key === 'effect' && value === 'allow') || (key === 'active' && value === true)) return []
    if (FLOW.some((one) => one === key)) return [`${key}: ${flowText(value)}`]
    if (key === 'columns') return [`${key}:`, ...(permission.columns ?? []).map((column) => `  - ${column}`)]
    return [`${key}: ${stringify(value, { lineWidth: 0 }).trimEnd()}`]
  })
  return lines.join(`\n${pad}`)
}

function flowText(value: unknown): string {
  const text = stringify(value, { lineWidth: 0, collectionStyle: 'flow' }).trimEnd()
  return Array.isArray(value) ? text.replace(/^\[ /, '[').replace(/ \]$/, ']') : text
}

function listOf(text: string): YAMLSeq {
  const document = parseDocument(text)
  const list = document.get('permissions')
  if (document.errors.length > 0 || !isSeq(list))
    throw new AppError('studio.invalid', 'The file has mistakes; put them right in its text first')
  return list
}

function itemOf(text: string, name: string): YAMLMap {
  const item = listOf(text).items.find((one): one is YAMLMap => isMap(one) && one.get('name') === name)
  if (item === undefined) throw new AppError('studio.not_found', `There is no permission ${name} in this file`)
  return item
}

function startOf(item: YAMLMap): number {
  return item.range?.[0] ?? 0
}

/** How far what stands here is from the beginning of its line. */
function indentAt(text: string, offset: number): number {
  return offset - (text.lastIndexOf('\n', offset - 1) + 1)
}

/** What ends here without the rest of its line, and what begins on the next. */
function splitAt(text: string, offset: number): [string, string] {
  const before = text.slice(0, offset).trimEnd()
  return [before, text.slice(before.length).replace(/^[^\S\n]*\n/, '')]
}
