import assert from 'node:assert/strict'
import test from 'node:test'
import { formatBatch, parseBatch } from './batch.ts'

const REFUSED = [
  '--batchresponse_1',
  'Content-Type: multipart/mixed; boundary="changesetresponse_1"',
  '',
  '--changesetresponse_1',
  'Content-Type: application/http',
  'Content-Transfer-Encoding: binary',
  'Content-ID: 2',
  '',
  'HTTP/1.1 500 Internal Server Error',
  'Content-Type: application/json; odata.metadata=minimal',
  '',
  '{"error":{"message":"An error has occurred."}}',
  '--changesetresponse_1--',
  '--batchresponse_1',
  'Content-Type: application/http',
  '',
  'HTTP/1.1 429 Too Many Requests',
  'Retry-After: 3',
  '',
  '',
  '--batchresponse_1--',
  '',
]
const TYPE = 'multipart/mixed; boundary=batchresponse_1'

test('a refused change set is one answer with the number of its call; a read beside it has its own', () => {
  for (const lineEnd of ['\r\n', '\n']) {
    const [writes, read] = parseBatch(TYPE, REFUSED.join(lineEnd)) ?? []
    assert.deepEqual(
      writes?.map((part) => [part.status, part.contentId, part.body]),
      [[500, '2', '{"error":{"message":"An error has occurred."}}']],
    )
    assert.deepEqual(
      read?.map((part) => [part.status, part.headers['retry-after']]),
      [[429, '3']],
    )
  }
})

test('an answer that was cut off anywhere is no answer', () => {
  const whole = REFUSED.join('\r\n')
  for (let length = 0; length < whole.lastIndexOf('--'); length++) {
    assert.equal(parseBatch(TYPE, whole.slice(0, length)), undefined, String(length))
  }
  assert.equal(parseBatch('text/html', '<html></html>'), undefined)
})

test('calls of a change set are numbered through; addresses are absolute', () => {
  const calls = ['A', 'B'].map((name) => ({ method: 'POST', path: `/data/${name}`, body: '{}' }) as const)
  const { body, contentType } = formatBatch([{ kind: 'changeSet', calls }], 'https://erp.example', 'x')
  assert.equal(contentType, 'multipart/mixed; boundary=batch_x')
  assert.match(
    body,
    /Content-ID: 1\r\n\r\nPOST https:\/\/erp\.example\/data\/A HTTP\/1\.1[\s\S]*Content-ID: 2\r\n\r\nPOST https:\/\/erp\.example\/data\/B HTTP/,
  )
})
