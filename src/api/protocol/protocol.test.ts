import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { isAppError } from '#lib/app-error.ts'
import { readCatalog } from '#tables/catalog.ts'
import { parseAddress } from './address.ts'
import { formatBatch, parseBatch } from './batch-syntax.ts'
import { parseEtag } from './etag.ts'
import { parseJsonBody } from './json-body.ts'
import { parsePreferences, wantsAnnotation } from './preferences.ts'
import { ApiRefusal, describeRefusal } from './refusals.ts'

const catalog = readCatalog()
const ID = '00000000-0000-4000-8000-000000000001'
const HOSTILE = [
  `'`,
  `''`,
  `"`,
  `;drop table x--`,
  '\0',
  '%00',
  '%',
  '%zz',
  '../..',
  '__proto__',
  'constructor',
  '(',
  ')',
  '((((',
  '/',
  '//',
  '$',
  '@',
  '\u202e',
  '💥',
  '\r\n',
]

test('an address is a set, a row, a property, or a way over lookups and collections', () => {
  const kinds = (path: string) => {
    const address = parseAddress(catalog, path)
    if (address.kind !== 'rows') return address.kind
    const steps = address.steps.map((step) => `${step.kind} ${step.name}`)
    return [address.table.name, address.key?.kind, ...steps, address.tail.kind].filter((one) => one !== undefined).join(', ')
  }
  for (const [path, expected] of [
    ['', 'service'],
    ['$metadata', 'metadata'],
    ['$batch', 'batch'],
    ['WhoAmI()', 'other'],
    ['accounts', 'account, rows'],
    ['accounts/$count', 'account, count'],
    [`accounts(${ID})`, 'account, value, rows'],
    [`/accounts(${ID})/`, 'account, value, rows'],
    [`accounts(accountnumber='A%2FB%27%27(',_msdyn_company_value=${ID})/name/$value`, 'account, named, property'],
    [`accounts(${ID})/_primarycontactid_value`, 'account, value, property'],
    [`accounts(${ID})/primarycontactid/fullname`, 'account, value, lookup primarycontactid, property'],
    [`accounts(${ID})/contact_customer_accounts/$ref`, 'account, value, collection contact_customer_accounts, ref'],
    [`accounts(${ID})/contact_customer_accounts(${ID})/$ref`, 'account, value, collection contact_customer_accounts, ref'],
    [`salesorders(${ID})/customerid_account/name`, 'salesorder, value, lookup customerid_account, property'],
  ] as const)
    assert.equal(kinds(path), expected, path)
  for (const path of [
    'accounts/name',
    'accounts/$value',
    `accounts(${ID})/nothing`,
    `accounts(${ID})/name/nothing`,
    'accounts()',
    `accounts(${ID}`,
    'accounts/contact_customer_accounts',
  ])
    assert.throws(
      () => kinds(path),
      (error) => error instanceof ApiRefusal || isAppError(error, 'odata.invalid'),
      path,
    )
})

test('whatever an address holds, it is understood or refused in words that hold no control characters', () => {
  const part = fc.oneof(
    fc.string(),
    fc.constantFrom(
      ...HOSTILE,
      'accounts',
      'contacts',
      `(${ID})`,
      `(accountnumber='x')`,
      'name',
      '$value',
      '$ref',
      '$count',
      'primarycontactid',
      'contact_customer_accounts',
    ),
  )
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), fc.constantFrom('/', ''), (parts, separator) => {
      onlyRefusals(() => parseAddress(catalog, parts.join(separator)))
    }),
    { numRuns: 3_000 },
  )
})

test('JSON keeps every digit, and refuses what one reader would take for something else than another', () => {
  assert.deepEqual(
    plain(parseJsonBody('{"a":[1,-2,true,null,"x\\u00e9\\n"],"b":1.50,"c":12345678901234567890,"d":1e3,"e":{}}')),
    {
      a: [1, -2, true, null, 'xé\n'],
      b: '1.50',
      c: '12345678901234567890',
      d: '1e3',
      e: {},
    },
  )
  const risky = parseJsonBody('{"__proto__":{"polluted":1},"constructor":2}') as Record<string, unknown>
  assert.deepEqual(Object.keys(risky), ['__proto__', 'constructor'])
  assert.equal(({} as { polluted?: unknown }).polluted, undefined)
  for (const text of [
    '',
    '{"a":1,"a":2}',
    '{"a":1,"\\u0061":2}',
    '{"a":}',
    '{a:1}',
    "{'a':1}",
    '[1,]',
    '{"a":1,}',
    '01',
    '1.',
    '.5',
    '+1',
    'NaN',
    '"a\nb"',
    '"\\x"',
    '"open',
    '{"a":1} x',
    '// no',
    '['.repeat(100_000),
    '{"a":'.repeat(100_000),
    `[${'1,'.repeat(200_000)}1]`,
    'nul',
  ])
    assert.throws(() => parseJsonBody(text), ApiRefusal, text.slice(0, 30))
})

test('what JSON.parse takes is read the same, and nothing else ends in anything but a refusal', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 5 }), (text) => {
      if (!/\d[.eE]|\d{16}/.test(text))
        assert.deepEqual(
          plain(parseJsonBody(text)),
          JSON.parse(text, (_key, value) => (Object.is(value, -0) ? 0 : value)),
        )
    }),
  )
  const piece = fc.constantFrom('{', '}', '[', ']', '"', ':', ',', '1', '-', 'e', '\\', 'true', 'null', ' ', '\u0000', 'a')
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(piece, { maxLength: 20 }).map((pieces) => pieces.join('')),
      ),
      (text) => {
        onlyRefusals(() => parseJsonBody(text))
      },
    ),
    { numRuns: 3_000 },
  )
})

const BATCH = [
  '--b',
  'Content-Type: application/http',
  'Content-Transfer-Encoding: binary',
  '',
  'GET accounts?$top=1 HTTP/1.1',
  'Accept: application/json',
  '',
  '--b',
  'Content-Type: multipart/mixed;boundary=c',
  '',
  '--c',
  'Content-Type: application/http',
  'Content-ID: 1',
  '',
  'POST http://host/api/data/v9.2/accounts HTTP/1.1',
  'Content-Type: application/json',
  '',
  '{"name":"x"}',
  '--c--',
  '--b--',
  '',
]

test('a batch is understood with either line end, with and without ends, with a preamble and spaces behind its boundaries', () => {
  const expected = [['GET accounts?$top=1 '], ['POST http://host/api/data/v9.2/accounts {"name":"x"}']]
  const read = (body: string, type = 'multipart/mixed;boundary=b') =>
    parseBatch(type, body).map((part) =>
      (part.kind === 'request' ? [part.request] : part.requests).map((one) => `${one.method} ${one.url} ${one.body}`),
    )
  assert.deepEqual(read(BATCH.join('\r\n')), expected)
  assert.deepEqual(read(BATCH.join('\n'), 'multipart/mixed; boundary="b"'), expected)
  assert.deepEqual(read(`\r\n\r\nwhat comes before\r\n${BATCH.join('\r\n')}`), expected)
  assert.deepEqual(read(BATCH.map((line) => (line.startsWith('--') ? `${line} ` : line)).join('\r\n')), expected)
  assert.deepEqual(read(BATCH.slice(0, -2).join('\r\n')), expected)
  assert.deepEqual(read(BATCH.filter((line) => line !== '--c--').join('\r\n')), expected)
  assert.throws(() => read(BATCH.join('\n'), 'application/json'), ApiRefusal)
  assert.throws(() => read('', 'multipart/mixed;boundary=b'), ApiRefusal)
  const many = `${'--b\nContent-Type: application/http\n\nGET a HTTP/1.1\n\n'.repeat(1_001)}--b--`
  assert.throws(() => read(many), /1000 is the most/)
  const inner = BATCH.join('\n').replace(
    'Content-Type: application/http\nContent-ID: 1',
    'Content-Type: multipart/mixed;boundary=d',
  )
  assert.throws(() => read(inner), ApiRefusal)
})

test('no batch breaks its reader, and no answer breaks its batch', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.constantFrom(...BATCH, '--b', '--c--', '\0', 'X'.repeat(200)), fc.string()), { maxLength: 30 }),
      (lines) => {
        onlyRefusals(() => parseBatch('multipart/mixed;boundary=b', lines.join('\n')))
      },
    ),
    { numRuns: 2_000 },
  )
  const { body } = formatBatch([{ status: 204, headers: { location: 'a\r\nSet-Cookie: x=1' }, body: '', contentId: '1' }])
  assert.doesNotMatch(body, /^Set-Cookie/m)
  assert.match(body, /^--batchresponse_/)
})

test('preferences are taken as far as they are understood, annotations by pattern', () => {
  const found = parsePreferences(
    'return=representation, odata.maxpagesize=20,odata.include-annotations="OData.*,-OData.Community.*" ; x=1, respond-async, foo=";,"',
  )
  assert.deepEqual([found.returns, found.pageRows], ['representation', 20])
  assert.equal(wantsAnnotation(found, 'OData.Other'), true)
  assert.equal(wantsAnnotation(found, 'OData.Community.Display'), false)
  assert.equal(wantsAnnotation(parsePreferences('odata.include-annotations="*"'), 'any.thing'), true)
  assert.deepEqual(parsePreferences('odata.maxpagesize=-1, odata.maxpagesize=x').pageRows, undefined)
  fc.assert(fc.property(fc.string(), (text) => void parsePreferences(text)))
})

test('versions are numbers, any, or nothing', () => {
  assert.deepEqual(
    ['W/"12"', '"12"', '*', 'null', '', undefined].map((text) => parseEtag(text, 'If-Match')),
    [12, 12, '*', undefined, undefined, undefined],
  )
  for (const text of ['W/"x"', 'W/"1","2"', '-1', "1' or 1=1"]) assert.throws(() => parseEtag(text, 'If-Match'), ApiRefusal)
})

test('each API has its own codes for one refusal', () => {
  const told = (kind: Parameters<typeof describeRefusal>[0], dialect: 'data' | 'portal') => {
    const { status, body } = describeRefusal(kind, 'why', dialect)
    const { error } = JSON.parse(body)
    return [status, error.code, error.innererror?.type ?? null]
  }
  for (const [kind, data, portal] of [
    ['sign_in', [401, '', null], [401, '90040109', 'MissingPortalSessionCookie']],
    ['token_missing', [401, '', null], [401, '90040107', 'MissingPortalRequestVerificationToken']],
    ['column', [400, '0x80060888', null], [403, '90040101', 'AttributePermissionIsMissing']],
    ['read', [403, '0x80040220', null], [403, '90040120', 'TablePermissionReadIsMissing']],
    ['write', [403, '0x80040220', null], [403, '90040102', 'TablePermissionWriteIsMissingDuringUpdate']],
    ['create', [403, '0x80040220', null], [403, '90040103', 'TablePermissionCreateIsMissing']],
    ['delete', [403, '0x80040220', null], [403, '90040104', 'TablePermissionDeleteIsMissing']],
    ['append', [403, '0x80040220', null], [403, '90040105', 'TablePermissionAppendIsMissingDuringAssociationChange']],
    ['appendTo', [403, '0x80040220', null], [403, '90040106', 'TablePermissionAppendToIsMissingDuringAssociationChange']],
    ['row', [404, '0x80040217', null], [404, '9004010C', 'ResourceDoesNotExists']],
    ['version', [412, '0x80060882', null], [412, '9004010D', 'CDSError']],
    ['duplicate_key', [412, '0x80060892', null], [412, '9004010D', 'CDSError']],
    ['too_many', [429, '0x80072322', null], [429, 'TooManyRequests', 'TooManyRequests']],
    ['not_implemented', [501, '0x80060888', null], [501, '9004010B', 'NotSupported']],
  ] as const) {
    assert.deepEqual(told(kind, 'data'), data, kind)
    assert.deepEqual(told(kind, 'portal'), portal, kind)
  }
})

function onlyRefusals(work: () => unknown): void {
  try {
    work()
  } catch (error) {
    assert.ok(error instanceof ApiRefusal || isAppError(error, 'odata.invalid'), String(error))
    if (error instanceof ApiRefusal) assert.doesNotMatch(error.message, /\p{Cc}/u)
  }
}

/** The same with prototypes, to compare. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}
