import { z } from 'zod'
import type { Asked } from '#dual-write/facets.ts'

/**
 * One thing that can be asked of the sync engine over HTTP, with all that its route and its place in the OpenAPI document need. `path`
 * is under /api/dual-write; names in braces are its parameters. Deeds create nouns: pausing a map creates a pause.
 */
export type Operation = {
  readonly id: string
  readonly method: 'get' | 'post' | 'put' | 'delete'
  readonly path: string
  readonly tag: Tag
  readonly summary: string
  readonly query: z.ZodObject | undefined
  readonly body: z.ZodObject | undefined
  /** What is answered, as one value; undefined where nothing is. */
  readonly answer: z.ZodType | undefined
  run(engine: Asked, input: OperationInput): Promise<unknown>
}

export const TAGS = {
  maps: 'Table maps: state, running, pausing, stopping',
  copies: 'Initial sync, its outcomes, and dry runs',
  equality: 'Comparing both sides, and making them equal',
  parked: 'What waits for a person, and values that lost',
  queued: 'Single changes that wait for their turn',
  rows: 'One row: why it did or did not travel; which record it is',
  definitions: 'Maps as text: versions, checks, promotion',
  watching: 'Latency, rates, health, alerts, this installation',
} as const
export type Tag = keyof typeof TAGS

export type OperationInput = {
  params: Readonly<Record<string, string>>
  query: unknown
  body: unknown
  /** Who asks, for the activity log. */
  actor: string
}

type Given<Query extends z.ZodObject, Body extends z.ZodObject, Answer extends z.ZodType> = {
  id: string
  method: Operation['method']
  path: string
  tag: Tag
  summary: string
  query?: Query
  body?: Body
  answer?: Answer
  run(
    engine: Asked,
    input: { params: Readonly<Record<string, string>>; query: z.infer<Query>; body: z.infer<Body>; actor: string },
  ): Promise<z.infer<Answer>>
}

/** Ties the shapes of an operation to the types that its code sees. */
export function operation<Query extends z.ZodObject, Body extends z.ZodObject, Answer extends z.ZodType>(
  given: Given<Query, Body, Answer>,
): Operation {
  return {
    query: undefined,
    body: undefined,
    answer: undefined,
    ...given,
    run: (engine, input) =>
      given.run(engine, { ...input, query: input.query as z.infer<Query>, body: input.body as z.infer<Body> }),
  }
}

const ROWS_MAX = 1_000

/** What several operations take. */
export const direction = z.enum(['toErp', 'toPortal'])
export const side = z.enum(['erp', 'portal'])
export const company = z.string().trim().min(1).max(20)
export const rowsMax = z.coerce.number().int().min(1).max(ROWS_MAX).default(100)
export const before = z.coerce.number().int().min(1).optional()
export const key = z.string().min(1).max(1_000)
export const scope = z.strictObject({ company: company.optional(), direction: direction.optional() })
export const NO_BODY = z.strictObject({})
