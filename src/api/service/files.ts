import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { openFileOf, putFile } from '#access/files.ts'
import type { Reference } from '#access/write-model.ts'
import type { Database } from '#postgres/database.ts'
import type { OpenFile } from '#tables/files.ts'
import type { RowsAddress } from '../protocol/address.ts'
import { type ApiAnswer, type ApiCall, emptyAnswer, jsonAnswer } from '../protocol/call.ts'
import { parseEtag } from '../protocol/etag.ts'
import { ApiRefusal, printable } from '../protocol/refusals.ts'
import { type Caller, holderOf, noSuchRow, offered } from './caller.ts'
import { keyOf } from './locate.ts'
import { isWritten, refusalOf } from './outcomes.ts'
import { type Upload, uploadsOf } from './uploads.ts'
import { performWrite } from './write.ts'

/** What a client may send or ask for in one piece of a file; the last is shorter. */
const PIECE_BYTES = 4 * 1024 * 1024
/** Longer ones are asked for in pieces (Range), or as they are (/$value). */
const JSON_BYTES_MAX = 16 * 1024 * 1024

/**
 * GET of a file's property: `/$value` is its content, streamed; without it the content as base64 in JSON, as Dataverse's clients ask for
 * it, in pieces with `Range`.
 */
export async function readFile(caller: Caller, call: ApiCall, address: RowsAddress): Promise<ApiAnswer> {
  const at = fileAt(caller, call, address)
  const file = await openFileOf(placeOf(caller), at)
  if (file === undefined) throw noSuchRow(at.table)
  const headers = {
    'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(file.name)}`,
    'x-ms-file-name': encodeURIComponent(file.name),
    'x-ms-file-size': String(file.bytes),
    mimetype: file.mediaType,
  }
  if (address.tail.kind === 'property' && address.tail.raw)
    return {
      status: 200,
      headers: { ...headers, 'content-type': file.mediaType, 'content-length': String(file.bytes) },
      body: Readable.from(file.content, { objectMode: false }),
    }
  const range = rangeOf(call.headers.range, file.bytes)
  if (range === undefined && file.bytes > JSON_BYTES_MAX)
    throw new ApiRefusal('too_large', `The file has ${file.bytes} bytes: ask for pieces with Range, or for /$value`)
  const { from, to } = range ?? { from: 0, to: file.bytes - 1 }
  const content = await piece(file, from, to)
  const location = `${caller.root}${call.path}`
  return jsonAnswer(JSON.stringify({ value: content.toString('base64') }), {
    status: range === undefined ? 200 : 206,
    headers: { ...headers, location, ...(range === undefined ? {} : { 'content-range': `bytes ${from}-${to}/${file.bytes}` }) },
  })
}

/** PUT or PATCH with the content, whole or in pieces; DELETE. */
export async function performFile(caller: Caller, call: ApiCall, address: RowsAddress): Promise<ApiAnswer> {
  if (call.method === 'DELETE') return performWrite(caller, { ...call, path: call.path.replace(/\/\$value$/, '') })
  if (call.method !== 'PATCH' && call.method !== 'PUT')
    throw new ApiRefusal('method', `${call.method} is not possible at '${printable(call.path)}'`)
  const at = fileAt(caller, call, address)
  const parameters = new URLSearchParams(call.query)
  const session = parameters.get('sessiontoken')
  if (session !== null) return continueUpload(caller, call, session)
  const name = fileName(call.headers['x-ms-file-name'] ?? parameters.get('x-ms-file-name'))
  if (call.headers['x-ms-transfer-mode'] === 'chunked') return beginUpload(caller, call, at, name)
  if (typeof call.body === 'string')
    throw new ApiRefusal(
      'media',
      'A file is sent as it is, with the Content-Type application/octet-stream and the header x-ms-file-name',
    )
  return store(caller, call, at, name, call.body)
}

type At = { table: RowsAddress['table']; target: Reference; column: string }

function fileAt(caller: Caller, call: ApiCall, address: RowsAddress): At {
  const { table, key, steps, tail } = address
  if (key === undefined || steps.length > 0 || tail.kind !== 'property')
    throw new ApiRefusal(
      'invalid',
      `A file is at the address of its row: ${table.setName}(…)/${printable(call.path.split('/').at(-1) ?? '')}`,
    )
  if (offered(caller, table)?.has(tail.column.name) !== true)
    throw new ApiRefusal(
      'column',
      `Could not find a property named '${tail.column.name}' on ${table.name} that is open to you here`,
    )
  const found = keyOf(table, key)
  const target = found.kind === 'id' ? { id: found.id } : { key: Object.fromEntries(found.values) }
  return { table, target, column: tail.column.name }
}

async function store(
  caller: Caller,
  call: ApiCall,
  at: At,
  name: string,
  content: AsyncIterable<Uint8Array>,
): Promise<ApiAnswer> {
  const ifMatch = parseEtag(call.headers['if-match'], 'If-Match')
  const mediaType = call.headers['content-type']?.split(';')[0]
  const outcome = await putFile(placeOf(caller), at, {
    name,
    mediaType,
    content,
    ...(ifMatch === undefined ? {} : { precondition: { ifMatch } }),
  })
  if (!isWritten(outcome)) throw refusalOf(caller.catalog, outcome)
  return emptyAnswer()
}

/** The first request of a file in pieces says where they go, and how long they may be. */
function beginUpload(caller: Caller, call: ApiCall, at: At, name: string): ApiAnswer {
  const uploads = uploadsFor(caller.database)
  const token = randomBytes(24).toString('base64url')
  const holder = holderOf(caller)
  const headers = { ...call.headers, 'content-type': 'application/octet-stream' }
  const refused = !uploads.begin(token, holder, (content) => store(caller, { ...call, headers }, at, name, content))
  if (refused) throw new ApiRefusal('too_many', 'Too many files are being sent in pieces at this moment; try again in a minute')
  const path = call.path.replace(/\/\$value$/, '')
  return {
    status: 200,
    headers: {
      location: `${caller.root}${path}?sessiontoken=${token}`,
      'x-ms-chunk-size': String(PIECE_BYTES),
      'accept-ranges': 'bytes',
    },
    body: '',
  }
}

async function continueUpload(caller: Caller, call: ApiCall, token: string): Promise<ApiAnswer> {
  const upload: Upload<ApiAnswer> | undefined = uploadsFor(caller.database).find(token, holderOf(caller))
  if (upload === undefined) throw new ApiRefusal('row', 'There is no such upload, or it has waited too long; begin again')
  const [, from, to, bytes] = /^bytes (\d{1,15})-(-?\d{1,15})\/(\d{1,15})$/.exec(call.headers['content-range'] ?? '') ?? []
  if (from === undefined || typeof call.body === 'string')
    throw new ApiRefusal(
      'invalid',
      'A piece of a file has the header Content-Range: bytes 0-99/100 and the Content-Type application/octet-stream',
    )
  if (Number(to) - Number(from) >= PIECE_BYTES) throw new ApiRefusal('too_large', `A piece has at most ${PIECE_BYTES} bytes`)
  const answer = await upload.take({ from: Number(from), bytes: Number(bytes), content: call.body })
  if (answer === 'gap')
    throw new ApiRefusal('invalid', `The piece does not follow the one before, which ended at byte ${upload.received()}`)
  return answer ?? emptyAnswer({}, 206)
}

const known = new WeakMap<Database, ReturnType<typeof uploadsOf<ApiAnswer>>>()

/** Uploads in pieces live in this process, as long as its database is open. */
function uploadsFor(database: Database): ReturnType<typeof uploadsOf<ApiAnswer>> {
  const found = known.get(database) ?? uploadsOf<ApiAnswer>()
  known.set(database, found)
  return found
}

function placeOf(caller: Caller) {
  return { database: caller.database, catalog: caller.catalog, permissions: caller.rules, visitor: caller.visitor }
}

function fileName(given: string | null | undefined): string {
  if (given === null || given === undefined || given.trim() === '') return 'file'
  try {
    return decodeURIComponent(given)
  } catch {
    return given
  }
}

function rangeOf(header: string | undefined, bytes: number): { from: number; to: number } | undefined {
  const [, from, to] = /^bytes=(\d{1,15})-(\d{1,15})?$/.exec(header ?? '') ?? []
  if (from === undefined || Number(from) >= bytes) return undefined
  const last = Math.min(to === undefined ? bytes - 1 : Number(to), Number(from) + PIECE_BYTES - 1, bytes - 1)
  return last < Number(from) ? undefined : { from: Number(from), to: last }
}

async function piece(file: OpenFile, from: number, to: number): Promise<Buffer> {
  const parts: Buffer[] = []
  let at = 0
  for await (const chunk of file.content) {
    const end = at + chunk.length
    if (end > from) parts.push(chunk.subarray(Math.max(from - at, 0), Math.min(to + 1 - at, chunk.length)))
    at = end
    if (at > to) break
  }
  return Buffer.concat(parts)
}
