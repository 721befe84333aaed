const PREFIX = 'comptoir-studio-draft-'

/** Work that nobody has saved yet, kept in this browser by a name: a reload or a closed window loses nothing. */
export function readKept<T>(name: string): T | undefined {
  try {
    const text = localStorage.getItem(PREFIX + name)
    return text === null ? undefined : (JSON.parse(text) as T)
  } catch {
    return undefined
  }
}

/** Undefined forgets it. */
export function keep(name: string, work: unknown): void {
  try {
    if (work === undefined) localStorage.removeItem(PREFIX + name)
    else localStorage.setItem(PREFIX + name, JSON.stringify(work))
  } catch {
    // A browser that keeps nothing forgets it.
  }
}
