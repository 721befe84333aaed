import { isLookup, navigationName, type TableDefinition } from '#tables/definition.ts'
import type { RowTree } from '#tables/row-query.ts'
import { etagOf } from '../protocol/etag.ts'
import { type Preferences, wantsAnnotation } from '../protocol/preferences.ts'
import type { GroupMember, Shape, ShapeColumn, ShapeExpand } from '../query/question.ts'
import { formattedValue, valueJson } from './values.ts'

/** What a row is told with. */
export type Rendering = {
  preferences: Preferences
  language: string
  /** Where the list inside a row goes on, for those whose rows are not all shown. */
  nextLink(expand: ShapeExpand, parent: Parent, last: RowTree): string
  /** For the rows inside, under this name. */
  inside(name: string): Rendering
}

type Parent = { table: TableDefinition; row: RowTree }

export const FORMATTED_VALUE = 'OData.Community.Display.V1.FormattedValue'
const LOGICAL_NAME = 'Microsoft.Dynamics.CRM.lookuplogicalname'
const NAVIGATION = 'Microsoft.Dynamics.CRM.associatednavigationproperty'

/** One row as a JSON object. Lookups are `_<name>_value`; the key and the version are always told. */
export function rowJson(rendering: Rendering, shape: Shape, row: RowTree): string {
  if (shape.kind === 'groups') return groupJson(shape.members, row)
  const members: string[] = []
  const version = row.versionnumber
  if (typeof version === 'number' || typeof version === 'string') members.push(`"@odata.etag":${JSON.stringify(etagOf(version))}`)
  for (const one of shape.columns) members.push(...columnMembers(rendering, one, row))
  const id = shape.table.idColumn
  if (!shape.columns.some((one) => one.name === id)) members.push(`${JSON.stringify(id)}:${JSON.stringify(row[id] ?? null)}`)
  for (const one of shape.expands) members.push(...expandMembers(rendering, one, { table: shape.table, row }))
  return `{${members.join(',')}}`
}

/** `accounts(name,_primarycontactid_value,primarycontactid(fullname))`, for context addresses. */
export function shapeText(shape: Shape): string {
  if (shape.kind === 'groups') return [...new Set(shape.members.map((one) => one.path[0]))].join(',')
  const expands = shape.expands.map((one) => `${one.name}(${shapeText(one.shape)})`)
  return [...shape.columns.map((one) => one.name), ...expands].join(',')
}

function columnMembers(rendering: Rendering, { key, name, column, names, targetKey }: ShapeColumn, row: RowTree): string[] {
  const value = plain(row[key])
  const members = [`${JSON.stringify(name)}:${valueJson(column, value)}`]
  const { preferences, language } = rendering
  if (value === null || preferences.annotations.length === 0) return members
  const say = (annotation: string, text: string | undefined) => {
    if (text !== undefined && wantsAnnotation(preferences, annotation))
      members.push(`${JSON.stringify(`${name}@${annotation}`)}:${JSON.stringify(text)}`)
  }
  if (!isLookup(column)) {
    say(FORMATTED_VALUE, formattedValue(column, value, language))
    return members
  }
  const targetName = targetKey === undefined ? undefined : row[targetKey]
  const known = names.find((one) => (typeof targetName === 'string' ? one.target.name === targetName : row[one.key] != null))
  const text = known === undefined ? null : plain(row[known.key])
  const target =
    typeof targetName === 'string'
      ? targetName
      : (known?.target.name ?? (column.targets.length === 1 ? column.targets[0] : undefined))
  say(FORMATTED_VALUE, text === null ? undefined : String(text))
  say(LOGICAL_NAME, target)
  say(NAVIGATION, target === undefined ? undefined : navigationName(column, target))
  return members
}

function expandMembers(rendering: Rendering, expand: ShapeExpand, parent: Parent): string[] {
  const found = parent.row[expand.key]
  const inner = rendering.inside(expand.name)
  const name = (suffix = '') => JSON.stringify(expand.name + suffix)
  if (expand.single) return [`${name()}:${isTree(found) ? rowJson(inner, expand.shape, found) : 'null'}`]
  const all = Array.isArray(found) ? (found as readonly RowTree[]) : []
  const shown = all.slice(0, expand.rowsMax)
  const members: string[] = []
  if (expand.countKey !== undefined) members.push(`${name('@odata.count')}:${Number(parent.row[expand.countKey] ?? 0)}`)
  members.push(`${name()}:[${shown.map((one) => rowJson(inner, expand.shape, one)).join(',')}]`)
  const last = shown.at(-1)
  if (expand.pages && all.length > shown.length && last !== undefined)
    members.push(`${name('@odata.nextLink')}:${JSON.stringify(rendering.nextLink(expand, parent, last))}`)
  return members
}

type Nested = { [name: string]: string | Nested }

function groupJson(members: readonly GroupMember[], row: RowTree): string {
  const object: Nested = Object.create(null)
  for (const { key, path, column, method } of members) {
    let at = object
    for (const name of path.slice(0, -1)) {
      const inner = at[name]
      const next: Nested = typeof inner === 'object' ? inner : Object.create(null)
      at[name] = next
      at = next
    }
    const isNumber = method === 'sum' || method === 'average' || method === 'count' || method === 'countdistinct'
    at[path.at(-1) ?? ''] = valueJson(isNumber ? undefined : (column ?? { type: 'string' }), plain(row[key]))
  }
  return nestedJson(object)
}

function nestedJson(object: Nested): string {
  const members = Object.entries(object).map(
    ([name, value]) => `${JSON.stringify(name)}:${typeof value === 'string' ? value : nestedJson(value)}`,
  )
  return `{${members.join(',')}}`
}

function plain(value: RowTree[string] | undefined): string | number | boolean | null {
  return value === undefined || typeof value === 'object' ? null : value
}

function isTree(value: RowTree[string] | undefined): value is RowTree {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
