import assert from 'node:assert/strict'
import test from 'node:test'
import { parseMetadata } from './metadata.ts'

test('metadata: sets, keys, types and enums, in whatever prefixes, quotes and order they are written', () => {
  const entities = parseMetadata(`<?xml version='1.0'?><!-- <EntitySet Name="No"/> -->
    <edmx:Edmx Version="4.0" xmlns:edmx="e"><edmx:DataServices><s:Schema Namespace="N" xmlns:s="x">
      <s:EntityContainer Name="Resources"><s:EntitySet Name='Orders' EntityType="N.Order"></s:EntitySet>
        <s:EntitySet Name="NoType" EntityType="N.Missing"/></s:EntityContainer>
      <s:EntityType Name="Order"><s:Key><s:PropertyRef Name="dataAreaId"/><s:PropertyRef Name="Id" /></s:Key>
        <s:Property Name="dataAreaId" Type="Edm.String" Nullable="false"/><s:Property Name="Id" Type="Edm.Int64" Nullable="false"/>
        <s:Property Name="DueDate" Type="Edm.DateTimeOffset" Nullable="false"/>
        <s:Property Name="CreatedDateTime" Type="Edm.DateTimeOffset" Nullable="false"/>
        <s:Property Name="Total" Type="Edm.Decimal" Scale="variable"><s:Annotation Term="a&lt;b&#x41;" String='"q"'/></s:Property>
        <s:Property Name="Open" Type="N.NoYes"/><s:Property Name="Parts" Type="Collection(Edm.String)"/>
        <s:NavigationProperty Name="Lines" Type="Collection(N.Line)"/></s:EntityType>
      <s:EnumType Name="NoYes"><s:Member Name="No" Value="0"/><s:Member Name="Yes" Value="1"/></s:EnumType>
    </s:Schema></edmx:DataServices></edmx:Edmx>`)
  assert.deepEqual([...entities.keys()], ['Orders'])
  const orders = entities.get('Orders')
  assert.deepEqual(orders?.keyFields, ['dataAreaId', 'Id'])
  assert.equal(orders.companyField, 'dataAreaId')
  assert.deepEqual(
    [...orders.fields].map(([name, field]) => [name, field.type]),
    [
      ['dataAreaId', 'string'],
      ['Id', 'integer'],
      ['DueDate', 'date'],
      ['CreatedDateTime', 'datetime'],
      ['Total', 'decimal'],
      ['Open', 'enum'],
    ],
  )
  assert.deepEqual(orders.fields.get('Open')?.enumMembers, ['No', 'Yes'])
  assert.equal(orders.fields.get('DueDate')?.hasDefault, true)
  assert.equal(orders.fields.get('dataAreaId')?.hasDefault, false)
})

test('metadata: what is not well formed, or declares entities of its own, is refused with its place', () => {
  for (const xml of [
    '<a>',
    '<a></b>',
    '<a x=1/>',
    '<a x="1"',
    '<a x="&evil;"/>',
    '<!DOCTYPE a [<!ENTITY evil SYSTEM "file:///etc/passwd">]><a/>',
    '<a><!-- </a>',
    '<html><body>Sign in</body></html>',
    '',
  ]) {
    assert.throws(() => parseMetadata(xml), { code: 'connector.bad_metadata' }, xml)
  }
})
