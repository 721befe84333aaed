import type { RemoteValue } from '#connector/contract.ts'
import type { FilterExpression } from '#lib/odata/ast.ts'
import { filterText } from '#lib/odata/print-filter.ts'
import { fieldsIn, passes } from '../mapping/filter.ts'

/** The clauses of a filter that the values do not meet, with what they say instead: `AssociatedContactType eq 'Customer' (it is Vendor)`. */
export function failedClauses(filter: FilterExpression, values: Readonly<Record<string, RemoteValue | undefined>>): string[] {
  if (filter.kind === 'and') return [...failedClauses(filter.left, values), ...failedClauses(filter.right, values)]
  if (passes(filter, values)) return []
  const said = fieldsIn(filter).map((name) => `${name} is ${values[name] ?? 'empty'}`)
  return [`${filterText(filter)} (${said.join(', ')})`]
}
