import { findSyncStates } from '#dual-write/sync-state.ts'
import type { Tx } from '#postgres/database.ts'
import { isLookup, type TableDefinition } from '#tables/definition.ts'
import { findFile } from '#tables/files.queries.ts'
import { isFileColumn } from '#tables/files.ts'
import { engineRows, rowsOf } from '#tables/predicate.ts'
import type { QueryRow } from '#tables/row-query.ts'
import { findRow, listRows } from '#tables/rows.queries.ts'
import type { RowDetail } from '../../wire-data.ts'
import type { StudioServices } from '../services.ts'

/** One row with everything the drawer says of it; undefined where there is none. */
export async function findRowDetail(
  tx: Tx,
  services: StudioServices,
  table: TableDefinition,
  id: string,
): Promise<RowDetail | undefined> {
  const { catalog } = services
  const columns = [...table.columns.keys()]
  const row = await findRow(tx, catalog, { table, columns, predicate: engineRows }, id)
  if (row === undefined) return undefined
  const maps = services.dualWrite.maps().filter((map) => map.table.name === table.name)
  const states = maps.length === 0 ? undefined : await findSyncStates(tx, table.name, [id])
  return {
    id,
    version: Number(row.versionnumber),
    values: { ...row },
    names: await namesBehind(tx, services, table, [row]).then((names) => namesOfRow(table, row, names)),
    sync: states?.get(id) ?? null,
    files: await filesOf(tx, table, row),
    mappedColumns: [...new Set(maps.flatMap((map) => [...map.columns, ...map.lookups].flatMap((one) => one.column?.name ?? [])))],
  }
}

/** The names of the rows that lookups point to, by table and id: one statement for each table. */
export async function namesBehind(
  tx: Tx,
  { catalog }: Pick<StudioServices, 'catalog'>,
  table: TableDefinition,
  rows: readonly QueryRow[],
): Promise<Map<string, Map<string, string>>> {
  const wanted = new Map<string, Set<string>>()
  for (const row of rows)
    for (const column of table.columns.values()) {
      const [target, id] = [targetIn(table, column.name, row), row[column.name]]
      if (target === undefined || typeof id !== 'string') continue
      wanted.set(target, (wanted.get(target) ?? new Set()).add(id))
    }
  const names = new Map<string, Map<string, string>>()
  for (const [name, ids] of wanted) {
    const target = catalog.get(name)
    const found = await listRows(tx, catalog, {
      table: target,
      columns: [target.idColumn, target.nameColumn],
      predicate: rowsOf(target, engineRows, [...ids]),
      rowsMax: ids.size,
    })
    names.set(
      name,
      new Map(
        found.flatMap((one) => {
          const text = one[target.nameColumn] ?? null
          return text === null || text === '' ? [] : [[String(one[target.idColumn]), String(text)] as const]
        }),
      ),
    )
  }
  return names
}

export function namesOfRow(
  table: TableDefinition,
  row: QueryRow,
  names: ReadonlyMap<string, ReadonlyMap<string, string>>,
): Record<string, string> {
  const found: Record<string, string> = {}
  for (const column of table.columns.keys()) {
    const target = targetIn(table, column, row)
    const name = target === undefined ? undefined : names.get(target)?.get(String(row[column]))
    if (name !== undefined) found[column] = name
  }
  return found
}

/** The table a lookup of this row points to; a customer says it in the column beside it. */
function targetIn(table: TableDefinition, name: string, row: QueryRow): string | undefined {
  const column = table.columns.get(name)
  if (column === undefined || !isLookup(column)) return undefined
  const said = column.type === 'customer' ? row[`${name}type`] : undefined
  return typeof said === 'string' && column.targets.includes(said) ? said : column.targets[0]
}

async function filesOf(tx: Tx, table: TableDefinition, row: QueryRow): Promise<RowDetail['files']> {
  const files: RowDetail['files'] = {}
  for (const column of table.columns.values()) {
    const id = row[column.name]
    if (!isFileColumn(column) || typeof id !== 'string') continue
    const file = await findFile(tx, id)
    if (file !== undefined) files[column.name] = { name: file.name, mediaType: file.mediaType, bytes: Number(file.bytes) }
  }
  return files
}
