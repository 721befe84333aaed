import { createHash } from 'node:crypto'
import type { Json, JsonObject } from '#lib/json.ts'
import type { Catalog } from '#tables/catalog.ts'
import { type ColumnDefinition, isComputed, labelOf, navigationName, type TableDefinition } from '#tables/definition.ts'
import { type ApiTable, type ApiTables, navigations } from './model.ts'

const CRM = '#Microsoft.Dynamics.CRM.'

/** A table as Dataverse's EntityMetadata tells of it: the part that clients and generators ask for. */
export function entityDefinition(one: ApiTable, language: string): JsonObject {
  const { table } = one
  return {
    MetadataId: metadataId(table.name),
    LogicalName: table.name,
    SchemaName: table.name,
    EntitySetName: table.setName,
    LogicalCollectionName: table.setName,
    CollectionSchemaName: table.setName,
    PrimaryIdAttribute: table.idColumn,
    PrimaryNameAttribute: table.nameColumn,
    DisplayName: label(table, language),
    DisplayCollectionName: label(table, language),
    Description: textLabel(table.description, language),
    IsCustomEntity: table.origin === 'custom',
    IsActivity: false,
    IsIntersect: false,
    ChangeTrackingEnabled: true,
    OwnershipType: 'OrganizationOwned',
    ObjectTypeCode: null,
  }
}

/** The columns of a table, each with what its type says of it. */
export function attributeDefinitions(one: ApiTable, language: string): JsonObject[] {
  return one.columns.map((column) => attributeDefinition(one, column, language))
}

export function keyDefinitions(one: ApiTable): JsonObject[] {
  const known = new Set(one.columns.map((column) => column.name))
  return [...one.table.keys]
    .filter(([, columns]) => columns.every((name) => known.has(name)))
    .map(([name, columns]) => ({
      MetadataId: metadataId(one.table.name, `key ${name}`),
      LogicalName: name,
      SchemaName: name,
      EntityLogicalName: one.table.name,
      KeyAttributes: [...columns],
      EntityKeyIndexStatus: 'Active',
      DisplayName: textLabel(name, 'en'),
    }))
}

/** Lookups of this table (`ManyToOne`), and those of others that point here (`OneToMany`). */
export function relationshipDefinitions(
  catalog: Catalog,
  tables: ApiTables,
  one: ApiTable,
  direction: 'ManyToOne' | 'OneToMany',
): JsonObject[] {
  return navigations(catalog, tables, one).flatMap((link) => {
    if ((link.kind === 'lookup') !== (direction === 'ManyToOne')) return []
    const [child, column, parent] =
      link.kind === 'lookup' ? [one.table, link.column, link.target] : [link.table, link.lookup, one.table]
    return [relationship(child, column, parent)]
  })
}

function relationship(child: TableDefinition, column: ColumnDefinition, parent: TableDefinition): JsonObject {
  return {
    MetadataId: metadataId(child.name, `relationship ${column.name} ${parent.name}`),
    SchemaName: `${child.name}_${navigationName(column, parent.name)}`,
    RelationshipType: 'OneToManyRelationship',
    ReferencedEntity: parent.name,
    ReferencedAttribute: parent.idColumn,
    ReferencedEntityNavigationPropertyName: column.collectionName,
    ReferencingEntity: child.name,
    ReferencingAttribute: column.name,
    ReferencingEntityNavigationPropertyName: navigationName(column, parent.name),
    IsCustomRelationship: column.origin === 'custom',
  }
}

/** Type of the attribute, and of the metadata that describes it. */
const TYPES: Readonly<Record<ColumnDefinition['type'], readonly [attributeType: string, metadata: string]>> = {
  uniqueidentifier: ['Uniqueidentifier', 'UniqueIdentifierAttributeMetadata'],
  string: ['String', 'StringAttributeMetadata'],
  memo: ['Memo', 'MemoAttributeMetadata'],
  integer: ['Integer', 'IntegerAttributeMetadata'],
  bigint: ['BigInt', 'BigIntAttributeMetadata'],
  decimal: ['Decimal', 'DecimalAttributeMetadata'],
  money: ['Money', 'MoneyAttributeMetadata'],
  boolean: ['Boolean', 'BooleanAttributeMetadata'],
  date: ['DateTime', 'DateTimeAttributeMetadata'],
  datetime: ['DateTime', 'DateTimeAttributeMetadata'],
  choice: ['Picklist', 'PicklistAttributeMetadata'],
  choices: ['Virtual', 'MultiSelectPicklistAttributeMetadata'],
  lookup: ['Lookup', 'LookupAttributeMetadata'],
  customer: ['Customer', 'LookupAttributeMetadata'],
  file: ['Virtual', 'FileAttributeMetadata'],
  image: ['Virtual', 'ImageAttributeMetadata'],
}

function attributeDefinition(one: ApiTable, column: ColumnDefinition, language: string): JsonObject {
  const { table } = one
  const [attributeType, metadata] = TYPES[column.type]
  return {
    '@odata.type': CRM + metadata,
    MetadataId: metadataId(table.name, column.name),
    EntityLogicalName: table.name,
    LogicalName: column.name,
    SchemaName: column.name,
    AttributeType: attributeType,
    AttributeTypeName: { Value: typeName(column, attributeType) },
    DisplayName: label(column, language),
    Description: textLabel(column.description, language),
    RequiredLevel: { Value: requiredLevel(table, column), CanBeChanged: false },
    IsPrimaryId: column.name === table.idColumn,
    IsPrimaryName: column.name === table.nameColumn,
    IsCustomAttribute: column.origin === 'custom',
    IsValidForRead: one.readable.has(column.name),
    IsValidForCreate: one.creatable.has(column.name) && !isComputed(column),
    IsValidForUpdate: one.writable.has(column.name) && !isComputed(column),
    IsLogical: false,
    ...details(column, language),
  }
}

function typeName(column: ColumnDefinition, attributeType: string): string {
  if (column.type === 'choices') return 'MultiSelectPicklistType'
  if (column.type === 'file' || column.type === 'image') return column.type === 'file' ? 'FileType' : 'ImageType'
  return `${attributeType}Type`
}

function requiredLevel(table: TableDefinition, column: ColumnDefinition): string {
  if (column.name === table.idColumn || column.system) return 'SystemRequired'
  return column.required ? 'ApplicationRequired' : 'None'
}

function details(column: ColumnDefinition, language: string): JsonObject {
  const bounds = { MinValue: column.min ?? null, MaxValue: column.max ?? null }
  switch (column.type) {
    case 'string':
    case 'memo':
      return { MaxLength: column.length ?? null, AutoNumberFormat: column.autonumber ?? null }
    case 'integer':
    case 'bigint':
      return bounds
    case 'decimal':
    case 'money':
      return { ...bounds, Precision: column.scale ?? null }
    case 'date':
      return { Format: 'DateOnly', DateTimeBehavior: { Value: 'DateOnly' } }
    case 'datetime':
      return {
        Format: 'DateAndTime',
        DateTimeBehavior: { Value: column.behaviour === 'user_local' ? 'UserLocal' : 'TimeZoneIndependent' },
      }
    case 'choice':
    case 'choices':
      return { OptionSet: optionSet(column, language) }
    case 'lookup':
    case 'customer':
      return { Targets: [...column.targets] }
    case 'file':
    case 'image':
      return { MaxSizeInKB: column.bytesMax === undefined ? null : Math.floor(column.bytesMax / 1024) }
    default:
      return {}
  }
}

/** The options of a choice, with their labels. */
export function optionSet(column: ColumnDefinition, language: string): JsonObject {
  const options = [...column.options].map(([name, value]): Json => {
    const labels = column.optionLabels.get(value) ?? {}
    return { Value: value, ExternalValue: name, Label: label({ name, labels }, language) }
  })
  return { Name: column.name, IsGlobal: false, OptionSetType: 'Picklist', Options: options }
}

/** Windows language codes of the languages that labels are likely to be in. */
const LANGUAGE_CODES: Readonly<Record<string, number>> = { en: 1033, fr: 1036, de: 1031, es: 3082, it: 1040, nl: 1043 }

function label(named: { name: string; labels: Readonly<Record<string, string>> }, language: string): JsonObject {
  const all = Object.entries(named.labels).map(([code, text]) => localized(text, code))
  const own = localized(labelOf(named, language), language)
  return { LocalizedLabels: all.length === 0 ? [own] : all, UserLocalizedLabel: own }
}

function textLabel(text: string, language: string): JsonObject {
  const own = localized(text, language)
  return { LocalizedLabels: text === '' ? [] : [own], UserLocalizedLabel: text === '' ? null : own }
}

function localized(text: string, language: string): JsonObject {
  return { Label: text, LanguageCode: LANGUAGE_CODES[language] ?? 1033, IsManaged: false }
}

/** An id that stays the same: made of the names. */
function metadataId(...names: readonly string[]): string {
  const hash = createHash('sha256')
    .update(`comptoir metadata\0${names.join('\0')}`)
    .digest('hex')
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-8${hash.slice(13, 16)}-a${hash.slice(17, 20)}-${hash.slice(20, 32)}`
}
