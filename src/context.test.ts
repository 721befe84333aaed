import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import test from 'node:test'
import { requireFreePort } from './context.ts'

test('a port that is about to become free is waited for; one that stays taken is told', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((done) => server.once('listening', done))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  await assert.rejects(requireFreePort(port, 'SCM_PORT'), { code: 'comptoir.port_taken' })
  await assert.rejects(requireFreePort(port, 'SCM_PORT', 300), { code: 'comptoir.port_taken' })
  let isFree = false
  const waiting = requireFreePort(port, 'SCM_PORT', 60_000).then(() => {
    isFree = true
  })
  await new Promise((done) => setTimeout(done, 300))
  assert.equal(isFree, false)
  server.close()
  await waiting
})
