import { assert, required } from '#lib/assert.ts'

/** Chance from a seed: the same seed makes the same company. */
export type Random = {
  /** In [0, 1). */
  next(): number
  /** Whole, both bounds included. */
  whole(min: number, max: number): number
  chance(probability: number): boolean
  pick<T>(items: readonly T[]): T
  /** One of the keys, as often as their weights say. */
  weighted<T extends string>(weights: Readonly<Record<T, number>>): T
}

/** Mulberry32: small, fast and good enough for a believable company. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
  const whole = (min: number, max: number) => min + Math.floor(next() * (max - min + 1))
  return {
    next,
    whole,
    chance: (probability) => next() < probability,
    pick(items) {
      assert(items.length > 0, 'there is something to pick from')
      return items[whole(0, items.length - 1)] as (typeof items)[number]
    },
    weighted(weights) {
      const entries = Object.entries(weights) as [keyof typeof weights, number][]
      let left = next() * entries.reduce((sum, [, weight]) => sum + weight, 0)
      for (const [key, weight] of entries) {
        left -= weight
        if (left < 0) return key
      }
      return required(entries.at(-1), 'a weight')[0]
    },
  }
}
