import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

/** What a folder of an installation remembers of the database that it last worked with. */
export type Mark = { installation: string; epoch: number }

const FILE = 'environment.json'
const mark = z.object({ installation: z.string(), epoch: z.number().int() })

/** Undefined where there is none, or none that can be read: then the folder is a new one. */
export function readMark(folder: string): Mark | undefined {
  try {
    return mark.parse(JSON.parse(readFileSync(join(folder, FILE), 'utf8')))
  } catch {
    return undefined
  }
}

/** Whole or not at all, however the process ends. */
export function writeMark(folder: string, content: Mark): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const staging = join(folder, `${FILE}.new`)
  writeFileSync(staging, JSON.stringify(content), { mode: 0o600 })
  renameSync(staging, join(folder, FILE))
}
