import { IntlMessageFormat } from 'intl-messageformat'

export type TextValues = Readonly<Record<string, string | number>>

/** The texts of a site in all its languages: ICU messages by key, each parsed once. */
export type Texts = {
  /** Falls back to the default language, then to the key itself, so that a missing text never breaks a page. */
  text(language: string, key: string, values?: TextValues): string
  has(key: string): boolean
}

export type TextSources = ReadonlyMap<string, ReadonlyMap<string, string>>

/** `report` takes each message that is not a well-formed ICU message. */
export function createTexts(
  sources: TextSources,
  languages: readonly { code: string; locale: string }[],
  defaultLanguage: string,
  report: (language: string, key: string, reason: string) => void,
): Texts {
  const messages = new Map<string, Map<string, string | IntlMessageFormat>>()
  for (const { code, locale } of languages) {
    const parsed = new Map<string, string | IntlMessageFormat>()
    for (const [key, message] of sources.get(code) ?? []) {
      try {
        parsed.set(key, parseMessage(message, locale))
      } catch (error) {
        report(code, key, error instanceof Error ? error.message : String(error))
      }
    }
    messages.set(code, parsed)
  }
  const find = (language: string, key: string) => messages.get(language)?.get(key) ?? messages.get(defaultLanguage)?.get(key)
  return {
    text(language, key, values) {
      const message = find(language, key)
      if (message === undefined) return key
      return typeof message === 'string' ? message : formatted(message, values)
    },
    has: (key) => messages.get(defaultLanguage)?.has(key) === true,
  }
}

/** Keys that one language lacks or has too much, next to the default language. */
export function compareTexts(sources: TextSources, defaultLanguage: string): string[] {
  const reference = sources.get(defaultLanguage) ?? new Map()
  const problems: string[] = []
  for (const [language, texts] of sources) {
    for (const key of reference.keys()) if (!texts.has(key)) problems.push(`${language} lacks ${key}`)
    for (const key of texts.keys())
      if (!reference.has(key)) problems.push(`${language} has ${key}, which ${defaultLanguage} lacks`)
  }
  return problems
}

/** Plain texts, which most are, need no formatter. Tags are not special: a text is never HTML. */
function parseMessage(message: string, locale: string): string | IntlMessageFormat {
  if (!/[{}']/.test(message)) return message
  return new IntlMessageFormat(message, locale, undefined, { ignoreTag: true })
}

/** A value that the caller left out shows as an empty place rather than as an error page. */
function formatted(message: IntlMessageFormat, values: TextValues = {}): string {
  const lenient = new Proxy(values, {
    get: (all, name) => (typeof name === 'string' && Object.hasOwn(all, name) ? all[name] : ''),
    has: () => true,
  })
  return String(message.format(lenient))
}
