import type { WriteOutcome, WriteProblem } from '#access/write-model.ts'
import type { Catalog } from '#tables/catalog.ts'
import { ApiRefusal } from '../protocol/refusals.ts'
import { missing } from './caller.ts'

type Refused = Exclude<WriteOutcome, { kind: 'created' | 'updated' | 'deleted' }>

/** What a write that was refused is answered with. */
export function refusalOf(catalog: Catalog, outcome: Refused): ApiRefusal {
  const table = catalog.get(outcome.table)
  switch (outcome.kind) {
    case 'not_found':
      return new ApiRefusal('row', outcome.message)
    case 'forbidden':
      if (outcome.columns.length === 0) return missing(outcome.privilege, table, outcome.message)
      return new ApiRefusal('column_forbidden', outcome.message, { details: { columns: [...outcome.columns] } })
    case 'invalid':
      return valuesRefusal(outcome.problems)
    case 'stale':
      return new ApiRefusal('version', "The version of the existing record doesn't match the RowVersion property provided.", {
        details: { version: outcome.version },
      })
    case 'exists':
      return new ApiRefusal('exists', 'A record with matching key values already exists.')
    case 'depends':
      return new ApiRefusal('depends', outcome.message)
    default:
      return outcome satisfies never
  }
}

export function isWritten(outcome: WriteOutcome): outcome is Exclude<WriteOutcome, Refused> {
  return outcome.kind === 'created' || outcome.kind === 'updated' || outcome.kind === 'deleted'
}

function valuesRefusal(problems: readonly WriteProblem[]): ApiRefusal {
  const message = problems.map((one) => (one.at === '' ? one.message : `${one.at}: ${one.message}`)).join('; ')
  const details = { problems: problems.map(({ at, column, code, message: text }) => ({ at, column, code, message: text })) }
  const only = (code: WriteProblem['code']) => problems.length > 0 && problems.every((one) => one.code === code)
  if (only('duplicate')) return new ApiRefusal('duplicate_key', message, { details })
  if (only('in_use')) return new ApiRefusal('still_used', message, { details })
  return new ApiRefusal('values', message, { details })
}
