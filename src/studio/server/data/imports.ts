import { createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { z } from 'zod'
import type { HttpServer } from '#http/server.ts'
import { AppError } from '#lib/app-error.ts'
import { newRowId } from '#tables/rows.queries.ts'
import type { ImportInfo } from '../../wire-data.ts'
import { administratorOf } from '../guard.ts'
import { parseBody } from '../parked.ts'
import type { StudioServices } from '../services.ts'
import { isZone } from './export.ts'
import { streamBodies } from './files.ts'
import { ENCODINGS } from './import/detect.ts'
import { type ImportJob, openImport } from './import/job.ts'

const FILE_BYTES_MAX = 64 * 1024 * 1024
/** The oldest that is not at work gives way. */
const IMPORTS_MAX = 8

const settingsBody = z.strictObject({
  encoding: z.enum(ENCODINGS as [(typeof ENCODINGS)[number]]),
  separator: z.string().length(1),
  decimalMark: z.enum(['.', ',']),
  dayOrder: z.enum(['dmy', 'mdy']),
  timeZone: z.string().max(100).refine(isZone, 'no time zone'),
  mapping: z.array(z.string().max(100).nullable()).max(500),
  matchBy: z.string().max(100),
})
const runBody = z.strictObject({ pass: z.enum(['dry', 'run']) })

type OfImport = { Params: { id: string } }

/** /tables/:name/imports and /imports/:id: files that become rows. They live in this process, and end with it. */
export function registerImports(scope: HttpServer, services: StudioServices): void {
  const jobs = new Map<string, ImportJob>()
  scope.addHook('onClose', async () => {
    for (const job of jobs.values()) await job.close()
  })
  const get = (id: string): ImportJob => {
    const job = jobs.get(id)
    if (job === undefined) throw new AppError('studio.not_found', 'There is no such import any more; choose the file again')
    return job
  }

  void scope.register(async (uploads) => {
    streamBodies(uploads)
    uploads.post<{ Params: { name: string }; Querystring: { name?: string } }>(
      '/tables/:name/imports',
      async (request, reply): Promise<ImportInfo> => {
        const table = services.catalog.get(request.params.name)
        const id = newRowId()
        const path = await keepFile(services, id, request.body as Readable)
        const name = (request.query.name ?? '').slice(0, 200)
        const job = await openImport({ services, visitor: administratorOf(request), table, id, path, name })
        await makeRoom(jobs)
        jobs.set(id, job)
        reply.code(201)
        return job.info()
      },
    )
  })
  scope.get<OfImport>('/imports/:id', async (request): Promise<ImportInfo> => get(request.params.id).info())
  scope.post<OfImport>('/imports/:id/settings', async (request): Promise<ImportInfo> => {
    const job = get(request.params.id)
    await job.set(parseBody(settingsBody, request.body))
    return job.info()
  })
  scope.post<OfImport>('/imports/:id/runs', async (request, reply): Promise<ImportInfo> => {
    const job = get(request.params.id)
    job.start(parseBody(runBody, request.body).pass)
    reply.code(201)
    return job.info()
  })
  scope.post<OfImport>('/imports/:id/cancellations', async (request, reply): Promise<ImportInfo> => {
    const job = get(request.params.id)
    job.cancel()
    reply.code(201)
    return job.info()
  })
  scope.get<OfImport & { Querystring: { language?: string } }>('/imports/:id/refused', async (request, reply) => {
    const job = get(request.params.id)
    const lines = job.refusedLines(request.query.language === 'fr' ? 'fr' : 'en')
    if (lines === undefined) throw new AppError('studio.not_found', 'No line was refused')
    return reply
      .header('content-disposition', `attachment; filename="${job.table}-refused.csv"`)
      .header('cache-control', 'private, no-store')
      .type('text/csv; charset=utf-8')
      .send(Readable.from(lines, { objectMode: false }))
  })
}

async function keepFile({ config }: StudioServices, id: string, content: Readable): Promise<string> {
  const folder = join(config.dataDir, 'imports')
  await mkdir(folder, { recursive: true })
  const path = join(folder, id)
  let bytes = 0
  const limit = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length
      const tooLarge = new AppError('studio.invalid', `A file to import has at most ${FILE_BYTES_MAX / 1_048_576} MB; split it`)
      done(bytes > FILE_BYTES_MAX ? tooLarge : null, chunk)
    },
  })
  await pipeline(content, limit, createWriteStream(path, { mode: 0o600 }))
  return path
}

async function makeRoom(jobs: Map<string, ImportJob>): Promise<void> {
  if (jobs.size < IMPORTS_MAX) return
  const idle = [...jobs.values()].find((job) => job.info().state.kind !== 'working')
  if (idle === undefined) throw new AppError('studio.too_many', `${IMPORTS_MAX} imports are at work; wait for one to end`)
  jobs.delete(idle.id)
  await idle.close()
}
