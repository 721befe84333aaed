import { useCallback, useReducer } from 'react'

/** A text that is being changed, with the way back and forth again. What is typed in one place without a pause is one step. */
export type Draft = {
  text: string
  /** `place` names what is being changed: 'column 3'. */
  change: (text: string, place?: string) => void
  undo: (() => void) | undefined
  redo: (() => void) | undefined
}

type State = { past: readonly string[]; text: string; future: readonly string[]; place: string; atMs: number }
type Step = { kind: 'change'; text: string; place: string; atMs: number } | { kind: 'undo' } | { kind: 'redo' }

const PAUSE_MS = 1_000
const STEPS_MAX = 200

/** `kept`: how far one had come from `first`; one step back leads there. */
export function useDraft(first: string, kept = first): Draft {
  const past = kept === first ? [] : [first]
  const [state, step] = useReducer(next, { past, text: kept, future: [], place: '', atMs: 0 })
  const change = useCallback((text: string, place = '') => step({ kind: 'change', text, place, atMs: performance.now() }), [])
  return {
    text: state.text,
    change,
    undo: state.past.length === 0 ? undefined : () => step({ kind: 'undo' }),
    redo: state.future.length === 0 ? undefined : () => step({ kind: 'redo' }),
  }
}

function next(state: State, step: Step): State {
  const { past, text, future } = state
  switch (step.kind) {
    case 'change': {
      if (step.text === text) return state
      const goesOn = step.place !== '' && step.place === state.place && step.atMs - state.atMs < PAUSE_MS
      return { ...step, past: goesOn ? past : [...past.slice(-STEPS_MAX), text], future: [] }
    }
    case 'undo': {
      const before = past.at(-1)
      return before === undefined
        ? state
        : { past: past.slice(0, -1), text: before, future: [text, ...future], place: '', atMs: 0 }
    }
    case 'redo': {
      const [after, ...rest] = future
      return after === undefined ? state : { past: [...past, text], text: after, future: rest, place: '', atMs: 0 }
    }
    default:
      return step satisfies never
  }
}
