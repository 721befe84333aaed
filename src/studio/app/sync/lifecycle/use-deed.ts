import { useState } from 'react'
import { mapsQuery, queryClient } from '../../lib/api.ts'
import { useWords } from '../../lib/messages.tsx'
import { tellDone, tellFailure } from '../../parts/states.tsx'
import { askEngine, mapPath } from '../engine-api.ts'

export type Deed = {
  busy: boolean
  /** Asks the engine to do something to the map, tells how it went and shows all of the map anew. False when it was refused. */
  act<T>(noun: string, body: object, done: (answer: T) => string): Promise<boolean>
}

export function useDeed(map: string): Deed {
  const { t } = useWords()
  const [busy, setBusy] = useState(false)
  return {
    busy,
    async act<T>(noun: string, body: object, done: (answer: T) => string) {
      setBusy(true)
      try {
        const answer = await askEngine<T>('POST', mapPath(map, `/${noun}`), body)
        tellDone(done(answer), t)
        return true
      } catch (error) {
        tellFailure(error as Error, t)
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
