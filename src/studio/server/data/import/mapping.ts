import { type ColumnDefinition, isComputed, type TableDefinition } from '#tables/definition.ts'
import { isFileColumn } from '#tables/files.ts'

/** For each head of a file the column that it fills, or null. */
export type Mapping = readonly (string | null)[]

/** Columns that a file can fill. */
function importable(table: TableDefinition): ColumnDefinition[] {
  return [...table.columns.values()].filter((column) => !isComputed(column) && !isFileColumn(column))
}

/** By logical name, by what people call the column in any language, or by both as an export writes them. No column is filled twice. */
export function guessMapping(table: TableDefinition, heads: readonly string[]): Mapping {
  const names = new Map<string, string | null>()
  for (const column of importable(table)) {
    const labels = new Set(Object.values(column.labels).map(plain))
    // A label that two columns share says nothing.
    for (const label of labels) names.set(label, names.has(label) ? null : column.name)
    for (const label of Object.values(column.labels)) names.set(plain(`${label} (${column.name})`), column.name)
  }
  for (const column of importable(table)) names.set(plain(column.name), column.name)
  const taken = new Set<string>()
  return heads.map((head) => {
    const name = names.get(plain(head)) ?? null
    if (name === null || taken.has(name)) return null
    taken.add(name)
    return name
  })
}

/** Rows are found again by their id where the file has it, else by the first alternate key that it fills; else every line is new. */
export function guessMatch(table: TableDefinition, mapping: Mapping): string {
  if (mapping.includes(table.idColumn)) return 'id'
  const key = [...table.keys].find(([, columns]) => columns.every((name) => mapping.includes(name)))
  return key?.[0] ?? 'none'
}

function plain(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').replace(/\s+/g, ' ').trim().toLowerCase()
}
