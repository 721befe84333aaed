import type { Json, JsonObject } from '#lib/json.ts'
import type { Catalog } from '#tables/catalog.ts'
import { type ColumnDefinition, isComputed, isLookup, labelOf } from '#tables/definition.ts'
import { type ApiTable, type ApiTables, navigations, propertyName } from '../metadata/model.ts'
import type { Dialect } from '../protocol/refusals.ts'

type Described = { catalog: Catalog; tables: ApiTables; language: string }

/** A row as it is answered. */
export function rowSchema({ catalog, tables, language }: Described, one: ApiTable): JsonObject {
  const properties: Record<string, Json> = { '@odata.etag': { type: 'string' } }
  for (const column of one.columns)
    if (one.readable.has(column.name)) properties[propertyName(column)] = valueSchema(column, language)
  // What stands behind a row is named, not drawn: schemas that hold each other have no end.
  const behind = navigations(catalog, tables, one).map((link) => link.name)
  return {
    type: 'object',
    title: labelOf(one.table, language),
    ...(one.table.description === '' ? {} : { description: one.table.description }),
    properties,
    ...(behind.length === 0 ? {} : { 'x-navigation': behind }),
  }
}

/** What a request to create or change a row may say. Lookups are written by the address of the row they point to. */
export function writeSchema({ catalog, tables, language }: Described, one: ApiTable): JsonObject {
  const properties: Record<string, Json> = {}
  const links = navigations(catalog, tables, one)
  const written = one.columns.filter(
    (column) => (one.creatable.has(column.name) || one.writable.has(column.name)) && !isComputed(column),
  )
  for (const column of written) {
    if (!isLookup(column)) properties[column.name] = valueSchema(column, language)
    for (const link of links)
      if (link.kind === 'lookup' && link.column === column)
        properties[`${link.name}@odata.bind`] = {
          type: 'string',
          examples: [`/${link.target.setName}(00000000-0000-0000-0000-000000000001)`],
        }
  }
  const required = written
    .filter((column) => column.required && !isLookup(column) && column.default === undefined)
    .map((column) => column.name)
  return { type: 'object', properties, ...(required.length === 0 ? {} : { 'x-required-on-create': required }) }
}

export function errorSchema(dialect: Dialect): JsonObject {
  const text = { type: 'string' }
  const inner = { type: 'object', additionalProperties: true }
  const properties: JsonObject =
    dialect === 'data'
      ? { code: text, message: text, innererror: inner }
      : { code: text, message: text, cdscode: text, innererror: inner }
  return {
    type: 'object',
    required: ['error'],
    properties: { error: { type: 'object', required: ['code', 'message'], properties } },
  }
}

function valueSchema(column: ColumnDefinition, language: string): JsonObject {
  const title = labelOf(column, language)
  const description = column.description === '' ? {} : { description: column.description }
  return { title, ...description, ...typeSchema(column, language) }
}

function typeSchema(column: ColumnDefinition, language: string): JsonObject {
  const bounds = {
    ...(column.min === undefined ? {} : { minimum: Number(column.min) }),
    ...(column.max === undefined ? {} : { maximum: Number(column.max) }),
  }
  switch (column.type) {
    case 'integer':
      return { type: ['integer', 'null'], format: 'int32', ...bounds }
    case 'bigint':
      return { type: ['integer', 'null'], format: 'int64', ...bounds }
    case 'decimal':
    case 'money':
      return { type: ['number', 'null'], format: 'decimal', ...bounds }
    case 'boolean':
      return { type: ['boolean', 'null'] }
    case 'date':
      return { type: ['string', 'null'], format: 'date' }
    case 'datetime':
      return { type: ['string', 'null'], format: 'date-time' }
    case 'choice':
      return { type: ['integer', 'null'], oneOf: [...options(column, language), { type: 'null' }] }
    case 'choices':
      return { type: ['string', 'null'], description: [...column.options].map(([name, value]) => `${value}: ${name}`).join(', ') }
    case 'string':
    case 'memo':
      return {
        type: ['string', 'null'],
        ...(column.length === undefined ? {} : { maxLength: column.length }),
        ...(column.pattern === undefined ? {} : { pattern: column.pattern.expression }),
      }
    default:
      return { type: ['string', 'null'], format: 'uuid' }
  }
}

function options(column: ColumnDefinition, language: string): JsonObject[] {
  return [...column.options].map(([name, value]) => ({
    const: value,
    title: labelOf({ name, labels: column.optionLabels.get(value) ?? {} }, language),
  }))
}
