import type { Condition, RecordKey, RemoteFields } from '#connector/contract.ts'
import { parseRecordKey } from '#connector/record-key.ts'
import { AppError } from '#lib/app-error.ts'
import { COMPANY_FIELD, type ErpEntity } from './metadata.ts'
import { toLiteral } from './values.ts'

/** `/data/Set(dataAreaId='usmf',Number='1')?cross-company=true` */
export function recordPath(entity: ErpEntity, key: RecordKey): string {
  const parts = keyValues(entity, key).map(([name, value]) => `${name}=${encodeURIComponent(toLiteral(entity, name, value))}`)
  return `/data/${entity.name}(${parts.join(',')})?cross-company=true`
}

/** `/data/Set?cross-company=true&$filter=…`: every query over companies, as the user's own company says nothing. */
export function setPath(entity: ErpEntity, options: Readonly<Record<string, string | undefined>> = {}): string {
  const parameters = Object.entries(options).flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [`${name}=${encodeURIComponent(value)}`],
  )
  return `/data/${entity.name}?${['cross-company=true', ...parameters].join('&')}`
}

/** All of these values at once, in a company where one is named: '' when there is nothing to ask. */
export function filterOf(entity: ErpEntity, company: string | undefined, values: RemoteFields): string {
  const all: RemoteFields =
    entity.companyField === undefined || company === undefined ? values : { [COMPANY_FIELD]: company, ...values }
  return Object.entries(all)
    .map(([name, value]) => `${name} eq ${toLiteral(entity, name, value)}`)
    .join(' and ')
}

/**
 * The conditions as OData writes them; '' when there are none. Of text the order is another over there ('10' comes before '9'), so what
 * asks for more or less is left to whoever reads the answer.
 */
export function filterOfConditions(entity: ErpEntity, conditions: readonly Condition[]): string {
  return conditions
    .filter((one) => isSameOverThere(one.operator) || isOrderedOverThere(entity, one.field))
    .map((one) => {
      if (one.operator !== 'in') return `${one.field} ${one.operator} ${toLiteral(entity, one.field, one.value)}`
      // Finance & Operations has no `in`.
      const terms = one.value.map((value) => `${one.field} eq ${toLiteral(entity, one.field, value)}`)
      return terms.length === 1 ? terms.join() : `(${terms.join(' or ')})`
    })
    .join(' and ')
}

function isSameOverThere(operator: Condition['operator']): boolean {
  return operator === 'eq' || operator === 'ne' || operator === 'in'
}

/** Text has an order of its own over there, and enums have none. */
function isOrderedOverThere(entity: ErpEntity, field: string): boolean {
  const type = entity.fields.get(field)?.type
  return type === 'integer' || type === 'decimal' || type === 'date' || type === 'datetime'
}

/** Any of these records. */
export function filterOfKeys(entity: ErpEntity, keys: readonly RecordKey[]): string {
  return keys.map((key) => `(${filterOf(entity, undefined, Object.fromEntries(keyValues(entity, key)))})`).join(' or ')
}

function keyValues(entity: ErpEntity, key: RecordKey): [string, string][] {
  const given = parseRecordKey(key)
  return entity.keyFields.map((name) => {
    const value = given[name]
    if (value !== undefined) return [name, value]
    throw new AppError('connector.refused', `"${key}" is not the key of a record of ${entity.name}: ${name} is missing`)
  })
}
