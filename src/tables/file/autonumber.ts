import { AppError } from '#lib/app-error.ts'

/** A part of an autonumber: fixed text, the next number with leading zeros, random characters, or the moment (as to_char writes it). */
export type NumberPart =
  | { kind: 'text'; text: string }
  | { kind: 'number'; digits: number }
  | { kind: 'random'; characters: number }
  | { kind: 'moment'; format: string; characters: number }

const PLACEHOLDER = /\{([A-Z]+):([^{}]*)\}/g
const RANDOM_CHARACTERS_MAX = 6
const DIGITS_MAX = 16
/** What Dataverse writes in a date → PostgreSQL. */
const MOMENT: Readonly<Record<string, string>> = { yyyy: 'YYYY', yy: 'YY', MM: 'MM', dd: 'DD', HH: 'HH24', mm: 'MI', ss: 'SS' }

/**
 * Reads 'RMA-{SEQNUM:6}-{DATETIMEUTC:yyyyMM}-{RANDSTRING:4}', in Dataverse's notation. Throws AppError `tables.invalid` with what is wrong.
 */
export function parseAutonumber(format: string): NumberPart[] {
  const parts: NumberPart[] = []
  let at = 0
  for (const match of format.matchAll(PLACEHOLDER)) {
    pushText(parts, format.slice(at, match.index))
    parts.push(parsePlaceholder(match[1] ?? '', match[2] ?? ''))
    at = match.index + match[0].length
  }
  pushText(parts, format.slice(at))
  const numbers = parts.filter((part) => part.kind === 'number').length
  if (numbers > 1) throw refuse('{SEQNUM:n} stands once at most')
  if (numbers === 0 && !parts.some((part) => part.kind === 'random'))
    throw refuse('without {SEQNUM:n} or {RANDSTRING:n} every row would have the same')
  return parts
}

/** The fewest characters that such a number has: a sequence grows beyond its zeros. */
export function shortestLength(parts: readonly NumberPart[]): number {
  return parts.reduce(
    (sum, part) => sum + (part.kind === 'text' ? part.text.length : part.kind === 'number' ? part.digits : part.characters),
    0,
  )
}

function pushText(parts: NumberPart[], text: string): void {
  if (/[{}]/.test(text)) throw refuse(`"${text}" has a brace that belongs to no placeholder`)
  if (text !== '') parts.push({ kind: 'text', text })
}

function parsePlaceholder(name: string, argument: string): NumberPart {
  if (name === 'DATETIMEUTC') return parseMoment(argument)
  const count = /^\d{1,2}$/.test(argument) ? Number(argument) : 0
  if (name === 'SEQNUM' && count >= 1 && count <= DIGITS_MAX) return { kind: 'number', digits: count }
  if (name === 'RANDSTRING' && count >= 1 && count <= RANDOM_CHARACTERS_MAX) return { kind: 'random', characters: count }
  throw refuse(
    `{${name}:${argument}} is none of {SEQNUM:1…${DIGITS_MAX}}, {RANDSTRING:1…${RANDOM_CHARACTERS_MAX}}, {DATETIMEUTC:yyyyMMdd}`,
  )
}

function parseMoment(argument: string): NumberPart {
  const tokens = argument.match(/yyyy|yy|MM|dd|HH|mm|ss|[-_.]/g) ?? []
  if (argument === '' || tokens.join('') !== argument)
    throw refuse(`{DATETIMEUTC:${argument}} may have yyyy, yy, MM, dd, HH, mm, ss and - _ . between them`)
  return { kind: 'moment', format: tokens.map((token) => MOMENT[token] ?? token).join(''), characters: argument.length }
}

function refuse(reason: string): AppError {
  return new AppError('tables.invalid', `The autonumber cannot be used: ${reason}`)
}
