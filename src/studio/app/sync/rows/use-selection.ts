import { useState } from 'react'

/** Which of the things that are shown a person has ticked. What is not shown any more does not count. */
export function useSelection(shown: readonly string[], first: readonly string[] = []) {
  const [ticked, setTicked] = useState<ReadonlySet<string>>(() => new Set(first))
  const chosen = shown.filter((id) => ticked.has(id))
  const set = (ids: readonly string[], on: boolean) =>
    setTicked((before) => (on ? new Set([...before, ...ids]) : new Set([...before].filter((id) => !ids.includes(id)))))
  return {
    chosen,
    has: (id: string) => ticked.has(id),
    tick: (id: string, on: boolean) => set([id], on),
    tickAll: (on: boolean) => set(shown, on),
    clear: () => setTicked(new Set()),
  }
}
