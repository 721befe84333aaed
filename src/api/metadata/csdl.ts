import { escapeHtml } from '#lib/html.ts'
import type { Catalog } from '#tables/catalog.ts'
import { type ColumnDefinition, isComputed } from '#tables/definition.ts'
import { type ApiTable, type ApiTables, type Navigation, navigations, propertyName } from './model.ts'

const NAMESPACE = 'Microsoft.Dynamics.CRM'

/** `$metadata` as CSDL XML, version 4: the tables as the caller may know them, in Dataverse's shapes. */
export function csdlDocument(catalog: Catalog, tables: ApiTables): string {
  const all = [...tables.values()]
  return [
    '<?xml version="1.0" encoding="utf-8"?>',
    '<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">',
    '<edmx:Reference Uri="http://vocabularies.odata.org/OData.Core.V1.xml"><edmx:Include Namespace="Org.OData.Core.V1" Alias="Core" /></edmx:Reference>',
    '<edmx:DataServices>',
    `<Schema Namespace="${NAMESPACE}" Alias="mscrm" xmlns="http://docs.oasis-open.org/odata/ns/edm">`,
    ...all.map((one) => entityType(catalog, tables, one)),
    ...FUNCTIONS,
    '<EntityContainer Name="System">',
    ...all.map((one) => entitySet(catalog, tables, one)),
    ...FUNCTION_IMPORTS,
    '</EntityContainer>',
    '</Schema>',
    '</edmx:DataServices>',
    '</edmx:Edmx>',
  ].join('\n')
}

/** The type of a column's property in OData. Choices are numbers and several choices text, as Dataverse has them. */
function edmTypeOf(column: ColumnDefinition): string {
  return EDM_TYPES[column.type]
}

const EDM_TYPES: Readonly<Record<ColumnDefinition['type'], string>> = {
  uniqueidentifier: 'Edm.Guid',
  string: 'Edm.String',
  memo: 'Edm.String',
  integer: 'Edm.Int32',
  bigint: 'Edm.Int64',
  decimal: 'Edm.Decimal',
  money: 'Edm.Decimal',
  boolean: 'Edm.Boolean',
  date: 'Edm.Date',
  datetime: 'Edm.DateTimeOffset',
  choice: 'Edm.Int32',
  choices: 'Edm.String',
  lookup: 'Edm.Guid',
  customer: 'Edm.Guid',
  // The id of the stored file; its content is the property's $value.
  file: 'Edm.Guid',
  image: 'Edm.Guid',
}

function entityType(catalog: Catalog, tables: ApiTables, one: ApiTable): string {
  const { table } = one
  const key = `<Key><PropertyRef Name="${table.idColumn}" /></Key>`
  const properties = one.columns.map((column) => property(one, column))
  const links = navigations(catalog, tables, one).map(navigationProperty)
  return [`<EntityType Name="${table.name}">`, key, ...properties, ...links, ...alternateKeys(one), '</EntityType>'].join('\n')
}

/** Nothing but the key is never null: a permission may hide any other column of some rows. */
function property(one: ApiTable, column: ColumnDefinition): string {
  const facets: string[] = []
  if (column.name === one.table.idColumn) facets.push('Nullable="false"')
  if (column.length !== undefined) facets.push(`MaxLength="${column.length}"`)
  if (edmTypeOf(column) === 'Edm.Decimal') facets.push(`Scale="${column.scale ?? 'variable'}"`)
  if (column.type === 'datetime') facets.push('Precision="3"')
  if (column.type === 'string' || column.type === 'memo') facets.push('Unicode="true"')
  const attributes = [`Name="${propertyName(column)}"`, `Type="${edmTypeOf(column)}"`, ...facets].join(' ')
  const notes = [...computedNote(one, column), ...descriptionNote(column)]
  return notes.length === 0 ? `<Property ${attributes} />` : `<Property ${attributes}>${notes.join('')}</Property>`
}

function computedNote(one: ApiTable, column: ColumnDefinition): string[] {
  const written = one.creatable.has(column.name) || one.writable.has(column.name)
  return isComputed(column) && !written ? ['<Annotation Term="Org.OData.Core.V1.Computed" Bool="true" />'] : []
}

function descriptionNote(column: ColumnDefinition): string[] {
  if (column.description === '') return []
  return [`<Annotation Term="Org.OData.Core.V1.Description" String="${escapeHtml(column.description)}" />`]
}

function navigationProperty(one: Navigation): string {
  const target = one.kind === 'lookup' ? one.target : one.table
  const type = one.kind === 'lookup' ? `${NAMESPACE}.${target.name}` : `Collection(${NAMESPACE}.${target.name})`
  const partner = one.partner === undefined ? '' : ` Partner="${one.partner}"`
  if (one.kind === 'collection') return `<NavigationProperty Name="${one.name}" Type="${type}"${partner} />`
  const constraint = `<ReferentialConstraint Property="${propertyName(one.column)}" ReferencedProperty="${target.idColumn}" />`
  return `<NavigationProperty Name="${one.name}" Type="${type}"${partner}>${constraint}</NavigationProperty>`
}

/** Those whose columns the caller all knows. */
function alternateKeys(one: ApiTable): string[] {
  const known = new Set(one.columns.map((column) => column.name))
  const keys = [...one.table.keys.values()].filter((columns) => columns.every((name) => known.has(name)))
  if (keys.length === 0) return []
  const records = keys.map((columns) => {
    const parts = columns.map((name) => {
      const property = propertyName(one.table.columns.get(name) ?? ({ ...one.columns[0], name } as ColumnDefinition))
      return `<Record Type="Org.OData.Core.V1.PropertyRef"><PropertyValue Property="Name" PropertyPath="${property}" /><PropertyValue Property="Alias" String="${property}" /></Record>`
    })
    return `<Record Type="Org.OData.Core.V1.AlternateKey"><PropertyValue Property="Key"><Collection>${parts.join('')}</Collection></PropertyValue></Record>`
  })
  return [`<Annotation Term="Org.OData.Core.V1.AlternateKeys"><Collection>${records.join('')}</Collection></Annotation>`]
}

function entitySet(catalog: Catalog, tables: ApiTables, one: ApiTable): string {
  const bindings = navigations(catalog, tables, one).map((link) => {
    const target = link.kind === 'lookup' ? link.target : link.table
    return `<NavigationPropertyBinding Path="${link.name}" Target="${target.setName}" />`
  })
  return `<EntitySet Name="${one.table.setName}" EntityType="${NAMESPACE}.${one.table.name}">${bindings.join('')}</EntitySet>`
}

const FUNCTIONS: readonly string[] = [
  '<ComplexType Name="WhoAmIResponse"><Property Name="BusinessUnitId" Type="Edm.Guid" Nullable="false" /><Property Name="UserId" Type="Edm.Guid" Nullable="false" /><Property Name="OrganizationId" Type="Edm.Guid" Nullable="false" /></ComplexType>',
  '<ComplexType Name="RetrieveVersionResponse"><Property Name="Version" Type="Edm.String" /></ComplexType>',
  '<ComplexType Name="EntityRecordCountCollection"><Property Name="Count" Type="Edm.Int32" Nullable="false" /><Property Name="Keys" Type="Collection(Edm.String)" /><Property Name="Values" Type="Collection(Edm.Int64)" /></ComplexType>',
  `<ComplexType Name="RetrieveTotalRecordCountResponse"><Property Name="EntityRecordCountCollection" Type="${NAMESPACE}.EntityRecordCountCollection" /></ComplexType>`,
  `<Function Name="WhoAmI"><ReturnType Type="${NAMESPACE}.WhoAmIResponse" Nullable="false" /></Function>`,
  `<Function Name="RetrieveVersion"><ReturnType Type="${NAMESPACE}.RetrieveVersionResponse" Nullable="false" /></Function>`,
  `<Function Name="RetrieveTotalRecordCount"><Parameter Name="EntityNames" Type="Collection(Edm.String)" Nullable="false" /><ReturnType Type="${NAMESPACE}.RetrieveTotalRecordCountResponse" Nullable="false" /></Function>`,
]

const FUNCTION_IMPORTS = ['WhoAmI', 'RetrieveVersion', 'RetrieveTotalRecordCount'].map(
  (name) => `<FunctionImport Name="${name}" Function="${NAMESPACE}.${name}" />`,
)
