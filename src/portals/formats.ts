import type { Formats } from './component.ts'

export const NOTHING = '–'

/** Formats of one language, made once: Intl's formatters are costly to make and cheap to use. */
export function createFormats(locale: string, timeZone: string): Formats {
  const money = new Map<string, Intl.NumberFormat>()
  const amount = new Intl.NumberFormat(locale, { minimumFractionDigits: 2, maximumFractionDigits: 2 })
  const quantity = new Intl.NumberFormat(locale, { maximumFractionDigits: 10 })
  const number = new Intl.NumberFormat(locale)
  const day = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' })
  const dayOfMoment = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', year: 'numeric', timeZone })
  const moment = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short', timeZone })

  function moneyIn(currency: string): Intl.NumberFormat {
    const before = money.get(currency)
    if (before !== undefined) return before
    const made = new Intl.NumberFormat(locale, { style: 'currency', currency })
    money.set(currency, made)
    return made
  }

  return {
    money(value, currency) {
      if (value === null) return NOTHING
      const known = currency !== null && /^[A-Z]{3}$/.test(currency)
      return exact(known ? moneyIn(currency) : amount, value)
    },
    quantity: (value) => (value === null ? NOTHING : exact(quantity, value)),
    number: (value) => (value === null ? NOTHING : number.format(value)),
    date(value) {
      if (value === null) return NOTHING
      return value.length === 10 ? day.format(new Date(`${value}T00:00:00Z`)) : dayOfMoment.format(new Date(value))
    },
    dateTime: (iso) => (iso === null ? NOTHING : moment.format(new Date(iso))),
  }
}

/** Decimal text goes to Intl as text: it is formatted digit by digit and never becomes a float. */
function exact(format: Intl.NumberFormat, value: string): string {
  return format.format(value as Intl.StringNumericLiteral)
}
