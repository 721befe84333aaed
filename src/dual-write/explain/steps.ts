import type { RowHistoryEntry } from '#tables/history.queries.ts'
import type { Explanation } from '../facets-rows.ts'
import { sentColumns, type TableMap } from '../table-map.ts'
import { failedClauses } from './clauses.ts'
import type { Known } from './gather.ts'

type Step = Explanation['steps'][number]

/** All that is remembered, oldest first; what waits now stands at the end. */
export function stepsOf(map: TableMap, known: Known, until: string | null): Step[] {
  // Each list comes newest first, in the order in which it was noted.
  const steps = [
    ...inOrder(known.history.toReversed().map((entry) => stepOfHistory(map, entry))),
    ...inOrder(known.trace.toReversed().map(({ at, step, text, details }): Step => ({ at, step, text, details }))),
    ...inOrder(
      known.conflicts.toReversed().map((one) => ({
        at: one.at,
        step: 'conflict',
        text: `Both sides changed ${one.column}: ${one.winner === 'erp' ? "the ERP's" : "the portal's"} "${one.kept ?? ''}" stayed, "${one.lost ?? ''}" lost`,
        details: { column: one.column, rule: one.rule },
      })),
    ),
  ]
  const past = steps
    .filter(({ step }) => until === null || (step.at ?? '') <= until)
    .sort((a, b) => (a.notBefore < b.notBefore ? -1 : a.notBefore > b.notBefore ? 1 : 0))
    .map(({ step }) => step)
  return until === null ? [...past, ...stepsNow(map, known)] : past
}

/** What was noted later came later, whatever the clock says that was set back in between: no answer stands before what it answers. */
function inOrder(steps: readonly Step[]): { step: Step; notBefore: string }[] {
  let notBefore = ''
  return steps.map((step) => {
    if ((step.at ?? '') > notBefore) notBefore = step.at ?? ''
    return { step, notBefore }
  })
}

/** An edit of the row: somebody's, or what the map itself wrote from the ERP. */
export function stepOfHistory(map: TableMap, entry: RowHistoryEntry): Step {
  const columns = Object.keys(entry.after ?? entry.before ?? {})
  const details = { before: entry.before, after: entry.after, actor: entry.actor, surface: entry.surface }
  const at = entry.at
  if (entry.origin === map.name)
    return { at, step: 'applied', text: `${VERBS[entry.operation]} by this map, as the ERP says: ${list(columns)}`, details }
  const by = entry.origin === null ? (entry.actor ?? 'a program') : `the map ${entry.origin}`
  const what = `${VERBS[entry.operation]} by ${by}: ${list(columns)}`
  const sent = new Set(sentColumns(map))
  const travels = map.writes && (entry.operation !== 'update' || columns.some((name) => sent.has(name)))
  if (travels) return { at, step: 'captured', text: what, details }
  const why = map.writes ? 'none of these columns goes to the ERP' : 'the map carries nothing to the ERP'
  return { at, step: 'not_captured', text: `${what}; not captured: ${why}`, details }
}

const VERBS = { create: 'Created', update: 'Changed', delete: 'Deleted' } as const
const COLUMNS_MAX = 8

function list(names: readonly string[]): string {
  const shown = names.slice(0, COLUMNS_MAX).join(', ')
  return names.length > COLUMNS_MAX ? `${shown} and ${names.length - COLUMNS_MAX} more` : shown
}

function stepsNow(map: TableMap, known: Known): Step[] {
  const steps: Step[] = []
  if (known.row !== undefined && map.filter.portal !== undefined && map.writes) {
    const failed = failedClauses(map.filter.portal, known.row)
    if (failed.length > 0)
      steps.push({ at: null, step: 'filtered', text: `The row is outside the filter: ${failed.join('; ')}`, details: { failed } })
  }
  for (const change of known.waiting) {
    const step = change.parked ? 'parked' : change.code === 'dual_write.paused' ? 'paused' : 'waiting'
    const { capturedAt, attempt, code, waitsFor } = change
    steps.push({
      at: null,
      step,
      text: `The edit of ${list(change.columns)} ${WORDS[step]}${change.reason === null ? '' : `: ${change.reason}`}`,
      details: { capturedAt, attempt, code, waitsFor },
    })
  }
  if (known.notice !== undefined) {
    const { parkedAt, code, reason, attempt, receivedAt } = known.notice
    const step = parkedAt !== null ? 'parked' : code === 'dual_write.paused' ? 'paused' : 'waiting'
    steps.push({
      at: null,
      step,
      text: `The record's notice ${WORDS[step]}${reason === null ? '' : `: ${reason}`}`,
      details: { receivedAt, attempt, code },
    })
  }
  if (known.state === 'paused' || known.state === 'not_running')
    steps.push({
      at: null,
      step: 'paused',
      text: `The map is ${known.state.replace('_', ' ')} now`,
      details: {},
    })
  return steps
}

const WORDS = { parked: 'waits for a person', paused: 'waits for its part of the map to be resumed', waiting: 'waits' } as const
