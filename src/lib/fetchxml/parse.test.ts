import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { HOSTILE } from '../../../tests/support/hostile.ts'
import { isAppError } from '../app-error.ts'
import { CONDITIONS_MAX, LINKS_MAX, parseFetch } from './parse.ts'

const inEntity = (inner: string) => `<fetch><entity name="account">${inner}</entity></fetch>`

test('a query is read with everything in it', () => {
  const fetch = parseFetch(`
    <!-- orders of this year -->
    <fetch count="3" page='2' distinct="true" no-lock="true" paging-cookie="&lt;cookie page=&quot;1&quot;/&gt;">
      <entity name="salesorder">
        <attribute name="ordernumber" />
        <attribute name="totalamount" alias="total" />
        <order attribute="name" entityname="c" descending="true" />
        <filter type="or" hint="union">
          <condition attribute="ordernumber" operator="like" value="A &amp; B&#37;" uiname="x" uitype="y" />
          <condition attribute="statecode" operator="in"><value>0</value><value>1</value></condition>
          <filter><condition attribute="ordernumber" operator="eq" valueof="c.name" /></filter>
        </filter>
        <link-entity name="account" from="accountid" to="customerid" alias="c" link-type="outer">
          <attribute name="name" />
          <link-entity name="contact" from="contactid" to="primarycontactid" />
        </link-entity>
      </entity>
    </fetch>`)
  assert.deepEqual([fetch.count, fetch.page, fetch.distinct, fetch.pagingCookie?.value], [3, 2, true, '<cookie page="1"/>'])
  const [filter] = fetch.entity.filters
  const [like, one, nested] = filter?.items ?? []
  assert.equal(filter?.type, 'or')
  assert.ok(like?.kind === 'condition' && like.values[0]?.value === 'A & B%')
  assert.ok(one?.kind === 'condition' && one.values.map((value) => value.value).join() === '0,1')
  assert.ok(nested?.kind === 'filter' && nested.items[0]?.kind === 'condition' && nested.items[0].valueOf?.value === 'c.name')
  const [link] = fetch.entity.links
  assert.deepEqual([link?.alias, link?.linkType, link?.links[0]?.linkType], ['c', 'outer', 'inner'])
  assert.deepEqual(fetch.entity.orders[0]?.by, { kind: 'attribute', name: 'name', entityName: 'c' })
})

const REFUSED: Readonly<Record<string, string>> = {
  'no query': 'an element is expected',
  '<fetch><entity name="account"></fetch>': '</entity> is expected',
  '<fetch>\n  <entity name="a" nam="b"/></fetch>': 'line 2, column 25: nam is not known in <entity>',
  '<fetch><entity name="a" name="b"/></fetch>': 'name stands twice',
  '<fetch><entity/></fetch>': '<entity> needs name',
  '<fetch/>': '<fetch> holds one <entity>',
  '<fetch top="0"><entity name="a"/></fetch>': 'top is a whole number from 1 to 5000',
  '<fetch top="5" page="2"><entity name="a"/></fetch>': 'top and page do not go together',
  '<!DOCTYPE fetch [<!ENTITY x "y">]><fetch/>': 'document types',
  '<fetch><entity name="&x;"/></fetch>': 'this is no entity',
  '<fetch><entity name="&#xD800;"/></fetch>': 'this is no entity',
  '<fetch><entity name="a"><![CDATA[x]]></entity></fetch>': 'CDATA',
  '<fetch><entity name="a"/></fetch><fetch/>': 'nothing may follow',
  '<fetch aggregate="true"><entity name="a"><attribute name="b"/></entity></fetch>': 'needs an alias',
  '<fetch><entity name="a"><attribute name="b" rowaggregate="CountChildren"/></entity></fetch>': 'rowaggregate is not supported',
  '<fetch><entity name="a"><filter type="xor"/></entity></fetch>': 'type is one of and, or',
  '<fetch><entity name="a"><filter>text</filter></entity></fetch>': '<filter> holds no text',
  '<fetch><entity name="a"><link-entity name="b" from="c" to="d" alias="x;y"/></entity></fetch>': 'an alias has letters',
}

test('what cannot be used is refused with its place and the reason', () => {
  for (const [text, reason] of Object.entries(REFUSED)) {
    assert.throws(
      () => parseFetch(text),
      (error) => isAppError(error) && error.code === 'fetch.invalid' && error.message.includes(reason),
      text,
    )
  }
})

test('every size has its limit', () => {
  const condition = '<condition attribute="a" operator="null"/>'
  parseFetch(inEntity(`<filter>${condition.repeat(CONDITIONS_MAX)}</filter>`))
  const link = '<link-entity name="b" from="c" to="d"/>'
  parseFetch(inEntity(link.repeat(LINKS_MAX)))
  const tooMuch = [
    inEntity(`<filter>${condition.repeat(CONDITIONS_MAX + 1)}</filter>`),
    inEntity(link.repeat(LINKS_MAX + 1)),
    inEntity(`${'<filter>'.repeat(11)}${'</filter>'.repeat(11)}`),
    inEntity(`<filter><condition attribute="a" operator="in">${'<value>1</value>'.repeat(2_001)}</condition></filter>`),
    `${'<fetch>'.repeat(100_000)}`,
    inEntity(' '.repeat(70_000)),
  ]
  for (const text of tooMuch) assert.throws(() => parseFetch(text), refusedWithPlace, text.slice(0, 80))
})

test('any text is a query or a refusal with its place', () => {
  const pieces = fc.constantFrom(
    ...['<', '>', '/', '"', "'", '=', '&', ';', '<!--', '-->', '<fetch', '<entity name="a"', '</entity>', '</fetch>', '<filter>'],
    ...['<condition attribute="a" operator="eq" value="', '&#x41;', '&#0;', ' ', '\n', 'ü', '\0', '<![CDATA['],
  )
  const texts = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.array(pieces, { maxLength: 20 }).map((parts) => parts.join('')),
  )
  const check = (text: string) => {
    try {
      assert.equal(parseFetch(text).text, text)
    } catch (error) {
      assert.ok(refusedWithPlace(error), String(error))
    }
  }
  fc.assert(fc.property(texts, check), { numRuns: 2_000 })
  for (const text of HOSTILE) {
    check(text)
    check(inEntity(text))
    check(`<fetch><entity name="${text}"/></fetch>`)
    check(inEntity(`<filter><condition attribute="name" operator="eq" value="${text}"/></filter>`))
  }
})

test('a value comes out as it was meant, whatever it is', () => {
  const escapeXml = (text: string) => text.replace(/[&<>"'\t\n\r]/g, (char) => `&#${char.codePointAt(0)};`)
  const isPossible = (char: string) => (char >= ' ' && char !== '\uFFFE' && char !== '\uFFFF') || '\t\n\r'.includes(char)
  const possible = fc.string({ unit: 'grapheme' }).filter((text) => [...text].every(isPossible))
  fc.assert(
    fc.property(possible, (text) => {
      const fetch = parseFetch(inEntity(`<filter><condition attribute="a" operator="eq" value="${escapeXml(text)}"/></filter>`))
      const condition = fetch.entity.filters[0]?.items[0]
      assert.ok(condition?.kind === 'condition')
      assert.equal(condition.values[0]?.value, text)
    }),
  )
})

function refusedWithPlace(error: unknown): boolean {
  return isAppError(error) && error.code === 'fetch.invalid' && typeof error.details?.position === 'number'
}
