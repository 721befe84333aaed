import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { assert, required } from '#lib/assert.ts'

/**
 * The data entities the ERP serves, as data: definitions/<Set>.json names the table behind an entity, its key and its fields with their
 * types; fields are the real ones of Finance & Operations, those under `extension` are the seller's own.
 */
export type Catalog = {
  readonly entities: readonly Entity[]
  readonly bySet: ReadonlyMap<string, Entity>
  readonly enums: ReadonlyMap<string, readonly string[]>
}

export type Entity = {
  /** 'SalesOrderHeadersV2' */
  readonly set: string
  /** 'SalesOrderHeaderV2' */
  readonly type: string
  /** The name in error texts: 'SalesOrderHeaderV2Entity' */
  readonly entity: string
  readonly table: string
  readonly readOnly: boolean
  readonly keys: readonly Field[]
  readonly fields: ReadonlyMap<string, Field>
  readonly navigation: ReadonlyMap<string, Navigation>
  /** Rows belong to a company: the entity has dataAreaId. */
  readonly perCompany: boolean
}

export type EdmType = 'String' | 'Decimal' | 'DateTimeOffset' | 'Int32' | 'Int64' | 'Guid' | 'Enum'

export type Field = {
  readonly name: string
  readonly type: EdmType
  /** Name and members, where type is 'Enum'. */
  readonly enumType: string
  readonly members: readonly string[]
  /** Where the value is kept; undefined means under its own name in `extra`. */
  readonly column: string | undefined
  readonly key: boolean
}

export type Navigation = {
  readonly name: string
  readonly set: string
  readonly many: boolean
  /** Field here → field there. */
  readonly on: readonly (readonly [here: string, there: string])[]
}

export const NAMESPACE = 'Microsoft.Dynamics.DataEntities'
export const COMPANY_FIELD = 'dataAreaId'
export const NO_DATE = '1900-01-01T12:00:00Z'

/** Reads the definitions; `columns` are the columns that each table really has. */
export function loadCatalog(columns: ReadonlyMap<string, ReadonlySet<string>>): Catalog {
  const enums = new Map(Object.entries(readJson<Record<string, string[]>>(join(import.meta.dirname, 'enums.json'))))
  const folder = join(import.meta.dirname, 'definitions')
  const entities = readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => entityOf(readJson<Definition>(join(folder, name)), columns, enums))
  const bySet = new Map(entities.map((entity) => [entity.set, entity]))
  for (const entity of entities) {
    for (const link of entity.navigation.values()) assert(bySet.has(link.set), `${entity.set}/${link.name} leads somewhere`)
  }
  return { entities, bySet, enums }
}

export function getField(entity: Entity, name: string): Field {
  return required(entity.fields.get(name), `field ${entity.set}.${name}`)
}

/** The value of a field that nothing was written to. */
export function emptyValue(field: Field): string | number {
  if (field.type === 'String') return ''
  if (field.type === 'Enum') return field.members[0] ?? ''
  if (field.type === 'DateTimeOffset') return NO_DATE
  return field.type === 'Guid' ? '00000000-0000-0000-0000-000000000000' : 0
}

type Definition = {
  set: string
  type: string
  entity: string
  table: string
  readOnly?: boolean
  keys: string[]
  /** Fields that are kept under another column's name. */
  columns?: Record<string, string>
  navigation?: Record<string, { set: string; many: boolean; on: Record<string, string> }>
  fields: Record<string, string>
}

const EDM_TYPES: ReadonlySet<string> = new Set<EdmType>(['String', 'Decimal', 'DateTimeOffset', 'Int32', 'Int64', 'Guid'])

function entityOf(
  definition: Definition,
  columns: ReadonlyMap<string, ReadonlySet<string>>,
  enums: ReadonlyMap<string, readonly string[]>,
): Entity {
  const existing = required(columns.get(definition.table), `table scm.${definition.table}`)
  const fields = new Map<string, Field>()
  for (const [name, type] of Object.entries(definition.fields)) {
    const column = definition.columns?.[name] ?? name
    const enumType = type.startsWith('enum ') ? type.slice(5) : ''
    assert(enumType !== '' || EDM_TYPES.has(type), `${definition.set}.${name} has a known type`)
    fields.set(name, {
      name,
      type: enumType === '' ? (type as EdmType) : 'Enum',
      enumType,
      members: enumType === '' ? [] : required(enums.get(enumType), `enum ${enumType}`),
      column: existing.has(column) ? column : undefined,
      key: definition.keys.includes(name),
    })
  }
  const keys = definition.keys.map((name) => required(fields.get(name), `key field ${definition.set}.${name}`))
  for (const key of keys) assert(key.column !== undefined, `${definition.set}.${key.name} has a column`)
  const navigation = new Map(
    Object.entries(definition.navigation ?? {}).map(([name, link]) => [name, { ...link, name, on: Object.entries(link.on) }]),
  )
  const { set, type, entity, table } = definition
  return {
    set,
    type,
    entity,
    table,
    readOnly: definition.readOnly ?? false,
    keys,
    fields,
    navigation,
    perCompany: fields.has(COMPANY_FIELD),
  }
}

function readJson<T>(file: string): T {
  return JSON.parse(readFileSync(file, 'utf8')) as T
}
