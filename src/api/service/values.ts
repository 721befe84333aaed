import { type ColumnDefinition, labelOf } from '#tables/definition.ts'
import type { QueryRow } from '#tables/row-query.ts'

type Value = QueryRow[string]

/** A value in JSON. Decimals are numbers with exactly the digits that the database has. */
export function valueJson(column: Pick<ColumnDefinition, 'type'> | undefined, value: Value): string {
  const isDecimal = column === undefined || column.type === 'decimal' || column.type === 'money'
  // PostgreSQL's text of a numeric is a JSON number, save NaN and Infinity, which columns of ours do not take.
  if (isDecimal && typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value)) return value
  return JSON.stringify(value)
}

/** A value as people read it; undefined where it is read as it is. */
export function formattedValue(column: ColumnDefinition, value: Value, language: string): string | undefined {
  if (value === null) return undefined
  switch (column.type) {
    case 'choice':
      return optionText(column, Number(value), language)
    case 'choices':
      return String(value)
        .split(',')
        .map((one) => optionText(column, Number(one), language) ?? one)
        .join('; ')
    case 'boolean':
      return (BOOLEANS[language] ?? BOOLEANS.en)?.[value === true ? 1 : 0]
    case 'integer':
      return formatsOf(language).number.format(BigInt(String(value)))
    case 'decimal':
    case 'money':
      return formatDecimal(language, String(value))
    case 'date':
      return formatsOf(language).day.format(new Date(`${value}T00:00:00Z`))
    case 'datetime':
      return formatsOf(language).moment.format(new Date(String(value)))
    default:
      return undefined
  }
}

const BOOLEANS: Readonly<Record<string, readonly [string, string]>> = { en: ['No', 'Yes'], fr: ['Non', 'Oui'] }

function optionText(column: ColumnDefinition, value: number, language: string): string | undefined {
  const name = [...column.options].find(([, one]) => one === value)?.[0]
  const labels = column.optionLabels.get(value)
  return name === undefined ? undefined : labelOf({ name, labels: labels ?? {} }, language)
}

/** All its digits: `format` takes the text of a decimal as it is, without a float in between. */
function formatDecimal(language: string, text: string): string {
  const digits = text.split('.')[1]?.length ?? 0
  const format = new Intl.NumberFormat(language, { minimumFractionDigits: digits, maximumFractionDigits: digits })
  return format.format(text as `${number}`)
}

type Formats = { number: Intl.NumberFormat; day: Intl.DateTimeFormat; moment: Intl.DateTimeFormat }
const formats = new Map<string, Formats>()

function formatsOf(language: string): Formats {
  const known = formats.get(language)
  if (known !== undefined) return known
  const made = {
    number: new Intl.NumberFormat(language),
    day: new Intl.DateTimeFormat(language, { dateStyle: 'short', timeZone: 'UTC' }),
    moment: new Intl.DateTimeFormat(language, { dateStyle: 'short', timeStyle: 'short', timeZone: 'UTC' }),
  }
  // Languages are those of the site: few.
  formats.set(language, made)
  return made
}
