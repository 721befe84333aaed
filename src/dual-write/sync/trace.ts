import type { RecordWrite, RemoteValue, WriteOutcome } from '#connector/contract.ts'
import type { JsonObject } from '#lib/json.ts'
import type { Applied } from '../apply/applied.ts'
import { failedClauses } from '../explain/clauses.ts'
import type { TableMap } from '../table-map.ts'
import type { TraceEntry } from '../trace.queries.ts'
import type { Step } from './outbound-plan.ts'

type Write = Extract<Step, { kind: 'write' }>

/**
 * What is remembered of a group that was worked on. An ERP that does not answer is told of at the first, second, fourth … attempt only:
 * an outage of a week leaves a dozen entries.
 */
export function traceGroup(steps: readonly Step[], outcomes: readonly WriteOutcome[]): TraceEntry[] {
  const writes = steps.filter((step) => step.kind === 'write')
  return steps.flatMap((step): TraceEntry[] => {
    const { map, change } = step.item
    const about = { map: map.name, rowId: change.rowId, remoteKey: null }
    const details: JsonObject = { attempt: change.attempt, columns: change.columns }
    switch (step.kind) {
      case 'settle':
        return [{ ...about, step: 'filtered', text: 'Looked at: nothing of it is for the ERP', details }]
      case 'park':
        return [{ ...about, step: 'parked', text: step.reason, details: { ...details, code: step.code } }]
      case 'wait':
        return isPowerOfTwo(change.attempt) ? [{ ...about, step: 'waiting', text: step.reason, details }] : []
      case 'write':
        return traceWrite(step, outcomes[writes.indexOf(step)])
      default:
        return step satisfies never
    }
  })
}

function traceWrite({ item, write, link }: Write, outcome: WriteOutcome | undefined): TraceEntry[] {
  const { map, change } = item
  if (outcome === undefined || (outcome.kind === 'retry' && !isPowerOfTwo(change.attempt))) return []
  const remoteKey = outcome.kind === 'applied' ? outcome.key : (link?.remoteKey ?? null)
  const about = { map: map.name, rowId: change.rowId, remoteKey }
  const details: JsonObject = { operation: write.operation, attempt: change.attempt, fields: fieldsOf(write) }
  const sent: TraceEntry = { ...about, step: 'sent', text: `Sent: ${WORDS[write.operation]} ${map.entity}`, details }
  switch (outcome.kind) {
    case 'applied':
      return [{ ...sent, text: `${sent.text}, and the ERP took it as ${outcome.key}` }]
    case 'conflict':
      return [{ ...sent, text: `${sent.text}; the record had changed in the ERP meanwhile` }]
    case 'rejected':
      return [sent, { ...about, step: 'answered', text: `The ERP refused: ${outcome.message}`, details: { code: outcome.code } }]
    case 'retry':
      return [{ ...sent, text: `${sent.text}; no answer yet: ${outcome.reason}` }]
    default:
      return outcome satisfies never
  }
}

const WORDS = { create: 'a new record of', update: 'a change of', delete: 'the deletion from' } as const

function fieldsOf(write: RecordWrite): Readonly<Record<string, RemoteValue>> {
  return write.operation === 'delete' ? {} : write.fields
}

/** What is remembered of records that were read. What changed nothing leaves no entry. */
export function traceRecords(map: TableMap, results: readonly Applied[]): TraceEntry[] {
  return results.flatMap(({ record, result }): TraceEntry[] => {
    const about = { map: map.name, remoteKey: record.key, details: { version: record.version } }
    switch (result.kind) {
      case 'created':
      case 'updated':
        return [{ ...about, rowId: result.rowId ?? null, step: 'received', text: `Received: the record ${ENDS[result.kind]}` }]
      case 'excluded': {
        const failed = map.filter.erp === undefined ? [] : failedClauses(map.filter.erp, record.fields)
        return [{ ...about, rowId: null, step: 'filtered', text: `The record is outside the filter: ${failed.join('; ')}` }]
      }
      case 'ignored':
        return [{ ...about, rowId: null, step: 'filtered', text: 'The row was deleted here and stays so' }]
      case 'held':
        return [{ ...about, rowId: null, step: 'parked', text: result.reason }]
      default:
        return []
    }
  })
}

const ENDS = { created: 'made a row', updated: 'changed its row' } as const

function isPowerOfTwo(attempt: number): boolean {
  return (attempt & (attempt - 1)) === 0
}
