import type { RemoteValue } from '#connector/contract.ts'
import { parseDecimal } from '#lib/decimal.ts'
import type { ColumnDefinition } from '#tables/definition.ts'
import type { ColumnValue } from '#tables/rows.queries.ts'
import type { ColumnMap } from '../table-map.ts'

/** A value that did not fit: the row is kept back with this reason. */
export type Misfit = { misfit: string }

/** The ERP's value in the form of our column. `warn` hears of what is lost on the way. */
export function toPortalValue(
  map: ColumnMap,
  column: ColumnDefinition,
  remote: RemoteValue,
  warn: (message: string) => void = () => {},
): ColumnValue | Misfit {
  if (map.constant !== undefined) return map.constant
  const none = map.default.toPortal ?? null
  if (map.values !== undefined) {
    const ours = map.values.toPortal.get(String(remote ?? '').toLowerCase())
    if (ours !== undefined) return ours
    if (remote === null || remote === '') return none
    if (map.values.unmapped === 'empty') return null
    if (map.values.unmapped === 'default' && none !== null) return none
    if (map.values.unmapped !== 'pass') return { misfit: `${map.field}: the value ${String(remote)} is in no list` }
  }
  if (remote === null || remote === '') return none
  return shape(column, map.lowerCase ? String(remote).toLowerCase() : remote, warn) ?? misfit(map, remote, column)
}

/** Our value in the form of the ERP's field. */
export function toErpValue(map: ColumnMap, local: ColumnValue): RemoteValue | Misfit {
  if (map.constant !== undefined) return map.constant
  const none = map.default.toErp ?? null
  if (map.values !== undefined) {
    const theirs = map.values.toErp.get(String(local ?? ''))
    if (theirs !== undefined) return theirs === '' ? null : theirs
    if (local === null || local === '') return none
    if (map.values.unmapped === 'empty') return null
    if (map.values.unmapped === 'default' && none !== null) return none
    if (map.values.unmapped !== 'pass') return { misfit: `${map.column?.name}: the value ${String(local)} is in no list` }
  }
  return local === null || local === '' ? none : local
}

/** What an expression has given, in the form of our column. */
export function shapeValue(
  map: ColumnMap,
  column: ColumnDefinition,
  value: string | boolean | null,
  warn: (message: string) => void,
): ColumnValue | Misfit {
  if (value === null) return map.default.toPortal ?? null
  return shape(column, value, warn) ?? misfit(map, value, column)
}

/** One text for one value, however it was written: what agreed values are kept and compared as. */
export function textOf(column: ColumnDefinition, value: ColumnValue | undefined): string | null {
  if (value === null || value === undefined || value === '') return null
  switch (column.type) {
    case 'decimal':
    case 'money':
      return parseDecimal(String(value)) ?? String(value)
    case 'date':
      return String(value).slice(0, 10)
    case 'datetime':
      return isoOf(String(value)) ?? String(value)
    default:
      return String(value)
  }
}

/** The value in the column's own form, or undefined where it is none. Text that is too long is cut: the ERP allows more in places. */
function shape(
  column: ColumnDefinition,
  value: string | number | boolean,
  warn: (message: string) => void,
): ColumnValue | undefined {
  switch (column.type) {
    case 'string':
    case 'memo':
      return cut(String(value), column, warn)
    case 'integer':
    case 'choice': {
      const number = Number(value)
      return Number.isSafeInteger(number) && Math.abs(number) < 2 ** 31 ? number : undefined
    }
    case 'bigint':
      return /^-?\d{1,18}$/.test(String(value)) ? String(value) : undefined
    case 'decimal':
    case 'money':
      return parseDecimal(String(value))
    case 'boolean':
      return typeof value === 'boolean' ? value : BOOLEANS.get(String(value).toLowerCase())
    case 'date':
      return /^\d{4}-\d{2}-\d{2}/.test(String(value)) ? String(value).slice(0, 10) : undefined
    case 'datetime':
      return isoOf(String(value))
    case 'choices':
      return /^-?\d{1,9}(,-?\d{1,9}){0,99}$/.test(String(value)) ? String(value) : undefined
    case 'uniqueidentifier':
      return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(String(value)) ? String(value).toLowerCase() : undefined
    default:
      return undefined
  }
}

function cut(text: string, column: ColumnDefinition, warn: (message: string) => void): string {
  const charactersMax = column.length
  // Characters as PostgreSQL counts them are never more than these units.
  if (charactersMax === undefined || text.length <= charactersMax) return text
  const characters = [...text]
  if (characters.length > charactersMax)
    warn(`${column.name}: a text of ${characters.length} characters was cut to ${charactersMax}`)
  return characters.slice(0, charactersMax).join('')
}

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ['yes', true],
  ['no', false],
  ['true', true],
  ['false', false],
])

function isoOf(text: string): string | undefined {
  const ms = Date.parse(text)
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString()
}

function misfit(map: ColumnMap, remote: RemoteValue, column: ColumnDefinition): Misfit {
  return {
    misfit: `${map.field ?? map.column?.name}: the value ${String(remote)} does not fit ${column.name}, which is ${column.type}`,
  }
}
