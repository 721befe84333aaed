import { type Entity, emptyValue, type Field, NAMESPACE } from '../entities/catalog.ts'
import { etagOf } from './etag.ts'
import type { MetadataLevel } from './protocol.ts'
import type { ReadRow } from './read.queries.ts'
import type { Expand, Shape } from './read-plan.ts'

/** Rows with what their $expand brought, in the order of the shape's expands. */
export type Tree = { row: ReadRow; related: readonly (readonly Tree[])[] }

/** Writes rows of one shape as JSON. Decimals are written digit by digit as the database has them: no float ever sees them. */
export function createRenderer(shape: Shape, level: MetadataLevel, root: string): (tree: Tree) => string {
  const fields = shape.fields.map((field) => memberOf(field, level))
  const expands = shape.expands.map((expand) => ({ expand, render: createRenderer(expand.shape, level, root) }))
  return (tree) => `{${bodyOf(tree).join(',')}}`

  function bodyOf({ row, related }: Tree): string[] {
    const parts = annotationsOf(shape.entity, row, level, root)
    const extra = row['~extra'] as Readonly<Record<string, unknown>> | undefined
    for (const field of fields) parts.push(field(row, extra))
    expands.forEach(({ expand, render }, index) => {
      parts.push(`${JSON.stringify(expand.navigation.name)}:${renderRelated(expand, related[index] ?? [], render)}`)
    })
    return parts
  }
}

/** `SalesOrderLines(dataAreaId='usmf',InventoryLotId='x')` */
export function canonicalPath(entity: Entity, row: Readonly<Record<string, unknown>>): string {
  const parts = entity.keys.map((key) => `${key.name}=${keyLiteral(key, row[key.name])}`)
  return `${entity.set}(${parts.join(',')})`
}

/** As Finance & Operations prints a moment: whole seconds bare, `…T12:00:00Z`. */
function formatMoment(text: string): string {
  return text.endsWith('.000Z') ? `${text.slice(0, -5)}Z` : text
}

function keyLiteral(field: Field, value: unknown): string {
  const text = String(value)
  if (field.type === 'String') return `'${encodeURIComponent(text.replaceAll("'", "''"))}'`
  if (field.type === 'DateTimeOffset') return formatMoment(text)
  return field.type === 'Enum' ? `${NAMESPACE}.${field.enumType}'${text}'` : text
}

function renderRelated(expand: Expand, trees: readonly Tree[], render: (tree: Tree) => string): string {
  if (expand.navigation.many) return `[${trees.map(render).join(',')}]`
  return trees[0] === undefined ? 'null' : render(trees[0])
}

function annotationsOf(entity: Entity, row: ReadRow, level: MetadataLevel, root: string): string[] {
  if (level === 'none') return []
  const etag = `"@odata.etag":${JSON.stringify(etagOf(row))}`
  if (level === 'minimal') return [etag]
  const path = canonicalPath(entity, row)
  const links = [...entity.navigation.keys()].flatMap((name) => [
    `${JSON.stringify(`${name}@odata.associationLink`)}:${JSON.stringify(`${root}/${path}/${name}/$ref`)}`,
    `${JSON.stringify(`${name}@odata.navigationLink`)}:${JSON.stringify(`${root}/${path}/${name}`)}`,
  ])
  return [
    `"@odata.type":${JSON.stringify(`#${NAMESPACE}.${entity.type}`)}`,
    `"@odata.id":${JSON.stringify(`${root}/${path}`)}`,
    etag,
    `"@odata.editLink":${JSON.stringify(path)}`,
    ...links,
  ]
}

type Member = (row: ReadRow, extra: Readonly<Record<string, unknown>> | undefined) => string

function memberOf(field: Field, level: MetadataLevel): Member {
  const annotation = level === 'full' && field.type !== 'String' && field.type !== 'Int32' ? annotatedType(field) : ''
  const name = `${annotation}${JSON.stringify(field.name)}:`
  const empty = literalOf(field, emptyValue(field))
  if (field.column !== undefined) return (row) => name + literalOf(field, row[field.name])
  return (_row, extra) => {
    const value = extra?.[field.name]
    return name + (value === undefined || value === null || value === '' ? empty : literalOf(field, value))
  }
}

function annotatedType(field: Field): string {
  const type = field.type === 'Enum' ? `${NAMESPACE}.${field.enumType}` : field.type
  return `${JSON.stringify(`${field.name}@odata.type`)}:${JSON.stringify(`#${type}`)},`
}

function literalOf(field: Field, value: unknown): string {
  switch (field.type) {
    case 'Decimal':
    case 'Int32':
    case 'Int64':
      return String(value)
    case 'DateTimeOffset':
      return `"${formatMoment(String(value))}"`
    default:
      return JSON.stringify(String(value))
  }
}
