import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { parse } from 'yaml'
import { createCatalog, readStandardTables } from '#tables/catalog.ts'
import { sweepFiles } from '#tables/files.ts'
import { insertRows } from '#tables/rows.queries.ts'
import { applyDefinitions } from '#tables/schema.ts'
import { parseDefinition } from '#tables/table-file.ts'
import { createPeople, type People, visitorFor } from '../../tests/support/people.ts'
import { type FilePlace, openFileOf, putFile } from './files.ts'
import { createPermissions } from './permissions.ts'
import { parsePolicy } from './policy.ts'
import type { Visitor } from './visitor.ts'
import { behindWall, buildWall } from './wall.ts'
import { write } from './writing.ts'

const TABLE = `
table: x_claim
set: x_claims
id: x_claimid
name: x_title
scope: global
columns:
  x_title: { type: string, length: 100 }
  x_account: { type: lookup, target: account }
  x_paper: { type: file, maxKb: 60000, accept: [application/pdf, text/plain] }
  x_secret: { type: file }
  x_photo: { type: image, maxKb: 100 }
`
const POLICY = {
  'roles.yaml': 'roles: [{ name: Buyer }, { name: Reader }]',
  'permissions/x_claim.yaml': `
table: x_claim
permissions:
  - { name: claims, accessType: account, relationship: x_account, privileges: [read, write, delete], roles: [Buyer], columns: [x_title, x_paper, x_photo] }
  - { name: reading, accessType: account, relationship: x_account, privileges: [read], roles: [Reader], columns: [x_title, x_photo] }`,
}
const PNG = Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), Buffer.alloc(500, 1)])

let people: People
let placeOf: (visitor: Visitor) => FilePlace
let claim: { mine: string; theirs: string }

before(async () => {
  people = await createPeople()
  const { database, clock } = people.place
  const catalog = createCatalog([...readStandardTables(), parseDefinition(parse(TABLE), 'x_claim.yaml')])
  await applyDefinitions(database, catalog)
  const policy = parsePolicy(new Map(Object.entries(POLICY)))
  await database.transaction((tx) => buildWall(tx, catalog, policy))
  const permissions = createPermissions(catalog, policy, clock)
  placeOf = (visitor) => ({ database, catalog, permissions, visitor })
  const [mine = '', theirs = ''] = await database.transaction((tx) =>
    insertRows(tx, catalog.get('x_claim'), [{ x_account: people.accounts.x }, { x_account: people.accounts.y }]),
  )
  claim = { mine, theirs }
})
after(() => people[Symbol.asyncDispose]())

const as = (role: string, name: 'jane' | 'may' = 'jane'): FilePlace => placeOf({ ...visitorFor(people, name), roles: [role] })
const address = (place: FilePlace, column: string, id = claim.mine) => ({
  table: place.catalog.get('x_claim'),
  target: { id },
  column,
})

async function* inPieces(content: Buffer, bytes = 70_000) {
  for (let at = 0; at < content.length; at += bytes) yield content.subarray(at, at + bytes)
}

async function put(
  place: FilePlace,
  column: string,
  content: Buffer,
  file: { name?: string; mediaType?: string; id?: string } = {},
) {
  const outcome = await putFile(place, address(place, column, file.id), {
    name: file.name ?? 'a.pdf',
    mediaType: file.mediaType,
    content: inPieces(content),
  })
  return outcome.kind === 'invalid' ? outcome.problems.map((one) => one.code).join() : outcome.kind
}

async function read(place: FilePlace, column: string, id?: string) {
  const file = await openFileOf(place, address(place, column, id))
  if (file === undefined) return undefined
  const parts = []
  for await (const part of file.content) parts.push(part)
  return { name: file.name, mediaType: file.mediaType, content: Buffer.concat(parts), sha256: file.sha256 }
}

async function storedFiles(): Promise<number> {
  const { rows } = await people.place.database.pool.query('select count(*)::int as n from tables.stored_file')
  return rows[0].n
}

test('a file comes out as it went in, under the name of a file', async () => {
  const content = Buffer.concat([Buffer.from('%PDF-1.7'), Buffer.alloc(600_000, 7)])
  assert.equal(await put(as('Buyer'), 'x_paper', content, { name: '../../etc/\u202Egpj.pdf\0' }), 'updated')
  const file = await read(as('Buyer'), 'x_paper')
  assert.ok(file, 'there is a file')
  assert.ok(file.content.equals(content))
  assert.equal(file.sha256, createHash('sha256').update(content).digest('hex'))
  assert.deepEqual([file.name, file.mediaType], ['gpj.pdf', 'application/pdf'])
})

test('one reads and writes a file with the rights of its row and column, and nobody takes another file by its id', async () => {
  const paper = Buffer.from('%PDF-1.7')
  await put(as('Buyer'), 'x_paper', paper)
  const stored = await storedFiles()
  assert.equal(await read(as('Reader'), 'x_paper'), undefined)
  assert.equal(await read(as('Buyer', 'may'), 'x_paper'), undefined)
  assert.equal(await put(as('Buyer', 'may'), 'x_paper', paper), 'not_found')
  assert.equal(await put(as('Reader'), 'x_photo', PNG), 'forbidden')
  assert.equal(await put(as('Buyer'), 'x_secret', paper), 'forbidden')
  assert.equal(await put(as('Buyer'), 'x_title', paper), 'not_found')
  assert.equal(await storedFiles(), stored, 'what was refused was not stored')
  const { database, catalog, permissions, visitor } = as('Buyer')
  const { rows } = await database.pool.query(`select file_id as id from tables.stored_file limit 1`)
  const stolen = await behindWall(database, visitor).transaction((tx) =>
    write(
      { tx, catalog, permissions, visitor },
      { kind: 'update', table: 'x_claim', target: { id: claim.mine }, values: { x_photo: rows[0].id } },
    ),
  )
  assert.equal(stolen.kind, 'invalid')
})

test('size and type are those of the column, and a picture is what its bytes say', async () => {
  const buyer = as('Buyer')
  assert.equal(await put(buyer, 'x_photo', PNG, { mediaType: 'image/jpeg' }), 'updated')
  assert.equal((await read(buyer, 'x_photo'))?.mediaType, 'image/png')
  assert.equal(await put(buyer, 'x_photo', Buffer.concat([PNG, Buffer.alloc(100 * 1024)])), 'file_size')
  assert.equal(await put(buyer, 'x_photo', Buffer.from('<html><script>'), { mediaType: 'image/png' }), 'file_type')
  assert.equal(await put(buyer, 'x_photo', Buffer.from('<svg xmlns="">'), { mediaType: 'image/svg+xml' }), 'file_type')
  assert.equal(await put(buyer, 'x_paper', PNG, { mediaType: 'application/pdf' }), 'file_type')
  assert.equal(await put(buyer, 'x_paper', Buffer.from('<html>'), { mediaType: 'text/plain' }), 'file_type')
  assert.equal(await put(buyer, 'x_paper', Buffer.from('plain'), { mediaType: 'text/plain; charset=utf-8' }), 'updated')
  assert.equal(await put(buyer, 'x_paper', Buffer.alloc(0)), 'file_empty')
  assert.equal((await read(buyer, 'x_photo'))?.mediaType, 'image/png', 'what was refused has replaced nothing')
})

test('a sender that breaks off leaves nothing, and what no row has is swept', async () => {
  const { database, catalog } = as('Buyer')
  const before = await storedFiles()
  async function* broken() {
    yield Buffer.concat([Buffer.from('%PDF-'), Buffer.alloc(300_000)])
    throw new Error('gone')
  }
  const file = { name: 'a.pdf', mediaType: undefined, content: broken() }
  await assert.rejects(putFile(as('Buyer'), address(as('Buyer'), 'x_paper'), file), /gone/)
  assert.equal(await storedFiles(), before)
  await put(as('Buyer'), 'x_paper', Buffer.from('%PDF-1'))
  await put(as('Buyer'), 'x_paper', Buffer.from('%PDF-2'))
  assert.equal(await sweepFiles(database, catalog), 0, 'somebody may be reading it still')
  await sweepFiles(database, catalog, { idleMinutes: 0 })
  assert.equal(await storedFiles(), 2, 'the paper and the photo of the row')
  assert.equal((await read(as('Buyer'), 'x_paper'))?.content.toString(), '%PDF-2')
})

test('a large file goes through without being held in memory', async () => {
  const piece = Buffer.alloc(64 * 1024, 9)
  const [bytes, step] = [50 * 1024 * 1024, 10 * 1024 * 1024]
  const before = await heldBytes()
  let most = 0
  const look = async (done: number) => {
    if (done % step < piece.length) most = Math.max(most, (await heldBytes()) - before)
  }
  async function* large() {
    yield Buffer.from('%PDF-1.7')
    for (let sent = 0; sent < bytes; sent += piece.length) {
      await look(sent)
      yield piece
    }
  }
  const place = as('Buyer')
  const outcome = await putFile(place, address(place, 'x_paper'), { name: 'large.pdf', mediaType: undefined, content: large() })
  assert.equal(outcome.kind, 'updated')
  const file = await openFileOf(place, address(place, 'x_paper'))
  let done = 0
  for await (const part of file?.content ?? []) {
    done += part.length
    await look(done)
  }
  assert.equal(done, bytes + 8)
  assert.ok(most < 16 * 1024 * 1024, `${Math.round(most / 1024 / 1024)} MB were held`)
})

/** What is still in use once everything else has been thrown away: memory outside the heap goes a turn later. */
async function heldBytes(): Promise<number> {
  setFlagsFromString('--expose-gc')
  for (let round = 0; round < 3; round++) {
    runInNewContext('gc')()
    await new Promise((done) => setImmediate(done))
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
