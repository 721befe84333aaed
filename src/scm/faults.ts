import { z } from 'zod'
import { AppError } from '#lib/app-error.ts'

/** What goes wrong on purpose, for demos and tests: switched at run time on the back office's page or with `PUT /faults`. */
export type FaultPlan = {
  /** Every answer waits this long, between the two. */
  latencyMs?: [min: number, max: number] | undefined
  /** This share of requests is answered 429 with Retry-After. */
  throttle?: { rate: number; retryAfterSeconds: number } | undefined
  /** true: connections are cut; 'gateway': a 502 page of a gateway answers. Events are not delivered meanwhile either. */
  outage?: boolean | 'gateway' | undefined
  /** This share of requests of these methods is carried out, and then the connection is cut. */
  loseAnswer?: { rate: number; methods: string[] } | undefined
  /** The same seed, the same faults in the same order of requests. */
  seed?: number | undefined
  /** Only paths that match this expression are touched. */
  only?: string | undefined
}

/** What happens to one request. */
export type Fault = { latencyMs: number; outage: false | 'cut' | 'gateway'; loseAnswer: boolean }

export type Faults = {
  get(): FaultPlan
  /** Takes effect at once and starts the plan's sequence anew. */
  set(plan: FaultPlan): void
  fault(method: string, path: string): Fault
  /** Asked once per request, in a batch once per part: the seconds to wait, or undefined to go on. */
  throttle(path: string): number | undefined
}

const LATENCY_MS_MAX = 60_000

const rate = z.number().min(0).max(1)
const plan = z.strictObject({
  latencyMs: z
    .tuple([z.number().min(0).max(LATENCY_MS_MAX), z.number().min(0).max(LATENCY_MS_MAX)])
    .refine(([min, max]) => min <= max, 'the first is not greater than the second')
    .optional(),
  throttle: z.strictObject({ rate, retryAfterSeconds: z.number().int().min(0).max(3_600) }).optional(),
  outage: z.union([z.boolean(), z.literal('gateway')]).optional(),
  loseAnswer: z.strictObject({ rate, methods: z.array(z.enum(['GET', 'POST', 'PATCH', 'PUT', 'DELETE'])) }).optional(),
  seed: z.number().int().optional(),
  only: z.string().max(500).refine(isExpression, 'a regular expression').optional(),
})

/** Parses a plan as JSON gives it; AppError 'faults.invalid' says which part is wrong. */
export function parseFaultPlan(value: unknown): FaultPlan {
  const parsed = plan.safeParse(value)
  if (parsed.success) return parsed.data
  throw new AppError('faults.invalid', `Not a fault plan: ${z.prettifyError(parsed.error)}`, { cause: parsed.error })
}

export function createFaults(initial: FaultPlan = {}): Faults {
  let current = initial
  let random = randomFrom(initial.seed ?? 1)
  const touches = (path: string) => current.only === undefined || new RegExp(current.only).test(path)

  return {
    get: () => current,
    set(next) {
      current = next
      random = randomFrom(next.seed ?? 1)
    },
    fault(method, path) {
      if (!touches(path)) return { latencyMs: 0, outage: false, loseAnswer: false }
      const { latencyMs, outage, loseAnswer } = current
      return {
        latencyMs: latencyMs === undefined ? 0 : Math.round(latencyMs[0] + random() * (latencyMs[1] - latencyMs[0])),
        outage: outage === 'gateway' ? 'gateway' : outage === true ? 'cut' : false,
        loseAnswer: loseAnswer?.methods.includes(method) === true && random() < loseAnswer.rate,
      }
    },
    throttle(path) {
      const { throttle } = current
      return throttle !== undefined && touches(path) && random() < throttle.rate ? throttle.retryAfterSeconds : undefined
    },
  }
}

function isExpression(text: string): boolean {
  try {
    new RegExp(text)
    return true
  } catch {
    return false
  }
}

/** A small generator in [0, 1) whose whole sequence follows from the seed (a multiply-and-shift mix of a counter). */
function randomFrom(seed: number): () => number {
  let counter = seed >>> 0
  return () => {
    counter = (counter + 0x9e3779b9) >>> 0
    let mixed = counter
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32
  }
}
