import { queryClient } from '../../lib/api.ts'
import type { Translate } from '../../lib/messages.tsx'
import { tellDone, tellFailure } from '../../parts/states.tsx'

/**
 * Does something with the engine, says what came of it, and has all that is shown of dual-write read again. Answers undefined where it
 * was refused, after it has been told why.
 */
export async function deed<T>(t: Translate, act: () => Promise<T>, said: (done: T) => string): Promise<T | undefined> {
  try {
    const done = await act()
    tellDone(said(done), t)
    return done
  } catch (error) {
    tellFailure(error as Error, t)
    return undefined
  } finally {
    void readAgain()
  }
}

export async function readAgain(): Promise<void> {
  await Promise.all([['sync'], ['maps'], ['map']].map((queryKey) => queryClient.invalidateQueries({ queryKey })))
}
