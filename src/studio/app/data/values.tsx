import type { CellValue, ColumnInfo, GridRow, Labels } from '../../wire-data.ts'
import type { Language, Words } from '../lib/messages.tsx'

/** What people call it in their language, or its logical name. */
export function labelOf(named: { labels: Labels; name: string }, language: Language): string {
  return named.labels[language] ?? named.labels.en ?? named.name
}

/** A value as people read it: options and lookups by name, numbers, money and moments in the reader's format. */
export function cellText(column: ColumnInfo, row: GridRow, words: Words): string {
  const value = row.values[column.name] ?? null
  if (value === null || value === '') return ''
  return row.names[column.name] ?? valueText(column, value, words)
}

export function valueText(column: ColumnInfo, value: CellValue, words: Words): string {
  if (value === null) return ''
  switch (column.type) {
    case 'boolean':
      return words.t(value === true ? 'value.yes' : 'value.no')
    case 'choice':
      return optionText(column, Number(value), words.language)
    case 'choices':
      return String(value)
        .split(',')
        .map((one) => optionText(column, Number(one), words.language))
        .join(', ')
    case 'money':
      return words.money(String(value), null)
    case 'datetime':
      return words.dateTime(String(value))
    default:
      return String(value)
  }
}

export function optionText(column: ColumnInfo, value: number, language: Language): string {
  const option = column.options.find((one) => one.value === value)
  return option === undefined ? String(value) : (option.labels[language] ?? option.labels.en ?? option.member)
}

export function isNumeric(type: string): boolean {
  return ['integer', 'bigint', 'decimal', 'money'].includes(type)
}

/** 1536 → '1.5 kB' in the reader's format. */
export function bytesText(bytes: number, language: Language): string {
  const [value, unit] =
    bytes < 1_024 ? [bytes, 'byte'] : bytes < 1_048_576 ? [bytes / 1_024, 'kilobyte'] : [bytes / 1_048_576, 'megabyte']
  return new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits: 1 }).format(value)
}
