import { PassThrough, type Readable } from 'node:stream'
import type { z } from 'zod'
import type { Asked } from '#dual-write/facets.ts'
import type { DryRun, DryRunProgress } from '#dual-write/facets-control.ts'
import { failureOf } from '#http/server.ts'
import type { dryRunBody } from './map-operations.ts'

export type DryRunLine =
  | ({ kind: 'progress' } & DryRunProgress)
  | ({ kind: 'done' } & DryRun)
  | { kind: 'failed'; error: { code: string; message: string } }

/** A dry run as it goes: a line of JSON for each page that was read, and the result, or why there is none, as the last. Who hangs up ends it. */
export function dryRunLines(engine: Asked, map: string, asked: z.infer<typeof dryRunBody>): Readable {
  const lines = new PassThrough()
  const leaving = new AbortController()
  lines.once('close', () => leaving.abort())
  const tell = (line: DryRunLine) => void (lines.destroyed || lines.write(`${JSON.stringify(line)}\n`))
  void engine
    .dryRun(map, asked, { signal: leaving.signal, progress: (now) => tell({ kind: 'progress', ...now }) })
    .then(
      (result) => tell({ kind: 'done', ...result }),
      (error: unknown) => tell({ kind: 'failed', error: reasonOf(error) }),
    )
    .finally(() => lines.end())
  return lines
}

function reasonOf(error: unknown): { code: string; message: string } {
  const { code, message } = failureOf(error)
  return { code, message }
}
