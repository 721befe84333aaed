import { createHash } from 'node:crypto'
import { COMPANY_FIELD, type Entity, type Field, NO_DATE } from '../entities/catalog.ts'
import { ExactNumber, parseExactJson } from '../entities/exact-json.ts'
import type { Delivery } from './events.queries.ts'

/**
 * One data event as Finance & Operations posts it: a RemoteExecutionContext whose Target holds the key fields and what has changed, and
 * whose PreImage holds the row as it was. Undefined when nothing that the entity shows has changed.
 */
export function eventPayload(entity: Entity, delivery: Delivery): string | undefined {
  const before = rowOf(delivery.before)
  const after = rowOf(delivery.after)
  const now = after ?? before ?? {}
  const changed = [...entity.fields.values()].filter((field) => literal(field, before) !== literal(field, after))
  if (changed.length === 0) return undefined

  const shown = delivery.operation === 'Delete' ? [] : changed.filter((field) => !field.key)
  const keys = attributes(entity.keys, now)
  const eventId = guid(`event ${delivery.createdAt} ${delivery.eventId} ${entity.set}`)
  const recordId = guid(`record ${entity.set} ${keys.join()}`)
  const timeMs = Date.parse(delivery.createdAt)
  const target = entityJson(entity, recordId, [...keys, ...attributes(shown, now)], keys)
  const image =
    before === undefined
      ? ''
      : `{"key":"PreImage","value":${entityJson(entity, recordId, attributes([...entity.fields.values()], before), keys)}}`
  const company = now[COMPANY_FIELD]
  return `{${[
    member('EventId', eventId),
    member('BusinessUnitId', guid(`company ${String(company ?? '')}`)),
    member('CorrelationId', guid(`change ${delivery.createdAt} ${delivery.eventId}`)),
    '"Depth":1',
    `"InputParameters":[{"key":"Target","value":${target}}]`,
    '"IsExecutingOffline":false,"IsInTransaction":false,"IsOfflinePlayback":false',
    '"IsolationMode":1',
    member('MessageName', delivery.operation),
    '"Mode":1',
    member('OperationCreatedOn', `/Date(${timeMs})/`),
    member('OperationId', eventId),
    member('OrganizationName', 'scm'),
    '"OutputParameters":[],"ParentContext":null,"PostEntityImages":[]',
    `"PreEntityImages":[${image}]`,
    member('PrimaryEntityId', recordId),
    member('PrimaryEntityName', entity.set),
    member('RequestId', eventId),
    '"SecondaryEntityName":"none","SharedVariables":[],"Stage":40',
  ].join(',')}}`
}

type StoredRow = Readonly<Record<string, unknown>>

function rowOf(json: string | null): StoredRow | undefined {
  return json === null ? undefined : (parseExactJson(json) as StoredRow)
}

function entityJson(entity: Entity, id: string, attributeList: readonly string[], keys: readonly string[]): string {
  return `{"Attributes":[${attributeList.join(',')}],"EntityState":null,"FormattedValues":[],${member('Id', id)},"KeyAttributes":[${keys.join(',')}],${member('LogicalName', entity.set)},"RelatedEntities":[],"RowVersion":null}`
}

/** "No date" is left out, as there. */
function attributes(fields: readonly Field[], row: StoredRow): string[] {
  return fields.flatMap((field) => {
    const value = literal(field, row)
    return value === undefined || value === JSON.stringify(NO_DATE) ? [] : [`{${member('key', field.name)},"value":${value}}`]
  })
}

/** The field's value as JSON, or undefined where the row says nothing of it. */
function literal(field: Field, row: StoredRow | undefined): string | undefined {
  if (row === undefined) return undefined
  const stored = field.column === undefined ? (row.extra as StoredRow | undefined)?.[field.name] : row[field.column]
  if (stored === undefined || stored === null || stored === '') return field.type === 'String' && stored === '' ? '""' : undefined
  if (stored instanceof ExactNumber) return stored.text
  const text = String(stored)
  if (field.type === 'DateTimeOffset') return JSON.stringify(new Date(text).toISOString().replace('.000Z', 'Z'))
  return field.type === 'Decimal' || field.type === 'Int32' || field.type === 'Int64' ? text : JSON.stringify(text)
}

function member(name: string, value: string): string {
  return `${JSON.stringify(name)}:${JSON.stringify(value)}`
}

/** The same name, the same id, whenever it is asked: a repeated delivery carries the id of the first one. */
function guid(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
