/** Time and chance as arguments. Composition passes the real ones; simulations pass theirs. */
export type Clock = {
  /** Milliseconds since 1970, UTC. */
  nowMs(): number
  /** Resolves after `ms`, or at once when the signal aborts (it never rejects). */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** In [0, 1). */
  random(): number
}
