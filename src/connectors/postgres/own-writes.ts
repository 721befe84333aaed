/** What this connector has written lately: it comes back in the log of changes, and says nothing there that the answer has not said. */
export type OwnWrites = {
  /** What a transaction has written; before its end, so that nobody reads of it earlier. */
  note(xid: string, records: readonly Written[]): void
  has(xid: string, entity: string, key: string): boolean
}

export type Written = { entity: string; key: string }

/** What is forgotten is read again once. */
const KEYS_MAX = 50_000

export function createOwnWrites(): OwnWrites {
  const written = new Map<string, Set<string>>()
  let count = 0
  return {
    note(xid, records) {
      if (records.length === 0) return
      const names = new Set(records.map(({ entity, key }) => `${entity} ${key}`))
      written.set(xid, names)
      count += names.size
      for (const [oldest, some] of written) {
        if (count <= KEYS_MAX) break
        written.delete(oldest)
        count -= some.size
      }
    },
    has: (xid, entity, key) => written.get(xid)?.has(`${entity} ${key}`) === true,
  }
}
