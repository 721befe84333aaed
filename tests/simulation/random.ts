/** Mulberry32: the same numbers for the same seed. */
export function createRandom(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** The choices that a simulated history is made of. */
export type Dice = {
  random(): number
  /** How many numbers were drawn so far. */
  drawn(): number
  /** True with this probability. */
  chance(probability: number): boolean
  pick<T>(list: readonly T[]): T
  /** Mostly near the mean, seldom many times it: how long things take. */
  around(meanMs: number): number
  upTo(max: number): number
}

export function createDice(numbers: () => number): Dice {
  let drawn = 0
  const random = () => {
    drawn++
    return numbers()
  }
  return {
    random,
    drawn: () => drawn,
    chance: (probability) => random() < probability,
    pick<T>(list: readonly T[]): T {
      if (list.length === 0) throw new Error('nothing to pick from')
      return list[Math.floor(random() * list.length)] as T
    },
    around: (meanMs) => -Math.log(1 - random()) * meanMs,
    upTo: (max) => Math.floor(random() * max),
  }
}
