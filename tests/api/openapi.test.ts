import assert from 'node:assert/strict'
import test from 'node:test'
import { checkCsrf, csrfTokenOf, registerVisitors, signInVisitor, visitorOf } from '../../src/access/request.ts'
import { registerApiDocs } from '../../src/api/docs-page.ts'
import { createHttpServer } from '../../src/http/server.ts'
import { silentLog } from '../../src/log/log.ts'
import { browse, createPeople, type People, signInAs } from '../support/people.ts'
import { createApiWorld, TOKENS } from './world.ts'

// biome-ignore lint/suspicious/noExplicitAny: a document whose shape is what is tested
type Node = any

test('the document of the data API is OpenAPI 3.1: its references resolve, its operations have names of their own, it tells what the caller may use', async () => {
  await using world = await createApiWorld()
  const document = (await world.call('GET', 'openapi.json')).json as unknown as Node
  checkDocument(document)
  assert.deepEqual(Object.keys(document.paths?.['/accounts'] ?? {}), ['get', 'post'])
  assert.equal(Object.keys(document.components?.schemas ?? {}).includes('salesorderdetail.write'), true)
  const own = (await world.call('GET', 'openapi.json', { token: TOKENS.ofX })).json as unknown as Node
  checkDocument(own)
  assert.deepEqual(Object.keys(own.paths?.['/accounts'] ?? {}), ['get'])
  assert.equal(own.paths?.['/salesorders'], undefined)
  assert.ok(!JSON.stringify(own).includes('creditlimit'), 'a closed column is not named')
})

test('the page to read it needs no script, says everything in both languages, and shows visitors what they may use', async () => {
  await using people = await createPeople()
  await using server = await createDocsServer(people)
  const anonymous = browse(server)
  const closed = await anonymous.get('/api/docs')
  assert.equal(closed.status, 200)
  assert.match(closed.body, /There is no table here that you may use/)
  const nora = browse(server)
  assert.equal(await signInAs(nora, 'nora@fabrikam.example'), 'signed_in')
  const page = await nora.get('/api/docs')
  assert.match(page.body, /<html lang="en">/)
  assert.match(page.body, /id="salesorders"/)
  assert.match(page.body, /__RequestVerificationToken/)
  assert.doesNotMatch(page.body, /<script(?![^>]* src=)|\son[a-z]+=|style="|undefined|\[object/, 'nothing inline, nothing unsaid')
  assert.doesNotMatch(page.body, /currentcost/)
  const french = await nora.get('/api/docs?api=data', { 'accept-language': 'fr' })
  assert.match(french.body, /<html lang="fr">/)
  assert.match(french.body, /Les programmes envoient le jeton/)
  for (const api of ['portal', 'data', 'dual-write'])
    checkDocument((await nora.get(`/api/docs/openapi.json?api=${api}`)).json() as unknown as Node)
  for (const file of ['page.css', 'page.js']) assert.equal((await nora.get(`/api/docs/${file}`)).status, 200)
})

function checkDocument(document: Node): void {
  assert.equal(document.openapi, '3.1.0')
  for (const name of ['info', 'servers', 'paths', 'components']) assert.ok(document[name], name)
  const operations = new Set<string>()
  for (const [path, item] of Object.entries<Node>(document.paths ?? {})) {
    assert.match(path, /^\//)
    for (const [method, operation] of Object.entries<Node>(item)) {
      if (method === 'parameters') continue
      assert.ok(['get', 'post', 'put', 'patch', 'delete'].includes(method), `${path} ${method}`)
      const id = String(operation.operationId)
      assert.ok(!operations.has(id), `${id} stands twice`)
      operations.add(id)
      assert.ok(String(operation.summary).length > 3)
      assert.ok(Object.keys(operation.responses ?? {}).length > 0, id)
      for (const [status, response] of Object.entries<Node>(operation.responses ?? {})) {
        assert.match(status, /^[2-5]\d\d$/)
        assert.ok(response.$ref !== undefined || response.description !== undefined, `${id} ${status}`)
      }
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1])
      const parameters = [...Object.values(item.parameters ?? {}), ...Object.values(operation.parameters ?? {})].map((one) =>
        resolve(document, one),
      )
      for (const name of inPath)
        assert.ok(
          parameters.some((one: Node) => String(one.name) === name && String(one.in) === 'path'),
          `${path} has ${name}`,
        )
    }
  }
  walk(document, (node) => {
    if (typeof node.$ref === 'string') resolve(document, node)
  })
}

function walk(node: unknown, visit: (node: Node) => void): void {
  if (typeof node !== 'object' || node === null) return
  visit(node as Node)
  for (const value of Object.values(node)) walk(value, visit)
}

function resolve(document: Node, node: Node): Node {
  if (node.$ref === undefined) return node
  let at: Node = document
  for (const part of node.$ref.replace('#/', '').split('/')) at = at?.[part]
  assert.ok(at, `${node.$ref} resolves`)
  return at
}

async function createDocsServer(people: People) {
  const { place, permissions } = people
  const server = await createHttpServer({ log: silentLog, cookieSecret: 'test' })
  await registerVisitors(server, {
    ...place,
    secret: 'test secret',
    publicUrl: 'http://localhost',
    languages: () => ['en', 'fr'],
  })
  await registerApiDocs(server, {
    ...place,
    permissions: () => permissions,
    views: () => [],
    log: silentLog,
    visitorOf,
    siteName: () => 'Test',
  })
  server.get('/signin', (request, reply) => reply.send({ token: csrfTokenOf(request, reply) }))
  server.post('/signin', async (request, reply) => {
    checkCsrf(request)
    const { email = '', password = '' } = request.body as Record<string, string>
    return reply.send(await signInVisitor(request, reply, { email, password }))
  })
  return server
}
