import { PassThrough, type Readable } from 'node:stream'

/** A file that comes in pieces, each in a request of its own. */
export type Upload<T> = {
  /** Up to which byte it has come. */
  received(): number
  /** Takes the next piece; answers what storing the whole answered once it has come, and 'gap' when another piece was due. */
  take(piece: { from: number; bytes: number; content: Readable }): Promise<T | 'gap' | undefined>
}

const UPLOADS_MAX = 50
const IDLE_MS_MAX = 5 * 60_000

/** The uploads of one process. What waits too long for its next piece is given up. */
export function uploadsOf<T>() {
  const uploads = new Map<string, { holder: string; upload: Upload<T> }>()
  return {
    /** False when there are too many already. */
    begin(token: string, holder: string, store: (content: Readable) => Promise<T>): boolean {
      if (uploads.size >= UPLOADS_MAX) return false
      const content = new PassThrough()
      const stored = store(content)
      // Who sends the last piece hears of it.
      stored.catch(() => undefined)
      let received = 0
      let timer = setTimeout(giveUp, IDLE_MS_MAX).unref()
      function giveUp() {
        content.destroy(new Error('the upload was given up'))
        uploads.delete(token)
      }
      const upload: Upload<T> = {
        received: () => received,
        async take(piece) {
          clearTimeout(timer)
          timer = setTimeout(giveUp, IDLE_MS_MAX).unref()
          // Some clients send an empty piece after the last.
          if (received >= piece.bytes && piece.from >= received) return stored
          if (piece.from !== received) return 'gap'
          for await (const chunk of piece.content) {
            received += chunk.length
            if (!content.write(chunk)) await Promise.race([drained(content), stored.catch(() => undefined)])
          }
          if (received < piece.bytes) return undefined
          content.end()
          return stored
        },
      }
      uploads.set(token, { holder, upload })
      return true
    },
    find(token: string, holder: string): Upload<T> | undefined {
      const found = uploads.get(token)
      return found?.holder === holder ? found.upload : undefined
    },
  }
}

/** There is room again, or nobody reads any more. */
function drained(stream: PassThrough): Promise<void> {
  return new Promise((done) => {
    const end = () => {
      stream.off('drain', end)
      stream.off('close', end)
      done()
    }
    stream.on('drain', end)
    stream.on('close', end)
  })
}
