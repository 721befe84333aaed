import { useState } from 'react'
import { mapsQuery, queryClient } from '../../lib/api.ts'
import { useWords } from '../../lib/messages.tsx'
import { tellDone, tellFailure } from '../../parts/states.tsx'
import { askEngine, mapPath } from '../engine-api.ts'

export type Deed = {
  busy: boolean
  /** Why the last one was refused, for the dialog that asked. */
  problem: Error | undefined
  /** Asks the engine to do something to the map, tells how it went and shows all of the map anew. False when it was refused. */
  act<T>(noun: string, body: object, done: (answer: T) => string): Promise<boolean>
}

/** `told`: where a refusal is read: in the dialog, or as a notice where there is none. */
export function useDeed(map: string, told: 'inPlace' | 'notice' = 'inPlace'): Deed {
  const { t } = useWords()
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Error | undefined>(undefined)
  return {
    busy,
    problem,
    async act<T>(noun: string, body: object, done: (answer: T) => string) {
      setBusy(true)
      setProblem(undefined)
      try {
        const answer = await askEngine<T>('POST', mapPath(map, `/${noun}`), body)
        tellDone(done(answer), t)
        return true
      } catch (error) {
        if (told === 'notice') tellFailure(error as Error, t)
        else setProblem(error as Error)
        return false
      } finally {
        setBusy(false)
        // Nobody waits for the pictures with a dialog open.
        void Promise.all(
          [mapsQuery.queryKey, ['sync', map], ['sync', '']].map((queryKey) => queryClient.invalidateQueries({ queryKey })),
        )
      }
    },
  }
}
