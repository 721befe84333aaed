import { parseDecimal } from '#lib/decimal.ts'
import type { ColumnDefinition, ColumnType, Labels } from '../definition.ts'
import type { ColumnFile, LabelFile } from './shape.ts'

export type Origin = 'standard' | 'custom'
/** Says what is wrong, and where in the file. */
export type Report = (place: string, problem: string) => void

/** A column with nothing said about it. */
export function blankColumn(name: string, type: ColumnType, origin: Origin): ColumnDefinition {
  return {
    name,
    type,
    origin,
    labels: { en: wordsOf(name) },
    description: '',
    required: false,
    length: undefined,
    targets: [],
    onDelete: 'set null',
    collectionName: '',
    options: new Map(),
    optionLabels: new Map(),
    behaviour: 'user_local',
    min: undefined,
    max: undefined,
    scale: undefined,
    pattern: undefined,
    default: undefined,
    autonumber: undefined,
    calculated: undefined,
    bytesMax: undefined,
    accept: [],
    system: false,
  }
}

/** A column as its file says. What does not fit together is reported. */
export function defineColumn(table: string, name: string, file: ColumnFile, origin: Origin, report: Report): ColumnDefinition {
  checkFit(name, file, report)
  const options = optionsOf(name, file, report)
  return {
    ...blankColumn(name, file.type, origin),
    ...(file.label === undefined ? {} : { labels: labelsOf(file.label, name) }),
    description: file.description,
    required: file.required,
    length: file.length,
    targets: file.type === 'customer' ? ['account', 'contact'] : file.target === undefined ? [] : [file.target],
    onDelete: file.onDelete,
    collectionName: file.collection ?? `${table}_${name}`,
    options,
    optionLabels: optionLabelsOf(file),
    behaviour: file.behaviour ?? 'user_local',
    min: boundOf(file.min),
    max: boundOf(file.max),
    scale: file.scale,
    pattern: file.pattern,
    default: defaultOf(name, file, options, report),
    autonumber: file.autonumber,
    calculated: file.calculated,
    bytesMax: file.maxKb === undefined ? undefined : file.maxKb * 1024,
    accept: file.accept ?? [],
  }
}

/** { en: 'Return' } of a text, which is English. A label without English has the name's words for it. */
export function labelsOf(label: LabelFile | undefined, name: string): Labels {
  if (label === undefined) return { en: wordsOf(name) }
  return typeof label === 'string' ? { en: label } : { en: wordsOf(name), ...label }
}

/** 'rma_unitPrice' → 'Unit price' */
function wordsOf(name: string): string {
  const words = name
    .replace(/^(msdyn|comptoir|adx|cdm)_/, '')
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
    .replaceAll(/[_-]+/g, ' ')
    .trim()
    .toLowerCase()
  return words.charAt(0).toUpperCase() + words.slice(1)
}

const NUMBERS: readonly ColumnType[] = ['integer', 'bigint', 'decimal', 'money']
const TEXTS: readonly ColumnType[] = ['string', 'memo']
const CHOICES: readonly ColumnType[] = ['choice', 'choices']
const POINTERS: readonly ColumnType[] = ['lookup', 'customer']
const FILES: readonly ColumnType[] = ['file', 'image']

/** Which attributes a type has; others would say nothing. */
const FITS: Readonly<Partial<Record<keyof ColumnFile, readonly ColumnType[]>>> = {
  length: TEXTS,
  pattern: TEXTS,
  min: NUMBERS,
  max: NUMBERS,
  scale: ['decimal', 'money'],
  options: CHOICES,
  behaviour: ['datetime'],
  target: ['lookup'],
  collection: POINTERS,
  autonumber: ['string'],
  calculated: [...TEXTS, ...NUMBERS],
  maxKb: FILES,
  accept: FILES,
  default: [...TEXTS, ...NUMBERS, 'boolean', 'date', 'datetime', 'choice'],
}
const STRING_LENGTH_MAX = 4_000

function checkFit(name: string, file: ColumnFile, report: Report): void {
  const place = (attribute: string) => `columns.${name}.${attribute}`
  for (const [attribute, types] of Object.entries(FITS))
    if (file[attribute as keyof ColumnFile] !== undefined && !types.includes(file.type))
      report(place(attribute), `a ${file.type} has none; only ${types.join(', ')}`)
  if (file.type === 'string' && (file.length ?? 0) > STRING_LENGTH_MAX)
    report(place('length'), `a string has at most ${STRING_LENGTH_MAX} characters; a memo may have more`)
  if (file.type === 'lookup' && file.target === undefined) report(place('target'), 'a lookup needs the table it points to')
  if (CHOICES.includes(file.type) && Object.keys(file.options ?? {}).length === 0)
    report(place('options'), `a ${file.type} needs options`)
  const [min, max] = [boundOf(file.min), boundOf(file.max)]
  if (min !== undefined && max !== undefined && Number(min) > Number(max)) report(place('min'), `${min} is above the max ${max}`)
  if (file.pattern !== undefined && !isExpression(file.pattern.expression))
    report(place('pattern'), `"${file.pattern.expression}" is not a regular expression`)
  const givers = (['default', 'autonumber', 'calculated'] as const).filter((giver) => file[giver] !== undefined)
  if (givers.length > 1) report(`columns.${name}`, `${givers.join(' and ')} exclude each other`)
  if (file.calculated !== undefined && file.required)
    report(place('required'), 'a calculated column is what its expression gives, empty or not')
}

function isExpression(text: string): boolean {
  try {
    new RegExp(text, 'u')
    return true
  } catch {
    return false
  }
}

function boundOf(value: string | number | undefined): string | undefined {
  return value === undefined ? undefined : parseDecimal(String(value))
}

function optionsOf(name: string, file: ColumnFile, report: Report): Map<string, number> {
  const options = new Map<string, number>()
  const taken = new Map<number, string>()
  for (const [member, option] of Object.entries(file.options ?? {})) {
    const value = typeof option === 'number' ? option : option.value
    const other = taken.get(value)
    if (other !== undefined) report(`columns.${name}.options.${member}`, `${value} is the value of ${other} already`)
    taken.set(value, member)
    options.set(member, value)
  }
  return options
}

function optionLabelsOf(file: ColumnFile): Map<number, Labels> {
  return new Map(
    Object.entries(file.options ?? {}).map(([member, option]) =>
      typeof option === 'number' ? [option, labelsOf(undefined, member)] : [option.value, labelsOf(option.label, member)],
    ),
  )
}

/** The default in the form that rows have: a choice's member becomes its value, a decimal its text. */
function defaultOf(
  name: string,
  file: ColumnFile,
  options: ReadonlyMap<string, number>,
  report: Report,
): ColumnDefinition['default'] {
  const value = file.default
  if (value === undefined) return undefined
  const fitting = fittingDefault(file, value, options)
  if (fitting === undefined) report(`columns.${name}.default`, `${JSON.stringify(value)} is not a value of a ${file.type}`)
  return fitting
}

function fittingDefault(
  file: ColumnFile,
  value: string | number | boolean,
  options: ReadonlyMap<string, number>,
): ColumnDefinition['default'] {
  switch (file.type) {
    case 'string':
    case 'memo':
      return typeof value === 'string' && [...value].length <= (file.length ?? Number.POSITIVE_INFINITY) ? value : undefined
    case 'integer':
    case 'bigint':
      return Number.isSafeInteger(value) && withinBounds(file, Number(value)) ? value : undefined
    case 'decimal':
    case 'money': {
      const text = typeof value === 'boolean' ? undefined : parseDecimal(String(value))
      return text !== undefined && withinBounds(file, Number(text)) ? text : undefined
    }
    case 'boolean':
      return typeof value === 'boolean' ? value : undefined
    case 'date':
      return typeof value === 'string' && /^\d{4}-\d\d-\d\d$/.test(value) && !Number.isNaN(Date.parse(value)) ? value : undefined
    case 'datetime':
      return typeof value === 'string' && value.includes('T') && !Number.isNaN(Date.parse(value)) ? value : undefined
    case 'choice':
      return typeof value === 'string' ? options.get(value) : [...options.values()].find((one) => one === value)
    default:
      return undefined
  }
}

function withinBounds(file: ColumnFile, value: number): boolean {
  return value >= Number(file.min ?? Number.NEGATIVE_INFINITY) && value <= Number(file.max ?? Number.POSITIVE_INFINITY)
}
