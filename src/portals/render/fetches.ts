import { AppError } from '#lib/app-error.ts'
import type { FetchExpression } from '#lib/fetchxml/ast.ts'
import { labelOf } from '#tables/definition.ts'
import { type FetchResult, runFetch } from '#tables/fetch.ts'
import type { QueryRow } from '#tables/row-query.ts'
import type { PageContext } from '../component.ts'
import { FETCH_ROWS_MAX } from '../site/fetch-tag.ts'

const FETCHES_MAX = 10

/**
 * Asks what the page's queries have left open, under the visitor's permissions, and adds the answers. Throws AppError
 * `site.too_many_fetches`, and `fetch.invalid` for values of the address that do not fit their columns.
 */
export async function answerFetches(
  context: PageContext,
  asked: ReadonlyMap<string, FetchExpression>,
  answers: Map<string, object>,
): Promise<void> {
  if (answers.size + asked.size > FETCHES_MAX)
    throw new AppError('site.too_many_fetches', `A page asks at most ${FETCHES_MAX} queries`)
  const { asOf, catalog, permissions, visitor, tx, language } = context
  for (const [question, fetch] of asked) {
    const limited = fetch.count === undefined && fetch.top === undefined ? { ...fetch, count: FETCH_ROWS_MAX } : fetch
    const result = await runFetch(tx, { catalog, reach: permissions.reach(visitor), asOf, withNames: true }, limited)
    answers.set(question, { results: resultsOf(result, language) })
  }
}

/** In the names that Power Pages gives them. */
function resultsOf(result: FetchResult, language: string): Record<string, unknown> {
  return {
    entities: result.rows.map((row) => entityOf(result, row, language)),
    more_records: result.moreRecords,
    paging_cookie: result.pagingCookie ?? '',
    total_record_count: result.total?.count ?? -1,
    total_record_count_limit_exceeded: result.total?.limitExceeded ?? false,
  }
}

/** Lookups are rows with id and name, choices have value and label, everything else is as it is stored. */
function entityOf(result: FetchResult, row: QueryRow, language: string): Record<string, unknown> {
  return Object.fromEntries(
    result.columns.map(({ as, column, kind }) => {
      const value = row[as] ?? null
      if (value === null || kind === 'aggregate') return [as, value]
      if (column.targets.length > 0) return [as, { id: value, name: row[`${as}@name`] ?? '', logical_name: column.targets[0] }]
      if (column.type !== 'choice' || typeof value !== 'number') return [as, value]
      const name = [...column.options].find(([, option]) => option === value)?.[0] ?? String(value)
      return [as, { value, label: labelOf({ labels: column.optionLabels.get(value) ?? {}, name }, language) }]
    }),
  )
}
