import { AppError } from './app-error.ts'

/**
 * Reads a form of type multipart/form-data (RFC 7578) as browsers send it, in constant memory: small fields first, then at most one file,
 * which is handed out while it is read and must be the end. Whatever else it is, is refused with AppError `request.invalid`.
 */
export type MultipartForm = { fields: ReadonlyMap<string, string>; file: MultipartFile | undefined }
export type MultipartFile = {
  field: string
  /** As it was sent: '' where nobody has chosen one. Clean it before it is kept. */
  name: string
  mediaType: string | undefined
  /** To be read once. Throws where the form goes on after the file, or ends too early. */
  content: AsyncIterable<Buffer>
}

const FIELDS_MAX = 16
const FIELD_BYTES_MAX = 4_096
const HEAD_BYTES_MAX = 4_096
/** RFC 2046 allows 70 of these characters, and no space at the end. */
const BOUNDARY = /^multipart\/form-data\s*;\s*boundary=(?:"([\w'()+,./:=? -]{0,69}[\w'()+,./:=?-])"|([\w'+./-]{1,70}))\s*$/i
const LINE = '\r\n'

/** Bytes that have come and are not used yet; never much more than one chunk. */
type Input = { held: Buffer; source: AsyncIterator<Uint8Array> }

export async function readMultipart(contentType: string, source: AsyncIterator<Uint8Array>): Promise<MultipartForm> {
  const [, quoted, plain] = BOUNDARY.exec(contentType) ?? []
  const boundary = quoted ?? plain
  if (boundary === undefined) throw malformed('its boundary cannot be read')
  const delimiter = Buffer.from(`${LINE}--${boundary}`, 'latin1')
  // The first delimiter has no line before it.
  const input: Input = { held: Buffer.from(LINE, 'latin1'), source }
  if ((await takeUntil(input, delimiter, 0)).length > 0) throw malformed('it does not begin with its boundary')
  const fields = new Map<string, string>()
  while (!(await isEnd(input))) {
    const head = readHead((await takeUntil(input, Buffer.from(LINE + LINE), HEAD_BYTES_MAX)).toString('utf8'))
    if (fields.has(head.field)) throw malformed('a field comes twice')
    if (head.fileName !== undefined)
      return {
        fields,
        file: { field: head.field, name: head.fileName, mediaType: head.mediaType, content: contentOf(input, delimiter) },
      }
    if (fields.size === FIELDS_MAX) throw malformed(`it has more than ${FIELDS_MAX} fields`)
    fields.set(head.field, (await takeUntil(input, delimiter, FIELD_BYTES_MAX)).toString('utf8'))
  }
  return { fields, file: undefined }
}

async function* contentOf(input: Input, delimiter: Buffer): AsyncGenerator<Buffer> {
  for (;;) {
    const at = input.held.indexOf(delimiter)
    // What may be the beginning of the delimiter waits for its rest.
    const sure = at === -1 ? input.held.length - delimiter.length + 1 : at
    if (sure > 0) {
      const piece = input.held.subarray(0, sure)
      input.held = input.held.subarray(sure)
      yield piece
    }
    if (at !== -1) break
    await more(input)
  }
  input.held = input.held.subarray(delimiter.length)
  if (!(await isEnd(input))) throw malformed('something follows the file')
}

/** After a delimiter: whether that was the last. Then nothing more comes. */
async function isEnd(input: Input): Promise<boolean> {
  while (input.held.length < 2) await more(input)
  const mark = input.held.subarray(0, 2).toString('latin1')
  input.held = input.held.subarray(2)
  if (mark === LINE) return false
  if (mark !== '--') throw malformed('its boundary is followed by something else')
  for (;;) {
    if (!LINE.startsWith(input.held.toString('latin1', 0, 3))) throw malformed('it goes on after its end')
    const next = await input.source.next()
    if (next.done === true) return true
    input.held = Buffer.concat([input.held, next.value])
  }
}

/** What stands before `mark`, which is taken with it. */
async function takeUntil(input: Input, mark: Buffer, bytesMax: number): Promise<Buffer> {
  for (;;) {
    const at = input.held.indexOf(mark)
    if (at > bytesMax || (at === -1 && input.held.length >= bytesMax + mark.length)) throw malformed('a part of it is too long')
    if (at !== -1) {
      const taken = input.held.subarray(0, at)
      input.held = input.held.subarray(at + mark.length)
      return taken
    }
    await more(input)
  }
}

async function more(input: Input): Promise<void> {
  const next = await input.source.next()
  if (next.done === true) throw malformed('it ends too early')
  input.held = Buffer.concat([input.held, next.value])
}

type Head = { field: string; fileName: string | undefined; mediaType: string | undefined }

const DISPOSITION = /^form-data((?:\s*;\s*[a-z]+="(?:[^"\\]|\\.)*")+)\s*$/i
const PARAMETER = /;\s*([a-z]+)="((?:[^"\\]|\\.)*)"/gi
const FIELD_NAME = /^[\w.-]{1,100}$/

function readHead(text: string): Head {
  const headers = new Map<string, string>()
  for (const line of text.split(LINE)) {
    const [, name, value] = /^([A-Za-z-]{1,50}):[ \t]*(.*)$/.exec(line) ?? []
    if (name === undefined || value === undefined || headers.has(name.toLowerCase())) throw malformed('a part has no proper head')
    headers.set(name.toLowerCase(), value)
  }
  if (headers.has('content-transfer-encoding')) throw malformed('a part is encoded')
  const [, given] = DISPOSITION.exec(headers.get('content-disposition') ?? '') ?? []
  const parameters = new Map<string, string>()
  for (const [, name = '', value = ''] of (given ?? '').matchAll(PARAMETER)) {
    if (parameters.has(name.toLowerCase())) throw malformed('a part has two names')
    parameters.set(name.toLowerCase(), value)
  }
  const field = parameters.get('name') ?? ''
  if (!FIELD_NAME.test(field)) throw malformed('a part has no proper name')
  const fileName = parameters.get('filename')
  return {
    field,
    fileName: fileName === undefined ? undefined : unescaped(fileName),
    mediaType: headers.get('content-type'),
  }
}

/** Browsers write %22, %0D and %0A for what cannot stand in quotes; others a backslash. A backslash before anything else is one of a path. */
function unescaped(name: string): string {
  return name.replace(/%22|\\"/g, '"').replace(/%0[AD]/gi, ' ')
}

function malformed(reason: string): AppError {
  return new AppError('request.invalid', `The form cannot be read: ${reason}`)
}
