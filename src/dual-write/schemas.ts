import type { EntityDescription } from '#connector/contract.ts'
import { AppError, messageOf } from '#lib/app-error.ts'
import { FUNCTIONS } from '#lib/expression/functions.ts'
import type { Catalog } from '#tables/catalog.ts'
import { COMPANY_COLUMN, type ColumnDefinition, isComputed, isLookup } from '#tables/definition.ts'
import type { Core } from './core.ts'
import type { MapSchemas, SchemaColumn, SchemaField, Versions } from './facets-control.ts'
import { findMap } from './lifecycle.ts'

const DESCRIBE_MS_MAX = 30_000

/** What the two ends of a map have to offer, for an editor: columns and fields with their types, lists of values, functions. */
export function createSchemas(core: Core, signal: AbortSignal): Pick<Versions, 'readSchemas'> {
  return {
    async readSchemas(name) {
      const { table, entity } = findMap(core, name)
      return {
        table: table.name,
        entity,
        columns: [...table.columns.values()].map((column) => columnView(core.catalog, column)),
        ...(await readFields(core, entity, signal)),
        keys: [...table.keys].map(([key, columns]) => ({ name: key, columns: [...columns] })),
        lists: Object.entries(core.active.sources.lists).map(([list, entries]) => ({
          name: list,
          entries: Object.entries(entries).map(([erp, portal]) => ({ erp, portal: portal === null ? null : String(portal) })),
        })),
        functions: Object.values(FUNCTIONS).map(({ signature, about, example }) => ({ signature, about, example })),
      }
    },
  }
}

async function readFields(core: Core, name: string, signal: AbortSignal): Promise<Pick<MapSchemas, 'fields' | 'unreachable'>> {
  try {
    const entities = await core.connector.describe(AbortSignal.any([signal, AbortSignal.timeout(DESCRIBE_MS_MAX)]))
    const entity = entities.find((one) => one.name === name)
    return { fields: entity === undefined || entity.fields.size === 0 ? null : fieldsOf(entity), unreachable: null }
  } catch (error) {
    if (!(error instanceof AppError) && !isAbort(error)) throw error
    return { fields: null, unreachable: messageOf(error) }
  }
}

function isAbort(error: unknown): boolean {
  return error instanceof DOMException && (error.name === 'TimeoutError' || error.name === 'AbortError')
}

function fieldsOf(entity: EntityDescription): SchemaField[] {
  return [...entity.fields].map(([name, { type, nullable, enumMembers }]) => ({
    name,
    type,
    nullable,
    isKey: entity.keyFields.includes(name),
    members: [...enumMembers],
  }))
}

function columnView(catalog: Catalog, column: ColumnDefinition): SchemaColumn {
  return {
    name: column.name,
    labels: column.labels,
    type: column.type,
    length: column.length ?? null,
    required: column.required,
    readOnly: isComputed(column),
    paths: isLookup(column) ? pathsOf(catalog, column) : [],
  }
}

/** The columns of the target's keys, each as a path: several entries of one lookup are its key together. */
function pathsOf(catalog: Catalog, column: ColumnDefinition): string[] {
  const paths = column.targets.flatMap((name) => {
    const target = catalog.tables.get(name)
    const keys = [...(target?.keys.values() ?? [])].flat().filter((key) => key !== COMPANY_COLUMN)
    const [step, end] = column.targets.length > 1 ? [`.${name}(`, ')'] : ['.', '']
    return keys.map((key) => `${column.name}${step}${key}${end}`)
  })
  return [...new Set(paths)]
}
