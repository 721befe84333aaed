import type { RemoteFields } from '#connector/contract.ts'
import type { Expression, LookupCall, Typed, Value } from '#lib/expression/ast.ts'
import { lookupKeys } from '#lib/expression/evaluate.ts'
import { COMPANY_COLUMN, type TableDefinition } from '#tables/definition.ts'
import type { ColumnValue } from '#tables/rows.queries.ts'
import { lookupColumns } from './expressions.ts'
import type { MapGround } from './ground.ts'
import { KEY_SEPARATOR } from './lookup-index.ts'

/** What is known of a record that is being mapped. */
type Asking = {
  record: { fields: RemoteFields }
  values: Readonly<Record<string, ColumnValue>>
  misfits: string[]
  missing: { push(one: MissingRow): number }
}

type MissingRow = {
  column: string
  required: boolean
  table: TableDefinition
  keyColumns: readonly string[]
  key: string
  remote: undefined
}

/**
 * What the lookups of an expression find for each record: two queries for each lookup, however many records. A record whose row is not
 * here yet waits for it: what is worked out from nothing would stay wrong.
 */
export async function answerLookups<T extends Asking>(
  ground: MapGround,
  expression: Expression,
  mapped: readonly T[],
  column: string,
): Promise<ReadonlyMap<T, ReadonlyMap<Typed, Value>>> {
  const answers = new Map<T, Map<Typed, Value>>()
  for (const call of expression.lookups) {
    const table = ground.catalog.get(call.table)
    const columns = lookupColumns(table, call.keys.length) ?? []
    const keys = keysOf(call, mapped, columns.includes(COMPANY_COLUMN))
    if (keys.size === 0) continue
    const ids = await ground.find(table, columns, [...keys.values()])
    const rows = await ground.read(table, [...new Set(ids.values())])
    for (const [one, key] of keys) {
      const id = ids.get(key)
      if (id === undefined) one.missing.push({ column, required: true, table, keyColumns: columns, key, remote: undefined })
      else answers.set(one, (answers.get(one) ?? new Map()).set(call.node, asValue(rows.get(id)?.[call.column])))
    }
  }
  return answers
}

function keysOf<T extends Asking>(call: LookupCall, mapped: readonly T[], inCompany: boolean): Map<T, string> {
  const keys = new Map<T, string>()
  for (const one of mapped) {
    const parts = lookupKeys(call, one.record.fields)
    if (parts === undefined) continue
    if (!Array.isArray(parts)) {
      one.misfits.push(parts.failure)
      continue
    }
    keys.set(one, [...parts, ...(inCompany ? [String(one.values[COMPANY_COLUMN] ?? '')] : [])].join(KEY_SEPARATOR))
  }
  return keys
}

function asValue(value: ColumnValue | undefined): Value {
  return value === undefined || value === null ? null : typeof value === 'number' ? String(value) : value
}
