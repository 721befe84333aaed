import assert from 'node:assert/strict'
import test from 'node:test'
import { AppError } from '#lib/app-error.ts'
import { type Log, silentLog } from '#log/log.ts'
import { createHttpServer, urlOf } from './server.ts'

async function createServer(log: Log = silentLog) {
  const server = await createHttpServer({ log, cookieSecret: 'a secret of tests, long enough to sign with' })
  server.get('/refused/:code', async () => {
    throw new AppError('request.invalid', 'Not like this')
  })
  server.get('/broken', async () => {
    throw new Error('a detail of our inside')
  })
  server.get('/*', async (request) => urlOf(request).pathname)
  return server
}

test('every kind of answer carries the strict headers, also to what is no address', async () => {
  const server = await createServer()
  for (const url of ['/', '/refused/x', '/broken', '/%ff', '//elsewhere.example']) {
    const { headers } = await server.inject({ url })
    assert.match(String(headers['content-security-policy']), /default-src 'none'/, url)
    assert.equal(headers['x-content-type-options'], 'nosniff', url)
  }
  await server.close()
})

test('a failure of ours says nothing about our inside', async () => {
  const server = await createServer()
  const answer = await server.inject('/broken')
  assert.equal(answer.statusCode, 500)
  assert.ok(!answer.body.includes('detail'), answer.body)
  await server.close()
})

test('a path that begins with two slashes is a path, not a host', async () => {
  const server = await createServer()
  assert.equal((await server.inject({ url: '//elsewhere.example/orders' })).body, '//elsewhere.example/orders')
  await server.close()
})

test('the log has the path of a refused request without the secret in it', async () => {
  const lines: string[] = []
  const write = (values: object) => void lines.push(JSON.stringify(values))
  const log: Log = { ...silentLog, debug: write, error: write }
  const server = await createServer(log)
  const secret = 'V9Tayii4TiafGtqUOWvd_oQ-2REI4ljWYs6aw0bw8xY'
  await server.inject(`/refused/${secret}?code=${secret}`)
  await server.inject('/refused/00000000-0000-4000-8000-000000000000')
  assert.equal(lines.length, 2)
  assert.ok(!lines.join().includes(secret), lines.join())
  assert.match(lines[0] ?? '', /\/refused\/…/)
  assert.match(lines[1] ?? '', /00000000-0000-4000-8000-000000000000/)
  await server.close()
})
