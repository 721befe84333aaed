import { type Context, type Liquid, TokenKind, type TopLevelToken, Value } from 'liquidjs'
import { AppError } from '#lib/app-error.ts'
import type { FetchCondition, FetchEntity, FetchExpression, FetchFilter, FetchLink } from '#lib/fetchxml/ast.ts'
import { parseFetch } from '#lib/fetchxml/parse.ts'
import { refuseAt } from '#lib/fetchxml/xml.ts'

/**
 * What the queries of a page have answered so far, by question. Liquid never waits for the database: a question without an answer is noted,
 * the page goes on with an empty result, and is rendered again once the answers are there.
 */
export type PageFetches = { answers: ReadonlyMap<string, object>; asked: Map<string, FetchExpression> }

export const FETCH_ROWS_MAX = 500

/**
 * `{% fetchxml orders %}<fetch>…</fetch>{% endfetchxml %}`: the query's rows are `orders.results.entities`. The query is parsed when the
 * site is published. {{ values }} may stand where conditions have theirs, and nowhere else: they are put into the parsed query, so that
 * no text can become a part of it. `report` is called with each query that is parsed.
 */
export function registerFetchTag(
  engine: Liquid,
  fetchesOf: (context: Context) => PageFetches,
  report: (fetch: FetchExpression) => void,
): void {
  engine.registerTag('fetchxml', {
    parse(token, remaining) {
      const name = /^\s*([A-Za-z_]\w*)\s*$/.exec(token.args)?.[1]
      if (name === undefined) throw new Error('{% fetchxml %} needs the name of its result: {% fetchxml orders %}')
      const { text, expressions } = bodyOf(remaining)
      const fetch = parseTemplate(text, expressions.length)
      report(fetch)
      Object.assign(this, { result: name, fetch, values: expressions.map((one) => new Value(one, engine)) })
    },
    *render(context) {
      const texts: string[] = []
      for (const value of this.values as Value[]) texts.push(plainText((yield* value.value(context, true)) as unknown))
      const fetches = fetchesOf(context)
      const question = JSON.stringify([(this.fetch as FetchExpression).text, texts])
      const answer = fetches.answers.get(question)
      if (answer === undefined) fetches.asked.set(question, filledIn(this.fetch as FetchExpression, texts))
      const scope = context.bottom() as Record<string, unknown>
      scope[String(this.result)] = answer ?? { results: { entities: [] } }
    },
  })
}

/** Characters that no query has any use for mark the places of values while it is parsed. */
const [OPEN, CLOSE] = ['\uE000', '\uE001']
const MARK = /\uE000(\d+)\uE001+/g

/** Marks are as long as what they stand for where they can be, so that places in refusals are those of the file. */
function bodyOf(remaining: TopLevelToken[]): { text: string; expressions: string[] } {
  const expressions: string[] = []
  let text = ''
  for (let token = remaining.shift(); token !== undefined; token = remaining.shift()) {
    const raw = token.getText()
    if (token.kind === TokenKind.Tag && /^\{%-?\s*endfetchxml\s*-?%\}$/.test(raw)) return { text, expressions }
    if (token.kind === TokenKind.Tag) throw new Error(`${raw} cannot stand inside {% fetchxml %}: only {{ values }} can`)
    if (token.kind === TokenKind.Output) {
      text += `${OPEN}${expressions.length}${CLOSE}`.padEnd(raw.length, CLOSE)
      expressions.push(raw.replace(/^\{\{-?|-?\}\}$/g, ''))
    } else {
      if (raw.includes(OPEN) || raw.includes(CLOSE)) throw new Error('a query has no characters for private use')
      text += raw
    }
  }
  throw new Error('{% fetchxml %} is not closed by {% endfetchxml %}')
}

/** Throws where a value stands elsewhere than in a condition. */
function parseTemplate(text: string, marks: number): FetchExpression {
  const leading = text.length - text.trimStart().length
  const fetch = parseFetch(text)
  let inConditions = 0
  const counted = withValues(fetch, (value) => {
    inConditions += value.match(MARK)?.length ?? 0
    return value.replaceAll(OPEN, '').replaceAll(CLOSE, '')
  })
  const { text: _text, ...rest } = counted
  if (inConditions !== marks || JSON.stringify(rest).includes(OPEN))
    throw refuseAt(text, text.indexOf(OPEN), '{{ values }} can stand in the values of conditions only')
  const rows = fetch.count ?? fetch.top
  if (rows !== undefined && rows > FETCH_ROWS_MAX)
    throw refuseAt(text, leading, `a query of a page reads at most ${FETCH_ROWS_MAX} rows; use page and count`)
  return fetch
}

function filledIn(fetch: FetchExpression, texts: readonly string[]): FetchExpression {
  return withValues(fetch, (value) => value.replace(MARK, (_, number: string) => texts[Number(number)] ?? ''))
}

function withValues(fetch: FetchExpression, change: (value: string) => string): FetchExpression {
  const condition = (one: FetchCondition): FetchCondition => ({
    ...one,
    values: one.values.map((value) => ({ ...value, value: change(value.value) })),
  })
  const filter = (one: FetchFilter): FetchFilter => ({
    ...one,
    items: one.items.map((item) =>
      item.kind === 'condition' ? condition(item) : item.kind === 'filter' ? filter(item) : link(item),
    ),
  })
  const inside = (one: FetchEntity) => ({ filters: one.filters.map(filter), links: one.links.map(link) })
  const link = (one: FetchLink): FetchLink => ({ ...one, ...inside(one) })
  return { ...fetch, entity: { ...fetch.entity, ...inside(fetch.entity) } }
}

/** A row that a lookup points to stands for its id, a choice for its value. */
function plainText(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (typeof value !== 'object') return String(value)
  const { id, value: chosen } = value as { id?: unknown; value?: unknown }
  const plain = id ?? chosen
  if (typeof plain === 'string' || typeof plain === 'number') return String(plain)
  throw new AppError('site.template_failed', 'A value of a query is a text, a number or a row')
}
