import assert from 'node:assert/strict'
import test from 'node:test'
import type { Clock } from '#lib/clock.ts'
import { cleanMessage, judge, retryAfterMs } from './answer.ts'

const NOW_MS = Date.parse('2026-03-10T09:30:00Z')
const clock: Clock = { nowMs: () => NOW_MS, random: () => 0, sleep: async () => {} }

test('an infolog becomes its sentences: no levels, no lines about code, each once', () => {
  const cases: [string, string][] = [
    [
      "Write failed for table row of type 'CustCustomerV3Entity'. Infolog: Warning: The value 'Local' in field 'Customer group' is not found in the related table 'Customer groups'.; Warning: validateField failed on field 'CustCustomerV3Entity.CustomerGroupId'.",
      "The value 'Local' in field 'Customer group' is not found in the related table 'Customer groups'.",
    ],
    [
      "Write failed for table row of type 'SalesOrderLineV3Entity'. Infolog: Warning: Inventory dimension Site is mandatory and must consequently be specified.; Error: Update has been canceled..",
      'Inventory dimension Site is mandatory and must consequently be specified.',
    ],
    [
      "Write failed for table row of type 'X'. Infolog: Warning: Item 'L-1; red' is blocked.; Warning: Item 'L-1; red' is blocked.; Warning: validateWrite failed on data source 'PurchLine (PurchLine)'.",
      "Item 'L-1; red' is blocked.",
    ],
    [
      "Write failed for table row of type 'G'. Infolog: Info: Cannot create a record in Customer groups (CustGroup). Customer group: Batch2, …\nThe record already exists..",
      'Cannot create a record in Customer groups (CustGroup). Customer group: Batch2, … The record already exists.',
    ],
    ["Write failed for table row of type 'X'. Infolog: Error: Update has been canceled..", 'Update has been canceled.'],
    ["Could not find a property named 'Nope'.", "Could not find a property named 'Nope'."],
  ]
  for (const [text, sentence] of cases) assert.equal(cleanMessage(text), sentence)
})

test('what an answer means: by what the ERP says, not by its status alone', () => {
  const refusal = errorBody("Write failed for table row of type 'X'. Infolog: Error: No.", 'x.AxODataWriteException')
  const html = '<html>502 Bad Gateway</html>'
  const cases: [number, string, string][] = [
    [200, '{}', 'ok'],
    [204, '', 'ok'],
    [400, refusal, 'rejected'],
    [500, refusal, 'rejected'],
    [500, '{"error":{"code":"","message":"An error has occurred."}}', 'retry'],
    [500, html, 'retry'],
    [400, html, 'retry'],
    [404, html, 'retry'],
    [502, html, 'retry'],
    [503, '', 'retry'],
    [302, '', 'retry'],
    [401, '{"error":{"message":"no"}}', 'retry'],
    [403, errorBody('No access', ''), 'rejected'],
    [404, errorBody('No resource', ''), 'gone'],
    [409, errorBody('x', ''), 'conflict'],
    [412, errorBody('x', ''), 'conflict'],
    [400, errorBody('Cannot edit a record. An update conflict occurred due to another user process.', ''), 'conflict'],
  ]
  for (const [status, body, kind] of cases)
    assert.equal(judge({ status, headers: {}, body }, clock).kind, kind, `${status} ${body}`)
  const page = { status: 200, headers: { 'content-type': 'text/html; charset=utf-8' }, body: '<html>sign in</html>' }
  assert.equal(judge(page, clock).kind, 'retry')
})

test('Retry-After: seconds or a date, never negative, never more than an hour', () => {
  const cases: [string | undefined, number | undefined][] = [
    [undefined, undefined],
    ['', undefined],
    ['soon', undefined],
    ['7', 7_000],
    ['0', 0],
    ['Tue, 10 Mar 2026 09:30:12 GMT', 12_000],
    ['Tue, 10 Mar 2026 09:00:00 GMT', 0],
    ['999999', 3_600_000],
  ]
  for (const [text, ms] of cases) {
    assert.equal(retryAfterMs({ headers: text === undefined ? {} : { 'retry-after': text } }, clock), ms, String(text))
  }
})

function errorBody(message: string, type: string): string {
  return JSON.stringify({ error: { code: '', message: 'An error has occurred.', innererror: { message, type, stacktrace: '' } } })
}
