/** The first of the site's languages that one of the wishes asks for ('fr-CA' is content with 'fr'); the site's first if none does. */
export function chooseLanguage(languages: readonly string[], wishes: readonly (string | null | undefined)[]): string {
  for (const wish of wishes) {
    const found = wish === null || wish === undefined ? undefined : matchLanguage(languages, wish)
    if (found !== undefined) return found
  }
  return languages[0] ?? 'en'
}

/** Wishes of an Accept-Language header, best first. */
export function parseAcceptLanguage(header: string | undefined): string[] {
  if (header === undefined || header.length > HEADER_CHARACTERS_MAX) return []
  return header
    .split(',')
    .map((part) => {
      const [tag = '', ...parameters] = part.trim().split(';')
      const quality = parameters.map((one) => /^\s*q=([\d.]+)\s*$/.exec(one)?.[1]).find((one) => one !== undefined)
      return { tag: tag.trim(), quality: quality === undefined ? 1 : Number(quality) }
    })
    .filter((wish) => wish.quality > 0)
    .sort((a, b) => b.quality - a.quality)
    .map((wish) => wish.tag)
}

const HEADER_CHARACTERS_MAX = 500

function matchLanguage(languages: readonly string[], wish: string): string | undefined {
  const wanted = wish.toLowerCase()
  const base = wanted.split('-')[0]
  return (
    languages.find((one) => one.toLowerCase() === wanted) ??
    languages.find((one) => one.toLowerCase() === base) ??
    languages.find((one) => one.toLowerCase().split('-')[0] === base)
  )
}
