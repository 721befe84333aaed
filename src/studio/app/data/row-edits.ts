import type { CellValue, ColumnInfo, RowDetail, TableDetail } from '../../wire-data.ts'

/** What somebody has typed into a row's form and not yet saved, by column. Pure: the form shows it, the server judges it. */
export type Edits = Readonly<Record<string, CellValue>>
export type Conflict = { column: string; base: CellValue; mine: CellValue; theirs: CellValue }

/** Columns of the form, in the order of the definition: without those that stand beside a customer lookup, and those nobody writes. */
export function editableColumns(table: TableDetail): ColumnInfo[] {
  return table.columns.filter((column) => !column.computed && column.name !== table.idColumn && !isBesideCustomer(table, column))
}

export function computedColumns(table: TableDetail): ColumnInfo[] {
  return table.columns.filter((column) => column.computed || column.name === table.idColumn)
}

/** `customeridtype` says which table `customerid` points to; the input of the lookup sets it. */
function isBesideCustomer(table: TableDetail, column: ColumnInfo): boolean {
  return table.columns.some((one) => one.type === 'customer' && `${one.name}type` === column.name)
}

/** Edits that differ from the row; an empty text is nothing. */
export function changesIn(base: Readonly<Record<string, CellValue>>, edits: Edits): Edits {
  return Object.fromEntries(Object.entries(edits).filter(([name, value]) => !same(base[name] ?? null, value)))
}

/** Both sides changed these columns, and differently. */
export function conflictsOf(base: RowDetail, theirs: RowDetail, edits: Edits): Conflict[] {
  return Object.entries(changesIn(base.values, edits)).flatMap(([column, mine]) => {
    const [before, now] = [base.values[column] ?? null, theirs.values[column] ?? null]
    return same(before, now) || same(now, mine) ? [] : [{ column, base: before, mine, theirs: now }]
  })
}

/** Columns that only the other one changed: they are taken as they are now. */
export function takenOver(table: TableDetail, base: RowDetail, theirs: RowDetail, edits: Edits): ColumnInfo[] {
  const mine = changesIn(base.values, edits)
  return table.columns.filter(
    (column) =>
      !column.computed && !(column.name in mine) && !same(base.values[column.name] ?? null, theirs.values[column.name] ?? null),
  )
}

/** What a new row begins with: the defaults of its table, or the values of the row it is a copy of (without its numbers and files). */
export function startValues(table: TableDetail, copied?: RowDetail): Record<string, CellValue> {
  const inKeys = new Set(table.keys.flatMap((key) => key.columns))
  return Object.fromEntries(
    table.columns.flatMap((column) => {
      if (column.computed || column.name === table.idColumn) return []
      if (copied === undefined) return column.default === null ? [] : [[column.name, column.default] as const]
      const isOwn = column.autonumber !== null || column.type === 'file' || column.type === 'image'
      const isUnique = inKeys.has(column.name) && column.targets.length === 0
      const value = copied.values[column.name] ?? null
      return isOwn || isUnique || value === null ? [] : [[column.name, value] as const]
    }),
  )
}

function same(a: CellValue, b: CellValue): boolean {
  return (a === '' ? null : a) === (b === '' ? null : b) || (a !== null && b !== null && String(a) === String(b))
}
