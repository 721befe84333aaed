import { type Catalog, type Entity, type Field, NAMESPACE } from '../entities/catalog.ts'

/** `/data/$metadata`: the whole service as CSDL XML, version 4. */
export function metadataDocument(catalog: Catalog): string {
  const used = new Set(catalog.entities.flatMap((entity) => [...entity.fields.values()].map((field) => field.enumType)))
  const enums = [...catalog.enums].filter(([name]) => used.has(name)).map(([name, members]) => enumType(name, members))
  const types = catalog.entities.map((entity) => entityType(catalog, entity))
  const sets = catalog.entities.map((entity) => entitySet(catalog, entity))
  return [
    '<?xml version="1.0" encoding="utf-8"?>',
    '<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">',
    '<edmx:DataServices>',
    `<Schema Namespace="${NAMESPACE}" xmlns="http://docs.oasis-open.org/odata/ns/edm">`,
    ...enums,
    ...types,
    `<EntityContainer Name="Resources">`,
    ...sets,
    '</EntityContainer>',
    '</Schema>',
    '</edmx:DataServices>',
    '</edmx:Edmx>',
  ].join('\n')
}

/** `/data`: the sets by name. */
export function serviceDocument(catalog: Catalog, root: string): string {
  const value = catalog.entities.map((entity) => ({ name: entity.set, kind: 'EntitySet', url: entity.set }))
  return JSON.stringify({ '@odata.context': `${root}/$metadata`, value })
}

function enumType(name: string, members: readonly string[]): string {
  const lines = members.map((member, index) => `<Member Name="${member}" Value="${index}" />`)
  return `<EnumType Name="${name}">${lines.join('')}</EnumType>`
}

function entityType(catalog: Catalog, entity: Entity): string {
  const keys = entity.keys.map((key) => `<PropertyRef Name="${key.name}" />`)
  const properties = [...entity.fields.values()].map(property)
  const links = [...entity.navigation.values()].map((link) => {
    const target = `${NAMESPACE}.${typeOf(catalog, link.set)}`
    const type = link.many ? `Collection(${target})` : target
    const partner = partnerOf(catalog, entity, link.set)
    const constraints = link.many
      ? ''
      : link.on.map(([here, there]) => `<ReferentialConstraint Property="${here}" ReferencedProperty="${there}" />`).join('')
    return `<NavigationProperty Name="${link.name}" Type="${type}"${partner}>${constraints}</NavigationProperty>`
  })
  return [`<EntityType Name="${entity.type}">`, `<Key>${keys.join('')}</Key>`, ...properties, ...links, '</EntityType>'].join(
    '\n',
  )
}

/** Text and enums are nullable, the rest is not; keys never are. */
function property(field: Field): string {
  const type = field.type === 'Enum' ? `${NAMESPACE}.${field.enumType}` : `Edm.${field.type}`
  const nullable = !field.key && (field.type === 'String' || field.type === 'Enum') ? '' : ' Nullable="false"'
  const scale = field.type === 'Decimal' ? ' Scale="variable"' : ''
  return `<Property Name="${field.name}" Type="${type}"${nullable}${scale} />`
}

function partnerOf(catalog: Catalog, entity: Entity, set: string): string {
  const back = [...(catalog.bySet.get(set)?.navigation.values() ?? [])].find((link) => link.set === entity.set)
  return back === undefined ? '' : ` Partner="${back.name}"`
}

function entitySet(catalog: Catalog, entity: Entity): string {
  const bindings = [...entity.navigation.values()].map(
    (link) => `<NavigationPropertyBinding Path="${link.name}" Target="${catalog.bySet.get(link.set)?.set}" />`,
  )
  return `<EntitySet Name="${entity.set}" EntityType="${NAMESPACE}.${entity.type}">${bindings.join('')}</EntitySet>`
}

function typeOf(catalog: Catalog, set: string): string {
  return catalog.bySet.get(set)?.type ?? ''
}
