import type { EntityDescription, FieldDescription, FieldType } from '#connector/contract.ts'
import { AppError } from '#lib/app-error.ts'
import { readXmlTags, type XmlTag } from './xml.ts'

export type ErpField = FieldDescription & {
  /** As $metadata names it: 'Edm.Decimal', 'Microsoft.Dynamics.DataEntities.NoYes'. */
  edmType: string
}
export type ErpEntity = Omit<EntityDescription, 'fields'> & {
  fields: ReadonlyMap<string, ErpField>
  /** Where the entity shows when a record was changed last. Few do. */
  modifiedField: string | undefined
}

/** The names that entities give to the time of the last change. */
const MODIFIED_FIELDS = ['ModifiedDateTime', 'SysModifiedDateTime', 'LastModifiedDateTime', 'ModifiedOn']

/** The legal entity of a record, in every entity that belongs to one. */
export const COMPANY_FIELD = 'dataAreaId'

/**
 * The entity sets that `$metadata` describes, by name. Fields of complex and collection types are left out: data entities have none
 * that a map could use. Throws AppError `connector.bad_metadata` when it is not such a document.
 */
export function parseMetadata(xml: string): Map<string, ErpEntity> {
  const schema = collect(xml)
  const entities = new Map<string, ErpEntity>()
  for (const [name, typeName] of schema.sets) {
    const type = schema.types.get(localName(typeName))
    if (type === undefined || type.keys.length === 0) continue
    const fields = new Map(
      type.properties.flatMap((property) => {
        const field = fieldOf(property, schema.enums)
        return field === undefined ? [] : [[property.name, field] as const]
      }),
    )
    if (!type.keys.every((key) => fields.has(key))) continue
    const modifiedField = MODIFIED_FIELDS.find((field) => fields.get(field)?.type === 'datetime')
    entities.set(name, {
      name,
      keyFields: type.keys,
      fields,
      companyField: fields.has(COMPANY_FIELD) ? COMPANY_FIELD : undefined,
      modifiedField,
      changes: modifiedField === undefined ? 'none' : 'no_deletes',
    })
  }
  if (entities.size === 0) {
    throw new AppError(
      'connector.bad_metadata',
      'The metadata of the ERP describes no entity set: is the address that of its root?',
    )
  }
  return entities
}

type Property = { name: string; type: string; nullable: boolean }
type EntityType = { keys: string[]; properties: Property[] }
type Schema = { enums: Map<string, string[]>; types: Map<string, EntityType>; sets: Map<string, string> }

function collect(xml: string): Schema {
  const schema: Schema = { enums: new Map(), types: new Map(), sets: new Map() }
  let type: EntityType | undefined
  let members: string[] | undefined
  for (const tag of readXmlTags(xml)) {
    if (tag.kind === 'close') {
      if (tag.name === 'EntityType' || tag.name === 'ComplexType') type = undefined
      if (tag.name === 'EnumType') members = undefined
      continue
    }
    const name = tag.attributes.get('Name') ?? ''
    if (tag.name === 'EntityType') {
      type = { keys: [], properties: [] }
      schema.types.set(name, type)
    } else if (tag.name === 'EnumType') {
      members = []
      schema.enums.set(name, members)
    } else if (tag.name === 'Member') members?.push(name)
    else if (tag.name === 'PropertyRef') type?.keys.push(name)
    else if (tag.name === 'Property') type?.properties.push(propertyOf(tag, name))
    else if (tag.name === 'EntitySet') schema.sets.set(name, tag.attributes.get('EntityType') ?? '')
  }
  return schema
}

function propertyOf(tag: XmlTag, name: string): Property {
  return { name, type: tag.attributes.get('Type') ?? '', nullable: tag.attributes.get('Nullable') !== 'false' }
}

function fieldOf(property: Property, enums: ReadonlyMap<string, string[]>): ErpField | undefined {
  const { type: edmType, nullable } = property
  const members = edmType.startsWith('Edm.') ? undefined : enums.get(localName(edmType))
  if (members !== undefined) return { type: 'enum', nullable, enumMembers: members, edmType }
  const type = isDay(property) ? 'date' : TYPES[edmType]
  // "Not nullable" says of a number or a date only that nothing is 0 or 1900-01-01 there.
  return type === undefined ? undefined : { type, nullable, enumMembers: [], edmType, hasDefault: type !== 'string' }
}

/**
 * Days and moments have the same type there (Edm.DateTimeOffset, days at noon), so the name decides: RequestedShippingDate is a day,
 * OrderCreationDateTime, AddressValidFrom and CreatedOn are moments.
 */
function isDay({ name, type }: Property): boolean {
  return type === 'Edm.Date' || (type === 'Edm.DateTimeOffset' && isDayName(name))
}

export function isDayName(field: string): boolean {
  return field.endsWith('Date')
}

const TYPES: Readonly<Record<string, FieldType>> = {
  'Edm.String': 'string',
  'Edm.Int16': 'integer',
  'Edm.Int32': 'integer',
  'Edm.Int64': 'integer',
  'Edm.Byte': 'integer',
  'Edm.Decimal': 'decimal',
  'Edm.Double': 'decimal',
  'Edm.Boolean': 'boolean',
  'Edm.DateTimeOffset': 'datetime',
  'Edm.Guid': 'guid',
}

function localName(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1)
}
