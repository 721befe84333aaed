import type { RemoteFields, RemoteNotice } from '#connector/contract.ts'
import { recordKey } from '#connector/record-key.ts'
import { AppError } from '#lib/app-error.ts'
import { isJsonObject } from '#lib/json.ts'
import { COMPANY_FIELD, type ErpEntity } from './metadata.ts'
import { fromErp, fromEvent } from './values.ts'

const OPERATIONS: Readonly<Record<string, RemoteNotice['operation']>> = { Create: 'create', Update: 'update', Delete: 'delete' }

/**
 * The notice in a data event (a RemoteExecutionContext): the Target carries the key fields, a PreImage those of a deleted record. What
 * else it says is passed over, as the record is read anew. `entityOf` knows the entities once their description has been read;
 * before that, the event's own KeyAttributes have to do.
 */
export function parseDataEvent(body: unknown, entityOf: (name: string) => ErpEntity | undefined): RemoteNotice[] {
  if (!isJsonObject(body)) throw badEvent('it is not an object')
  const operation = OPERATIONS[String(body.MessageName)]
  const { PrimaryEntityName: name } = body
  if (operation === undefined || typeof name !== 'string' || name === '') throw badEvent('it names no operation or no entity')
  const target = targetOf(body.InputParameters)
  const values = new Map([...attributesOf(imageOf(body.PreEntityImages)?.Attributes), ...attributesOf(target?.Attributes)])
  const entity = entityOf(name)
  const keyFields = entity?.keyFields ?? [...attributesOf(target?.KeyAttributes).keys()]
  if (keyFields.length === 0) {
    throw new AppError('connector.unavailable', `The key of ${name} is not known yet; send the event again`, {
      details: { afterMs: undefined },
    })
  }
  const eventId = [body.EventId, body.RequestId, body.OperationId].find((one) => typeof one === 'string' && one !== '')
  if (eventId === undefined) throw badEvent('it has no id')
  const fields = Object.fromEntries(keyFields.map((field) => [field, keyValue(entity, field, values)]))
  return [{ eventId: String(eventId), entity: name, operation, key: recordKey(keyFields, COMPANY_FIELD, fields) }]
}

function keyValue(entity: ErpEntity | undefined, name: string, values: ReadonlyMap<string, unknown>): RemoteFields[string] {
  if (!values.has(name)) throw badEvent(`it lacks the key field ${name}`)
  const field = entity?.fields.get(name)
  const value = values.get(name)
  return field === undefined ? fromEvent(name, value) : fromErp(field, value)
}

type Image = { Attributes?: unknown; KeyAttributes?: unknown }

function targetOf(parameters: unknown): Image | undefined {
  return valueAt(parameters, (key) => key === 'Target')
}

function imageOf(images: unknown): Image | undefined {
  return valueAt(images, () => true)
}

function valueAt(list: unknown, matches: (key: unknown) => boolean): Image | undefined {
  if (!Array.isArray(list)) return undefined
  const found = list.find((one) => isJsonObject(one) && matches(one.key))
  return isJsonObject(found?.value) ? found.value : undefined
}

function attributesOf(list: unknown): Map<string, unknown> {
  const pairs = Array.isArray(list) ? list.filter((one) => isJsonObject(one)) : []
  return new Map(pairs.map((one) => [String(one.key), one.value]))
}

function badEvent(why: string): AppError {
  return new AppError('connector.bad_event', `Not a data event of Dynamics 365: ${why}`)
}
