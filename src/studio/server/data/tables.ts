import type { TableMap } from '#dual-write/table-map.ts'
import type { HttpServer } from '#http/server.ts'
import type { Catalog } from '#tables/catalog.ts'
import { type ColumnDefinition, isComputed, isLookup, type TableDefinition } from '#tables/definition.ts'
import { estimateRows } from '#tables/statistics.queries.ts'
import type { ColumnInfo, TableDetail, TableSummary } from '../../wire-data.ts'
import type { StudioServices } from '../services.ts'

/** /tables: what tables there are, and one with its columns, keys and relations. */
export function registerTables(scope: HttpServer, services: StudioServices): void {
  const { database, catalog, dualWrite } = services

  scope.get('/tables', async (): Promise<TableSummary[]> => {
    const counts = await database.read(estimateRows)
    return [...catalog.tables.values()].map((table) => summaryOf(table, dualWrite.maps(), counts.get(table.name) ?? 0))
  })

  scope.get<{ Params: { name: string } }>('/tables/:name', async (request): Promise<TableDetail> => {
    const table = catalog.get(request.params.name)
    const counts = await database.read(estimateRows)
    return detailOf(catalog, table, dualWrite.maps(), counts.get(table.name) ?? 0)
  })
}

function summaryOf(table: TableDefinition, maps: readonly TableMap[], rowsAbout: number): TableSummary {
  const columns = [...table.columns.values()]
  return {
    name: table.name,
    setName: table.setName,
    labels: table.labels,
    description: table.description,
    origin: table.origin,
    scope: table.scope,
    columnCount: columns.length,
    customColumnCount: columns.filter((column) => column.origin === 'custom').length,
    rowsAbout,
    maps: maps.filter((map) => map.table.name === table.name).map((map) => map.name),
    pointsTo: columns
      .filter(isLookup)
      .flatMap((column) => column.targets.map((target) => ({ column: column.name, table: target }))),
  }
}

function detailOf(catalog: Catalog, table: TableDefinition, maps: readonly TableMap[], rowsAbout: number): TableDetail {
  return {
    ...summaryOf(table, maps, rowsAbout),
    idColumn: table.idColumn,
    nameColumn: table.nameColumn,
    columns: [...table.columns.values()].map(columnInfo),
    keys: [...table.keys].map(([name, columns]) => ({ name, columns })),
    search: table.search,
    pointedFrom: catalog.pointingTo(table.name).map(({ table: child, lookup }) => ({
      table: child.name,
      column: lookup.name,
      collectionName: lookup.collectionName,
      labels: child.labels,
    })),
  }
}

function columnInfo(column: ColumnDefinition): ColumnInfo {
  return {
    name: column.name,
    labels: column.labels,
    description: column.description,
    origin: column.origin,
    type: column.type,
    required: column.required,
    computed: isComputed(column),
    length: column.length ?? null,
    scale: column.scale ?? null,
    min: column.min ?? null,
    max: column.max ?? null,
    pattern: column.pattern ?? null,
    default: column.default ?? null,
    autonumber: column.autonumber ?? null,
    calculated: column.calculated ?? null,
    behaviour: column.behaviour,
    bytesMax: column.bytesMax ?? null,
    accept: column.accept,
    targets: column.targets,
    options: [...column.options].map(([member, value]) => ({ value, member, labels: column.optionLabels.get(value) ?? {} })),
  }
}
