/** How much happens in a history, and how long somebody waits for it to come to rest. */
export type Length = {
  /** What each of the four people does: at least so much, and up to so much more. */
  actionsMin: number
  actionsMore: number
  /** Most of the time the next thing follows at once, otherwise after this. */
  atOnce: number
  pauseMs: number
  operatorActions: number
  operatorPauseMs: number
  /** What waits behind a refusal does not become quiet: so long is waited instead. */
  refusedMs: number
  /** Nothing may happen any more. */
  idleMs: number
}

/** What `npm test` has the time for. */
export const SHORT: Length = {
  actionsMin: 3,
  actionsMore: 6,
  atOnce: 0.6,
  pauseMs: 1_500,
  operatorActions: 6,
  operatorPauseMs: 2_000,
  refusedMs: 25_000,
  idleMs: 6_000,
}

/** More edits, restarts and pauses in one history, further apart: a seed meets more of them together. */
export const LONG: Length = {
  actionsMin: 4,
  actionsMore: 8,
  atOnce: 0.5,
  pauseMs: 3_000,
  operatorActions: 8,
  operatorPauseMs: 4_000,
  refusedMs: 60_000,
  idleMs: 20_000,
}
