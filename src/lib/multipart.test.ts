import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { AppError, isAppError } from './app-error.ts'
import { type MultipartForm, readMultipart } from './multipart.ts'

const BOUNDARY = '----WebKitFormBoundary7MA4YWxkTrZu0gW'
const TYPE = `multipart/form-data; boundary=${BOUNDARY}`

async function* chunksOf(body: Buffer, sizes: readonly number[] = [65_536]): AsyncGenerator<Uint8Array> {
  for (let at = 0, i = 0; at < body.length; i++) {
    const size = sizes[i % sizes.length] ?? 1
    yield body.subarray(at, at + size)
    at += size
  }
}

async function read(body: Buffer, sizes?: readonly number[], type = TYPE): Promise<MultipartForm & { bytes: Buffer }> {
  const form = await readMultipart(type, chunksOf(body, sizes))
  const pieces: Buffer[] = []
  if (form.file !== undefined) for await (const piece of form.file.content) pieces.push(Buffer.from(piece))
  return { ...form, bytes: Buffer.concat(pieces) }
}

function field(name: string, value: string, boundary = BOUNDARY): string {
  return `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
}

function bodyOf(fields: Readonly<Record<string, string>>, file?: { name: string; content: Buffer; after?: string }): Buffer {
  const head = Object.entries(fields)
    .map(([name, value]) => field(name, value))
    .join('')
  if (file === undefined) return Buffer.from(`${head}--${BOUNDARY}--\r\n`)
  return Buffer.concat([
    Buffer.from(
      `${head}--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="${file.name}"\r\nContent-Type: application/pdf\r\n\r\n`,
    ),
    file.content,
    Buffer.from(file.after ?? `\r\n--${BOUNDARY}--\r\n`),
  ])
}

test('what a browser sends is read whole, whatever the pieces in which it comes', async () => {
  const content = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    // Much that looks like the boundary.
    fc
      .array(fc.constantFrom('\r', '\n', '\r\n', '--', '\r\n--', `\r\n--${BOUNDARY.slice(0, -1)}`, '-', 'x'), { maxLength: 40 })
      .map((parts) => Buffer.from(parts.join(''))),
  )
  const value = fc.string({ unit: 'binary', maxLength: 50 }).filter((text) => text.isWellFormed())
  await fc.assert(
    fc.asyncProperty(
      content,
      value,
      fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 5 }),
      async (bytes, text, sizes) => {
        const form = await read(bodyOf({ _csrf: text, other: 'é' }, { name: 'a.pdf', content: Buffer.from(bytes) }), sizes)
        assert.deepEqual(Object.fromEntries(form.fields), { _csrf: text, other: 'é' })
        assert.ok(form.bytes.equals(Buffer.from(bytes)))
        assert.deepEqual([form.file?.field, form.file?.name, form.file?.mediaType], ['file', 'a.pdf', 'application/pdf'])
      },
    ),
    { numRuns: 300 },
  )
})

test('names of files come as they were meant', async () => {
  const nameOf = async (name: string) => (await read(bodyOf({}, { name, content: Buffer.from('x') }))).file?.name
  assert.equal(await nameOf('Reçu n°4 – été.pdf'), 'Reçu n°4 – été.pdf')
  assert.equal(await nameOf('say %22hi%22.pdf'), 'say "hi".pdf')
  assert.equal(await nameOf('say \\"hi\\".pdf'), 'say "hi".pdf')
  assert.equal(await nameOf('a%0D%0ASet-Cookie: x'), 'a  Set-Cookie: x')
  assert.equal(await nameOf(''), '', 'nobody has chosen a file')
})

test('a form without a file, and a boundary in quotes', async () => {
  assert.equal((await read(bodyOf({ a: '1' }))).file, undefined)
  const quoted = await read(Buffer.from(`${field('a', '1', 'x y')}--x y--`), [3], 'Multipart/Form-Data; boundary="x y"')
  assert.equal(quoted.fields.get('a'), '1')
})

test('everything else is refused, with a reason, and without reading on', async () => {
  const file = { name: 'a', content: Buffer.from('x') }
  const cases: readonly (readonly [string, Buffer, string?])[] = [
    ['no boundary', bodyOf({}), 'multipart/form-data'],
    ['a boundary that is too long', bodyOf({}), `multipart/form-data; boundary=${'x'.repeat(71)}`],
    ['another boundary', bodyOf({}), 'multipart/form-data; boundary=other'],
    ['something before the form', Buffer.concat([Buffer.from('hello\r\n'), bodyOf({})])],
    ['something after the form', Buffer.concat([bodyOf({}), Buffer.from('x')])],
    ['nothing', Buffer.alloc(0)],
    ['no end', bodyOf({}, { ...file, after: '' })],
    ['half an end', bodyOf({}, { ...file, after: `\r\n--${BOUNDARY}-` })],
    ['a field after the file', bodyOf({}, { ...file, after: `\r\n${field('b', '1')}--${BOUNDARY}--\r\n` })],
    ['a field twice', Buffer.from(`${field('a', '1')}${field('a', '2')}--${BOUNDARY}--\r\n`)],
    ['too many fields', bodyOf(Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`f${i}`, ''])))],
    ['a field too long', bodyOf({ a: 'x'.repeat(4_097) })],
    ['a head too long', bodyOf({}, { ...file, name: 'x'.repeat(5_000) })],
    ['a name that is none', bodyOf({ 'a b': '1' })],
    ['no name', Buffer.from(`--${BOUNDARY}\r\nContent-Disposition: form-data\r\n\r\n1\r\n--${BOUNDARY}--\r\n`)],
    ['no head', Buffer.from(`--${BOUNDARY}\r\n\r\n1\r\n--${BOUNDARY}--\r\n`)],
    [
      'two heads of one kind',
      Buffer.from(
        `--${BOUNDARY}\r\nContent-Disposition: form-data; name="a"\r\nContent-Disposition: form-data; name="b"\r\n\r\n1\r\n--${BOUNDARY}--\r\n`,
      ),
    ],
    [
      'an encoding',
      Buffer.from(
        `--${BOUNDARY}\r\nContent-Disposition: form-data; name="a"\r\nContent-Transfer-Encoding: base64\r\n\r\nMQ==\r\n--${BOUNDARY}--\r\n`,
      ),
    ],
  ]
  for (const [says, body, type] of cases)
    for (const sizes of [[65_536], [1]])
      await assert.rejects(read(body, sizes, type), (error) => isAppError(error, 'request.invalid'), says)
})

test('hostile bodies are read or refused, never anything else, and never held', async () => {
  const whole = bodyOf({ _csrf: 'token', _form: 'f' }, { name: 'a.pdf', content: Buffer.from('%PDF-1.7 something') })
  const damage = fc.array(fc.record({ at: fc.nat(whole.length), remove: fc.nat(20), insert: fc.uint8Array({ maxLength: 20 }) }), {
    minLength: 1,
    maxLength: 4,
  })
  await fc.assert(
    fc.asyncProperty(damage, fc.integer({ min: 1, max: 400 }), async (changes, size) => {
      let body = whole
      for (const { at, remove, insert } of changes)
        body = Buffer.concat([body.subarray(0, at), insert, body.subarray(at + remove)])
      await read(body, [size]).catch((error: unknown) => assert.ok(error instanceof AppError, String(error)))
    }),
    { numRuns: 1_000 },
  )
  // An endless head or field ends the reading soon after its limit.
  for (const start of [`--${BOUNDARY}\r\nX: `, `--${BOUNDARY}\r\nContent-Disposition: form-data; name="a"\r\n\r\n`]) {
    let sent = 0
    const endless = async function* () {
      yield Buffer.from(start)
      for (;;) {
        sent += 1_000
        yield Buffer.alloc(1_000, 120)
      }
    }
    await assert.rejects(readMultipart(TYPE, endless()), /too long/)
    assert.ok(sent <= 6_000, `${sent} bytes`)
  }
})
