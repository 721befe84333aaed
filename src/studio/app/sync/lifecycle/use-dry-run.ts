import { useEffect, useRef, useState } from 'react'
import type { DryRun, DryRunProgress, Side } from '#dual-write/facets-control.ts'
import { ApiFailure } from '../../lib/api.ts'
import { askLines, mapPath } from '../engine-api.ts'

export type Trial = {
  isBusy: boolean
  now: DryRunProgress | undefined
  result: DryRun | undefined
  error: Error | undefined
  start(options: { winner?: Side }): Promise<void>
  cancel(): void
  /** What was found no longer answers the question. */
  forget(): void
}

/** As the server tells it, a line each. */
type Line =
  | ({ kind: 'progress' } & DryRunProgress)
  | ({ kind: 'done' } & DryRun)
  | { kind: 'failed'; error: { code: string; message: string } }

type State = Pick<Trial, 'isBusy' | 'now' | 'result' | 'error'>
const NOTHING: State = { isBusy: false, now: undefined, result: undefined, error: undefined }

/** Asks what a first copy would do. Leaving the dialog ends the reading. */
export function useDryRun(map: string): Trial {
  const [state, setState] = useState<State>(NOTHING)
  const asking = useRef<AbortController>(undefined)
  useEffect(() => () => asking.current?.abort(), [])
  const leave = () => {
    asking.current?.abort()
    setState(NOTHING)
  }
  return {
    ...state,
    async start(options) {
      asking.current?.abort()
      const current = new AbortController()
      asking.current = current
      setState({ ...NOTHING, isBusy: true })
      const take = (line: Line) => void (current.signal.aborted || setState(stateAfter(line)))
      try {
        await askLines<Line>(mapPath(map, '/dry-runs.ndjson'), options, current.signal, take)
        // A line that is cut off in the middle is no result.
        setState((now) => (now.isBusy && asking.current === current ? { ...NOTHING, error: new Error('cut off') } : now))
      } catch (error) {
        if (!current.signal.aborted) setState({ ...NOTHING, error: error as Error })
      }
    },
    cancel: leave,
    forget: leave,
  }
}

function stateAfter(line: Line): State {
  switch (line.kind) {
    case 'progress':
      return { ...NOTHING, isBusy: true, now: line }
    case 'done':
      return { ...NOTHING, result: line }
    case 'failed':
      return { ...NOTHING, error: new ApiFailure(503, line.error.code, line.error.message) }
    default:
      return line satisfies never
  }
}
