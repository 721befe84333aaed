const TAG = /\{%-?\s*(list|render)\s+(?:'([^']*)'|"([^"]*)")/g

/** The lists that a Liquid file places, itself or in the parts it renders. */
export function listsPlacedBy(sources: ReadonlyMap<string, string>, file: string): ReadonlySet<string> {
  const lists = new Set<string>()
  const seen = new Set<string>()
  const waiting = [file]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (seen.has(next)) continue
    seen.add(next)
    for (const match of (sources.get(next) ?? '').matchAll(TAG)) {
      const name = match[2] ?? match[3] ?? ''
      if (match[1] === 'list') lists.add(name)
      else waiting.push(`templates/${name}.liquid`)
    }
  }
  return lists
}
