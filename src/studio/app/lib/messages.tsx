import { IntlMessageFormat } from 'intl-messageformat'
import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from 'react'
import en from '../messages/en.json'
import fr from '../messages/fr.json'

export type MessageKey = keyof typeof en
export type Language = 'en' | 'fr'
export type Translate = (key: MessageKey, values?: Readonly<Record<string, string | number>>) => string

export type Words = {
  language: Language
  setLanguage(language: Language): void
  t: Translate
  /** A text for a name that comes from the server; the name itself where we have no text. */
  named(prefix: string, name: string): string
  number(value: number): string
  money(value: string, currency: string | null): string
  dateTime(iso: string): string
  /** '3 min ago' */
  ago(iso: string, nowMs?: number): string
  duration(ms: number): string
}

const STORED = 'comptoir-studio-language'
const MESSAGES: Readonly<Record<Language, Readonly<Record<string, string>>>> = { en, fr }

const WordsContext = createContext<Words | undefined>(undefined)

/** The words of Studio in the reader's language: what was chosen here, else what the page was made for. */
export function MessagesProvider({ children }: { children: ReactNode }) {
  const [language, choose] = useState<Language>(firstLanguage)
  useEffect(() => {
    document.documentElement.lang = language
  }, [language])
  const words = useMemo(
    () =>
      wordsOf(language, (chosen) => {
        localStorage.setItem(STORED, chosen)
        choose(chosen)
      }),
    [language],
  )
  return <WordsContext value={words}>{children}</WordsContext>
}

export function useWords(): Words {
  const words = useContext(WordsContext)
  if (words === undefined) throw new Error('useWords needs MessagesProvider')
  return words
}

function firstLanguage(): Language {
  const wanted = localStorage.getItem(STORED) ?? document.documentElement.lang
  return wanted.toLowerCase().startsWith('fr') ? 'fr' : 'en'
}

function wordsOf(language: Language, setLanguage: (language: Language) => void): Words {
  const compiled = new Map<string, IntlMessageFormat>()
  const locale = language === 'fr' ? 'fr-FR' : 'en-GB'
  const numbers = new Intl.NumberFormat(locale)
  const dateTimes = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' })
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto', style: 'short' })
  const t = (key: string, values?: Readonly<Record<string, string | number>>): string => {
    const message = MESSAGES[language][key]
    if (message === undefined) return key
    const format = compiled.get(key) ?? new IntlMessageFormat(message, locale)
    compiled.set(key, format)
    return String(format.format(values))
  }
  return {
    language,
    setLanguage,
    t,
    named: (prefix, name) => (MESSAGES[language][`${prefix}.${name}`] === undefined ? name : t(`${prefix}.${name}`)),
    number: (value) => numbers.format(value),
    money: (value, currency) => formatMoney(locale, value, currency),
    dateTime: (iso) => dateTimes.format(new Date(iso)),
    ago: (iso, nowMs = Date.now()) => formatAgo(relative, (new Date(iso).getTime() - nowMs) / 1_000),
    duration: (ms) => formatDuration(locale, ms),
  }
}

/** The decimal text goes to Intl as it is, so that no digit passes through a float. */
function formatMoney(locale: string, value: string, currency: string | null): string {
  const options: Intl.NumberFormatOptions =
    currency === null ? { minimumFractionDigits: 2, maximumFractionDigits: 2 } : { style: 'currency', currency }
  return new Intl.NumberFormat(locale, options).format(value as Intl.StringNumericLiteral)
}

const STEPS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
]

function formatAgo(relative: Intl.RelativeTimeFormat, seconds: number): string {
  for (const [unit, size] of STEPS) if (Math.abs(seconds) >= size) return relative.format(Math.round(seconds / size), unit)
  return relative.format(Math.round(seconds), 'second')
}

function formatDuration(locale: string, ms: number): string {
  const unit = (value: number, name: string) =>
    new Intl.NumberFormat(locale, {
      style: 'unit',
      unit: name,
      unitDisplay: 'short',
      maximumFractionDigits: value < 10 ? 1 : 0,
    }).format(value)
  if (ms < 1_000) return unit(Math.round(ms), 'millisecond')
  if (ms < 60_000) return unit(ms / 1_000, 'second')
  if (ms < 3_600_000) return unit(ms / 60_000, 'minute')
  if (ms < 86_400_000) return unit(ms / 3_600_000, 'hour')
  return unit(ms / 86_400_000, 'day')
}
