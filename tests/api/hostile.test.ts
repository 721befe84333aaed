import assert from 'node:assert/strict'
import test from 'node:test'
import { HOSTILE } from '../support/hostile.ts'
import { createApiWorld } from './world.ts'

test('whatever arrives is answered or refused, and never a failure of ours', async () => {
  await using world = await createApiWorld()
  const { ids } = world
  const hostile = [
    ...HOSTILE,
    "';drop table tables.account;--",
    '%00',
    '%27',
    '%e0%a4%a',
    '..%2f..',
    '$',
    '$$',
    '(',
    '((',
    "('",
    '%F0%9F%92%A5',
    'x'.repeat(7_000),
  ]
  const paths = hostile.flatMap((text) => {
    const encoded = /^%/.test(text) ? text : encodeURIComponent(text.toWellFormed())
    return [
      encoded,
      `accounts(${encoded})`,
      `accounts(accountnumber='${encoded}',_msdyn_company_value=${ids.usmf})`,
      `accounts(${ids.x})/${encoded}`,
      `accounts?$filter=name eq '${encoded}'`,
      `accounts?$filter=${encoded}`,
      `accounts?$orderby=${encoded}`,
      `accounts?$select=${encoded}`,
      `accounts?$expand=${encoded}`,
      `accounts?$apply=${encoded}`,
      `accounts?$skiptoken=${encoded}`,
      `accounts?$deltatoken=${encoded}`,
      `accounts?fetchXml=${encoded}`,
      `accounts?savedQuery=${encoded}`,
      `EntityDefinitions(LogicalName='${encoded}')`,
      `EntityDefinitions?$filter=${encoded}`,
      `RetrieveTotalRecordCount(EntityNames=@p)?@p=${encoded}`,
    ]
  })
  for (const path of paths) {
    const answer = await world.call('GET', path)
    assert.ok(answer.status < 500, `${path.slice(0, 200)}: ${answer.status} ${answer.text}`)
    // What is too long for HTTP itself (431) never reaches the API.
    if (answer.status >= 400 && answer.status !== 431)
      assert.ok(answer.json.error?.message.length > 5, `${answer.status} ${path.slice(0, 200)} ${answer.text}`)
  }
  const bodies = [
    ...hostile,
    '[]',
    'null',
    '1',
    '{"name":{"a":{}}}',
    '{"name":["x"]}',
    '{"@odata.bind":1}',
    '{"primarycontactid@odata.bind":"/accounts(1)"}',
    '{"primarycontactid@odata.bind":["x"]}',
    '{"primarycontactid":"x"}',
    '{"contact_customer_accounts":{}}',
    '{"contact_customer_accounts":[1]}',
    '{"__proto__":{"name":"x"}}',
    '{"accountid":"x"}',
    '{"versionnumber":1}',
    '{"name":"\\u0000"}',
    '{"name":"\\ud800"}',
    `{"creditlimit":1e400}`,
  ]
  for (const body of bodies) {
    for (const [method, path] of [
      ['POST', 'accounts'],
      ['PATCH', `accounts(${ids.x})`],
      ['PUT', `accounts(${ids.x})/name`],
      ['PUT', `accounts(${ids.x})/primarycontactid/$ref`],
      ['POST', '$batch'],
    ] as const) {
      const answer = await world.call(method, path, { body })
      assert.ok(answer.status < 500, `${method} ${path} ${body.slice(0, 200)}: ${answer.status} ${answer.text}`)
    }
  }
  for (const [name, value] of [
    ['prefer', '"""'],
    ['if-match', 'x'],
    ['if-none-match', '\t'],
    ['content-type', 'multipart/mixed'],
    ['content-type', 'x'],
    ['accept', '%%%'],
    ['content-range', 'bytes -1--1/x'],
  ] as const) {
    const answer = await world.call('PATCH', `accounts(${ids.x})`, { body: '{}', headers: { [name]: value } })
    assert.ok(answer.status < 500, `${name}: ${value}: ${answer.text}`)
  }
  assert.equal((await world.call('GET', 'accounts/$count')).text, '2')
})
