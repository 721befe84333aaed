import type { FilterExpression, Operand } from '#lib/odata/ast.ts'
import type { Tx } from '#postgres/database.ts'
import type { Catalog } from '#tables/catalog.ts'
import { type ColumnDefinition, isLookup, type TableDefinition } from '#tables/definition.ts'
import { engineRows } from '#tables/predicate.ts'
import { listRows } from '#tables/rows.queries.ts'

/** What a file says of a row in another table, found: its id, or how many rows are called so. */
export type Found = { kind: 'one'; id: string } | { kind: 'none' } | { kind: 'many' }
export type Lookups = { find(target: string, text: string): Found; read(tx: Tx, texts: readonly Wanted[]): Promise<void> }
export type Wanted = { target: string; text: string }

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const TEXTS_AT_ONCE = 500
const FOUND_MAX = 10_000

/** Finds rows by what files call them: their id, a text of an alternate key, or their name where it is the only one. Remembers them. */
export function createLookups(catalog: Catalog): Lookups {
  const known = new Map<string, Map<string, Found>>()
  const of = (target: string) => {
    const found = known.get(target) ?? new Map<string, Found>()
    known.set(target, found)
    return found
  }
  return {
    find: (target, text) =>
      UUID.test(text) ? { kind: 'one', id: text.toLowerCase() } : (of(target).get(text) ?? { kind: 'none' }),
    async read(tx, wanted) {
      for (const [target, group] of Map.groupBy(wanted, (one) => one.target)) {
        const found = of(target)
        const texts = [...new Set(group.map((one) => one.text))].filter((text) => !UUID.test(text) && !found.has(text))
        for (let at = 0; at < texts.length; at += TEXTS_AT_ONCE)
          for (const [text, one] of await readTexts(tx, catalog, catalog.get(target), texts.slice(at, at + TEXTS_AT_ONCE)))
            found.set(text, one)
      }
    },
  }
}

/** The columns of other tables that a row's lookups may be read from. */
export function targetsOf(column: ColumnDefinition): readonly string[] {
  return isLookup(column) ? column.targets : []
}

async function readTexts(
  tx: Tx,
  catalog: Catalog,
  table: TableDefinition,
  texts: readonly string[],
): Promise<Map<string, Found>> {
  const keys = [...table.keys.values()].flat().filter((name) => table.columns.get(name)?.type === 'string')
  const found = new Map<string, Found>(texts.map((text) => [text, { kind: 'none' }]))
  // A key says more than a name: what it finds is not asked again.
  for (const column of new Set([...keys, table.nameColumn])) {
    const open = texts.filter((text) => found.get(text)?.kind === 'none')
    if (open.length === 0) break
    const rows = await listRows(tx, catalog, {
      table,
      columns: [table.idColumn, column],
      predicate: engineRows,
      filter: isOneOf(column, open),
      rowsMax: FOUND_MAX,
    })
    const ids = Map.groupBy(rows, (row) => String(row[column]))
    for (const [text, same] of ids)
      found.set(text, same.length === 1 ? { kind: 'one', id: String(same[0]?.[table.idColumn]) } : { kind: 'many' })
  }
  return found
}

function isOneOf(column: string, texts: readonly string[]): FilterExpression {
  const values = texts.map((value): Operand => ({ kind: 'literal', literal: { type: 'string', value }, position: 0 }))
  return { kind: 'in', left: { kind: 'path', names: [column], position: 0 }, values, position: 0 }
}
