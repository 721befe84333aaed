import type { Readable } from 'node:stream'
import type { Reply, Request } from '#http/server.ts'
import { AppError } from '#lib/app-error.ts'
import { type MultipartForm, readMultipart } from '#lib/multipart.ts'

/** A form with a file, read up to the file. */
export type Upload = MultipartForm & {
  /** Of the whole form, where its sender says. */
  bytes: number | undefined
}

/** A sender who is silent for so long is gone. */
const SILENCE_MS_MAX = 30_000
const UPLOAD_MS_MAX = 30 * 60_000
const UPLOADS_AT_ONCE_MAX = 100
let uploads = 0

/**
 * Begins to read a form of type multipart/form-data; its fields become the body of the request, for `checkCsrf`. Slow and endless senders
 * are cut off. Whatever is not read when the answer has gone is passed over, so that browsers get to see it. Throws AppError
 * `request.invalid`, and `request.too_many` where too many are under way.
 */
export async function openUpload(request: Request, reply: Reply, payload: Readable): Promise<Upload> {
  if (uploads >= UPLOADS_AT_ONCE_MAX) {
    passOver(reply, payload)
    throw new AppError('request.too_many', 'Too many files are being sent at this moment; please try again in a minute')
  }
  uploads++
  const end = setTimeout(() => payload.destroy(), UPLOAD_MS_MAX).unref()
  request.raw.setTimeout?.(SILENCE_MS_MAX, () => payload.destroy())
  payload.once('close', () => {
    clearTimeout(end)
    uploads--
  })
  const source = bytesOf(payload)
  passOver(reply, payload, source)
  const form = await readMultipart(request.headers['content-type'] ?? '', source)
  request.body = Object.fromEntries(form.fields)
  const bytes = Number(request.headers['content-length'])
  return { ...form, bytes: Number.isSafeInteger(bytes) && bytes > 0 ? bytes : undefined }
}

function passOver(reply: Reply, payload: Readable, source?: AsyncGenerator<Uint8Array>): void {
  reply.raw.once('finish', () => {
    void (source?.return(undefined) ?? Promise.resolve()).then(() => payload.resume())
  })
}

async function* bytesOf(payload: Readable): AsyncGenerator<Uint8Array> {
  try {
    yield* payload.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>
  } catch (cause) {
    throw new AppError('request.aborted', 'The file did not arrive whole', { cause })
  }
}
