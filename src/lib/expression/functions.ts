import { AppError } from '../app-error.ts'
import { add, divide, equal, multiply, parseDecimal, round, subtract } from '../decimal.ts'
import { DAY_MS, dayText, localTimeOf, momentOf, parseDateTime } from '../local-time.ts'
import type { Type, Value } from './ast.ts'
import { unitFactors } from './units.ts'

/** One function of the language: what it takes, what it gives, and what it does. */
export type FunctionDefinition = {
  /** As docs/maps.md shows it. */
  readonly signature: string
  readonly about: string
  readonly example: string
  /** `any` takes every type. */
  readonly parameters: readonly (Type | 'any')[]
  /** More of these may follow. */
  readonly rest?: Type | 'any'
  /** Positions of parameters that must be written out in the expression. */
  readonly constants?: readonly number[]
  /** A type, or the position of the parameter whose type it has. */
  readonly result: Type | number
  /** What does not read or write anything but its values. Nothing in, nothing out, unless `takesNull`. */
  readonly takesNull?: boolean
  readonly evaluate: (values: readonly Value[], warn: (message: string) => void) => Value
}

/** Calls that are worked out part by part (evaluate.ts) and so have no `evaluate` of their own. */
const partByPart = (): never => {
  throw new AppError('expression.failed', 'is evaluated part by part')
}

export const FUNCTIONS: Readonly<Record<string, FunctionDefinition>> = {
  concat: {
    signature: 'concat(a, b, …)',
    about: 'The texts one after another. Nothing where every field in it is empty.',
    example: "concat(FirstName, ' ', LastName)",
    parameters: ['any', 'any'],
    rest: 'any',
    result: 'text',
    takesNull: true,
    evaluate: (values) => values.map((one) => one ?? '').join(''),
  },
  split: {
    signature: 'split(text, separator, n)',
    about: 'The n-th part, from 1; from the end where n is negative. Nothing where there is none.',
    example: "split(Code, '-', 2)",
    parameters: ['text', 'text', 'number'],
    constants: [1, 2],
    result: 'text',
    evaluate: ([value, separator, n]) => textIn(value).split(textIn(separator)).at(indexOf(n)) ?? null,
  },
  before: {
    signature: 'before(text, separator)',
    about: 'What stands before the first separator; the whole text where it has none.',
    example: "before(fullname, ' ')",
    parameters: ['text', 'text'],
    constants: [1],
    result: 'text',
    evaluate: ([value, separator]) => textIn(value).split(textIn(separator))[0] ?? null,
  },
  after: {
    signature: 'after(text, separator)',
    about: 'What stands after the first separator; nothing where the text has none.',
    example: "after(fullname, ' ')",
    parameters: ['text', 'text'],
    constants: [1],
    result: 'text',
    evaluate: ([value, separator]) => textIn(value).split(textIn(separator)).slice(1).join(textIn(separator)),
  },
  trim: {
    signature: 'trim(text)',
    about: 'Without space at both ends.',
    example: 'trim(Name)',
    parameters: ['text'],
    result: 'text',
    evaluate: ([value]) => textIn(value).trim(),
  },
  lower: {
    signature: 'lower(text)',
    about: 'In lower case.',
    example: 'lower(Email)',
    parameters: ['text'],
    result: 'text',
    evaluate: ([value]) => textIn(value).toLowerCase(),
  },
  upper: {
    signature: 'upper(text)',
    about: 'In upper case.',
    example: 'upper(CountryCode)',
    parameters: ['text'],
    result: 'text',
    evaluate: ([value]) => textIn(value).toUpperCase(),
  },
  truncate: {
    signature: 'truncate(text, n)',
    about: 'At most n characters. What is cut is told as a warning on the row.',
    example: 'truncate(Notes, 100)',
    parameters: ['text', 'number'],
    constants: [1],
    result: 'text',
    evaluate: ([value, n], warn) => {
      const characters = [...textIn(value)]
      if (characters.length <= Number(n)) return textIn(value)
      warn(`a text of ${characters.length} characters was cut to ${n}`)
      return characters.slice(0, Number(n)).join('')
    },
  },
  substitute: {
    signature: 'substitute(text, what, with)',
    about: 'Every place of one text replaced by another.',
    example: "substitute(Phone, ' ', '')",
    parameters: ['text', 'text', 'text'],
    constants: [1, 2],
    result: 'text',
    evaluate: ([value, what, by]) => textIn(value).replaceAll(textIn(what), () => textIn(by)),
  },
  removePrefix: {
    signature: 'removePrefix(text, prefix)',
    about: 'Without the prefix. A text that does not begin with it is refused.',
    example: "removePrefix(accountnumber, 'C-')",
    parameters: ['text', 'text'],
    constants: [1],
    result: 'text',
    evaluate: ([value, prefix]) => {
      const [text, start] = [textIn(value), textIn(prefix)]
      if (!text.startsWith(start)) throw failed(`'${text}' does not begin with '${start}'`)
      return text.slice(start.length)
    },
  },
  removeSuffix: {
    signature: 'removeSuffix(text, suffix)',
    about: 'Without the suffix. A text that does not end with it is refused.',
    example: "removeSuffix(code, '/FR')",
    parameters: ['text', 'text'],
    constants: [1],
    result: 'text',
    evaluate: ([value, suffix]) => {
      const [text, end] = [textIn(value), textIn(suffix)]
      if (!text.endsWith(end)) throw failed(`'${text}' does not end with '${end}'`)
      return text.slice(0, text.length - end.length)
    },
  },
  swap: {
    signature: 'swap(x, a, b)',
    about: 'a becomes b and b becomes a; all else stays. Its own inverse.',
    example: "swap(Status, 'Open', 'Active')",
    parameters: ['any', 'any', 'any'],
    constants: [1, 2],
    result: 0,
    evaluate: ([value, a, b]) => (value === a ? b : value === b ? a : value) ?? null,
  },
  default: {
    signature: 'default(x, y)',
    about: 'y where x is empty.',
    example: 'default(DeliveryName, OrganizationName)',
    parameters: ['any', 'any'],
    result: 0,
    evaluate: partByPart,
  },
  coalesce: {
    signature: 'coalesce(a, b, …)',
    about: 'The first that is not empty.',
    example: 'coalesce(Mobile, Phone, Fax)',
    parameters: ['any', 'any'],
    rest: 'any',
    result: 0,
    evaluate: partByPart,
  },
  if: {
    signature: 'if(condition, a, b)',
    about: 'a where the condition holds, else b.',
    example: "if(Amount > 1000, 'large', 'small')",
    parameters: ['boolean', 'any', 'any'],
    result: 1,
    evaluate: partByPart,
  },
  text: {
    signature: 'text(x)',
    about: 'A number, a date or a truth as text.',
    example: 'text(LineNumber)',
    parameters: ['any'],
    result: 'text',
    evaluate: ([value]) => String(value),
  },
  number: {
    signature: 'number(text)',
    about: 'A text as a number. A text that is none is refused.',
    example: 'number(Quantity)',
    parameters: ['any'],
    result: 'number',
    evaluate: ([value]) => numberIn(value),
  },
  round: {
    signature: 'round(x, n)',
    about: 'With n decimals, half away from zero.',
    example: 'round(Amount / 3, 2)',
    parameters: ['number', 'number'],
    constants: [1],
    result: 'number',
    evaluate: ([value, n]) => parseDecimal(round(numberIn(value), Number(n))) ?? null,
  },
  unit: {
    signature: "unit(x, 'from', 'to')",
    about: 'The same quantity in another unit, exactly; round it where the result goes on for ever.',
    example: "unit(Weight, 'kg', 'g')",
    parameters: ['number', 'text', 'text'],
    constants: [1, 2],
    result: 'number',
    evaluate: ([value, from, to]) => {
      const factors = unitFactors(textIn(from), textIn(to))
      if (factors === undefined) throw failed(`${textIn(from)} cannot be turned into ${textIn(to)}`)
      return divide(multiply(numberIn(value), factors.times), factors.over)
    },
  },
  dateOf: {
    signature: "dateOf(datetime, 'zone')",
    about: 'The day that a calendar in the time zone shows at the moment.',
    example: "dateOf(CreatedOn, 'Europe/Paris')",
    parameters: ['datetime', 'text'],
    constants: [1],
    result: 'date',
    evaluate: ([value, zone]) => dayText(localTimeOf(momentIn(value), textIn(zone))),
  },
  atTime: {
    signature: "atTime(date, 'HH:mm', 'zone')",
    about: 'The moment at which a clock in the time zone shows this time on the day.',
    example: "atTime(ShipDate, '08:00', 'Europe/Paris')",
    parameters: ['date', 'text', 'text'],
    constants: [1, 2],
    result: 'datetime',
    evaluate: ([value, time, zone]) => {
      const [hours = 0, minutes = 0] = textIn(time).split(':').map(Number)
      const local = momentIn(textIn(value).slice(0, 10)) + (hours * 60 + minutes) * 60_000
      return new Date(momentOf(local, textIn(zone))).toISOString()
    },
  },
  addDays: {
    signature: 'addDays(date, n)',
    about: 'So many days later, or earlier where n is negative.',
    example: 'addDays(InvoiceDate, 30)',
    parameters: ['any', 'number'],
    result: 0,
    evaluate: ([value, n]) => {
      const days = numberIn(n)
      if (!/^-?\d{1,6}$/.test(days)) throw failed(`${days} is not a whole number of days`)
      const later = new Date(momentIn(value) + Number(days) * DAY_MS).toISOString()
      return textIn(value).length === 10 ? later.slice(0, 10) : later
    },
  },
  lookup: {
    signature: "lookup('table', key, …, 'column')",
    about:
      "The column of the row with this key (in the row's own legal entity). The row waits until there is one. To the portal only.",
    example: "lookup('msdyn_shipvia', DeliveryMode, 'msdyn_description')",
    parameters: ['text', 'any', 'any'],
    rest: 'any',
    result: 'unknown',
    evaluate: partByPart,
  },
}

/** Operators, by how they are written. */
export const OPERATORS: Readonly<Record<string, Pick<FunctionDefinition, 'parameters' | 'result' | 'evaluate' | 'takesNull'>>> = {
  '+': { parameters: ['number', 'number'], result: 'number', evaluate: ([a, b]) => add(numberIn(a), numberIn(b)) },
  '-': { parameters: ['number', 'number'], result: 'number', evaluate: ([a, b]) => subtract(numberIn(a), numberIn(b)) },
  '*': { parameters: ['number', 'number'], result: 'number', evaluate: ([a, b]) => multiply(numberIn(a), numberIn(b)) },
  '/': {
    parameters: ['number', 'number'],
    result: 'number',
    evaluate: ([a, b]) => {
      if (equal(numberIn(b), '0')) throw failed('something is divided by zero')
      return divide(numberIn(a), numberIn(b))
    },
  },
  ...Object.fromEntries(
    ['=', '!=', '<', '<=', '>', '>='].map((name) => [
      name,
      { parameters: ['any', 'any'], result: 'boolean', evaluate: partByPart },
    ]),
  ),
  and: { parameters: ['boolean', 'boolean'], result: 'boolean', evaluate: partByPart },
  or: { parameters: ['boolean', 'boolean'], result: 'boolean', evaluate: partByPart },
  not: { parameters: ['boolean'], result: 'boolean', takesNull: true, evaluate: ([value]) => value !== true },
}

export function definitionOf(
  name: string,
): (Pick<FunctionDefinition, 'parameters' | 'result' | 'evaluate'> & Partial<FunctionDefinition>) | undefined {
  if (Object.hasOwn(FUNCTIONS, name)) return FUNCTIONS[name]
  return Object.hasOwn(OPERATORS, name) ? OPERATORS[name] : undefined
}

export function failed(reason: string): AppError {
  return new AppError('expression.failed', reason)
}

export function numberIn(value: Value | undefined): string {
  const number = typeof value === 'string' ? parseDecimal(value) : undefined
  if (number === undefined) throw failed(`'${String(value)}' is not a number`)
  return number
}

export function momentIn(value: Value | undefined): number {
  const found = typeof value === 'string' ? parseDateTime(value) : undefined
  if (found === undefined) throw failed(`'${String(value)}' is not a date`)
  return found.ms
}

function textIn(value: Value | undefined): string {
  return value === null || value === undefined ? '' : String(value)
}

/** Parts count from 1, and from the end by negative numbers. */
function indexOf(n: Value | undefined): number {
  const number = Number(n)
  return number > 0 ? number - 1 : number
}
