import { assert } from '#lib/assert.ts'

/**
 * SQL as a value: text with numbered parameters, made only by the `sql` tag and its helpers, so that a value can never become text.
 * Fragments compose: sql`select * from t where ${predicate} and id = ${id}` splices `predicate` and binds `id`.
 */
export class Sql {
  readonly chunks: readonly string[]
  /** Between chunk i and i+1 stands value i. */
  readonly values: readonly unknown[]

  constructor(chunks: readonly string[], values: readonly unknown[]) {
    assert(chunks.length === values.length + 1, 'an SQL fragment has one chunk more than values')
    this.chunks = chunks
    this.values = values
  }

  /** The text with $1, $2, … and its parameters, as the driver takes them. */
  compile(): { text: string; values: unknown[] } {
    let text = this.chunks[0] ?? ''
    for (let i = 0; i < this.values.length; i++) text += `$${i + 1}${this.chunks[i + 1] ?? ''}`
    return { text, values: [...this.values] }
  }
}

export function sql(strings: TemplateStringsArray, ...parts: readonly unknown[]): Sql {
  const chunks: string[] = [strings[0] ?? '']
  const values: unknown[] = []
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i]
    assert(part !== undefined, 'SQL values are never undefined; use null')
    appendPart(chunks, values, part)
    chunks[chunks.length - 1] += strings[i + 1] ?? ''
  }
  return new Sql(chunks, values)
}

export const emptySql = new Sql([''], [])
export const trueSql = new Sql(['true'], [])
export const falseSql = new Sql(['false'], [])

/** A quoted identifier: identifier('tables', 'salesorder') → "tables"."salesorder". */
export function identifier(...names: readonly string[]): Sql {
  return new Sql([names.map(quoteIdentifier).join('.')], [])
}

export function join(parts: readonly Sql[], separator = ', '): Sql {
  const chunks: string[] = ['']
  const values: unknown[] = []
  parts.forEach((part, index) => {
    if (index > 0) chunks[chunks.length - 1] += separator
    appendPart(chunks, values, part)
  })
  return new Sql(chunks, values)
}

/** All of them; true for none. */
export function and(parts: readonly Sql[]): Sql {
  return parts.length === 0 ? trueSql : sql`(${join(parts, ' and ')})`
}

/** Any of them; false for none, so that nothing empty ever means everything. */
export function or(parts: readonly Sql[]): Sql {
  return parts.length === 0 ? falseSql : sql`(${join(parts, ' or ')})`
}

/** Text of this program spliced as it is. Only for constants in the source and for DDL built from checked definitions. */
export function trustedSql(text: string): Sql {
  return new Sql([text], [])
}

/** For DDL, where PostgreSQL takes no parameters. */
export function quoteLiteral(text: string): string {
  assert(!text.includes('\0'), 'a literal has no NUL')
  return `${text.includes('\\') ? ' E' : ''}'${text.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`
}

function quoteIdentifier(name: string): string {
  assert(name.length > 0 && name.length <= 63 && !name.includes('\0'), `an identifier has 1 to 63 characters: ${name}`)
  return `"${name.replaceAll('"', '""')}"`
}

function appendPart(chunks: string[], values: unknown[], part: unknown): void {
  if (!(part instanceof Sql)) {
    values.push(part)
    chunks.push('')
    return
  }
  chunks[chunks.length - 1] += part.chunks[0] ?? ''
  for (let i = 0; i < part.values.length; i++) {
    values.push(part.values[i])
    chunks.push(part.chunks[i + 1] ?? '')
  }
}
