import type { Operation, Precondition, Reference, WriteOutcome } from '#access/write-model.ts'
import { changeSet } from '#access/writing.ts'
import { assert, required } from '#lib/assert.ts'
import { isJsonObject, type Json } from '#lib/json.ts'
import type { Tx } from '#postgres/database.ts'
import { isLookup, type TableDefinition } from '#tables/definition.ts'
import { parseAddress, type RowsAddress, type Step, unknownResource } from '../protocol/address.ts'
import { type ApiAnswer, type ApiCall, emptyAnswer } from '../protocol/call.ts'
import { etagOf, parseEtag } from '../protocol/etag.ts'
import { parseJsonBody, parseJsonObject } from '../protocol/json-body.ts'
import { parsePreferences } from '../protocol/preferences.ts'
import { ApiRefusal, printable } from '../protocol/refusals.ts'
import { type Caller, requireRight, writeAs } from './caller.ts'
import { inputOf, type References, referenceOf } from './input.ts'
import { keyOf } from './locate.ts'
import { isWritten, refusalOf } from './outcomes.ts'
import { readOne } from './read.ts'

/** A write that has been understood: what to do, and how to answer once it is done. */
export type Write = { operation: Operation; table: TableDefinition; answer(tx: Tx, outcome: WriteOutcome): Promise<ApiAnswer> }

/** One request that writes, in a transaction of its own. */
export async function performWrite(caller: Caller, call: ApiCall): Promise<ApiAnswer> {
  const [answer] = await performWrites(caller, [prepareWrite(caller, call, new Map())])
  return required(answer, 'the answer to one write')
}

/** All of them or none. Throws `WriteRefused`, which says which one it was. */
export function performWrites(caller: Caller, writes: readonly Write[]): Promise<ApiAnswer[]> {
  return writeAs(caller, async (tx) => {
    const place = { tx, catalog: caller.catalog, permissions: caller.rules, visitor: caller.visitor }
    const { outcomes } = await changeSet(
      place,
      writes.map((one) => one.operation),
    )
    const answers: ApiAnswer[] = []
    for (const [index, outcome] of outcomes.entries()) {
      // What only depends on another says nothing: the other does.
      if (isWritten(outcome) || (outcome.kind === 'depends' && outcomes.some((one) => !isWritten(one) && one.kind !== 'depends')))
        continue
      throw new WriteRefused(index, refusalTo(caller, outcome))
    }
    for (const [index, outcome] of outcomes.entries())
      answers.push(await required(writes[index], 'the write').answer(tx, outcome))
    return answers
  })
}

function refusalTo(caller: Caller, outcome: Parameters<typeof refusalOf>[1]): ApiRefusal {
  if (outcome.kind === 'forbidden' && caller.visitor.kind === 'anonymous') return new ApiRefusal('sign_in', 'Sign in first')
  return refusalOf(caller.catalog, outcome)
}

/** The refusal of one of several writes; nothing of any of them remains. */
export class WriteRefused extends ApiRefusal {
  readonly index: number

  constructor(index: number, refusal: ApiRefusal) {
    super(refusal.kind, refusal.message, { details: refusal.details })
    this.index = index
  }
}

/** Understands a request without doing anything yet. `references` holds what earlier requests of the change set write. */
export function prepareWrite(caller: Caller, call: ApiCall, references: References, contentId?: string): Write {
  const { address, target } = addressOf(caller, call, references)
  const last = address.steps.at(-1)
  const as = contentId === undefined ? {} : { as: contentId }
  const written = (table: TableDefinition, operation: Omitted<Operation>): Write => ({
    table,
    operation: { ...operation, table: table.name, ...as } as Operation,
    answer: (tx, outcome) => answerWrite(caller, call, outcome, tx),
  })
  const row = () => required(target, 'the row that the address names')

  if (address.tail.kind === 'ref') return written(address.table, changeReference(caller, call, references, address, row()))
  if (last?.kind === 'collection' && last.key === undefined && address.steps.length === 1 && call.method === 'POST')
    return written(last.table, createBelow(caller, call, references, last, address.table, row()))
  if (address.steps.length > 0) throw notHere(call)
  const { table } = address
  if (address.tail.kind === 'property') {
    const { column } = address.tail
    const name = isLookup(column) ? column.name : column.name
    if (call.method === 'PUT')
      return written(table, update(row(), call, inputOf(caller, table, { [name]: propertyValue(call) }, references)))
    if (call.method === 'DELETE') return written(table, update(row(), call, inputOf(caller, table, { [name]: null }, references)))
    throw notHere(call)
  }
  if (target === undefined) {
    if (call.method !== 'POST' || address.tail.kind !== 'rows') throw notHere(call)
    requireRight(caller, table, 'create')
    return written(table, { kind: 'create', values: inputOf(caller, table, parseJsonObject(textOf(call)), references) })
  }
  if (call.method === 'DELETE') {
    requireRight(caller, table, 'delete')
    return written(table, { kind: 'delete', target, precondition: preconditionOf(call) })
  }
  if (call.method !== 'PATCH' && call.method !== 'PUT') throw notHere(call)
  const values = inputOf(caller, table, parseJsonObject(textOf(call)), references)
  const precondition = preconditionOf(call)
  const mayCreate = caller.rules.may(caller.visitor, table.name, 'create')
  if (!mayCreate) requireRight(caller, table, precondition.ifNoneMatch === '*' ? 'create' : 'write')
  // What was made a moment ago in the same change set is there; and who cannot make a row is told that there is none.
  const kind = 'result' in target || !mayCreate ? 'update' : 'upsert'
  return written(table, { kind, target, values, precondition })
}

type Omitted<T> = T extends unknown ? Omit<T, 'table' | 'as'> : never

/** The address and the row that it begins with; `$1/…` begins with what the request of that Content-ID writes. */
function addressOf(
  caller: Caller,
  call: ApiCall,
  references: References,
): { address: RowsAddress; target: Reference | undefined } {
  const [, contentId, rest = ''] = /^\/?\$([\w.-]{1,64})(\/.*)?$/s.exec(call.path) ?? []
  const known = contentId === undefined ? undefined : references.get(contentId)
  const path = known === undefined ? call.path : `${known.setName}(00000000-0000-0000-0000-000000000000)${rest}`
  const address = parseAddress(caller.catalog, path)
  if (address.kind !== 'rows') throw address.kind === 'other' ? unknownResource(address.segments[0]?.name ?? '') : notHere(call)
  if (known !== undefined && contentId !== undefined) return { address, target: { result: contentId } }
  if (address.key === undefined) return { address, target: undefined }
  const key = keyOf(address.table, address.key)
  return { address, target: key.kind === 'id' ? { id: key.id } : { key: Object.fromEntries(key.values) } }
}

function update(
  target: Reference,
  call: ApiCall,
  values: Record<string, unknown> | Readonly<Record<string, unknown>>,
): Omitted<Operation> {
  return { kind: 'update', target, values, precondition: preconditionOf(call) }
}

/** POST to a collection of a row: the new row points to it. */
function createBelow(
  caller: Caller,
  call: ApiCall,
  references: References,
  step: Step & { kind: 'collection' },
  parent: TableDefinition,
  target: Reference,
): Omitted<Operation> {
  requireRight(caller, step.table, 'create')
  const values = inputOf(caller, step.table, parseJsonObject(textOf(call)), references)
  return { kind: 'create', values: { ...values, [step.lookup.name]: { bind: { table: parent.name, ...target } } } }
}

/** `accounts(…)/contact_customer_accounts/$ref`, `…/primarycontactid/$ref`, `…/contact_customer_accounts(…)/$ref`. */
function changeReference(
  caller: Caller,
  call: ApiCall,
  references: References,
  address: RowsAddress,
  target: Reference,
): Omitted<Operation> {
  const [step] = address.steps
  if (step === undefined || address.steps.length > 1) throw notHere(call)
  const navigation = step.name
  const other = () => referenceOf(caller, identityOf(call), references)
  const checked = () => {
    const { table, reference } = other()
    const expected = step.kind === 'lookup' ? step.target : step.table
    if (table.name !== expected.name)
      throw new ApiRefusal('invalid', `${printable(navigation)} takes a row of ${expected.setName}, not of ${table.setName}`)
    return reference
  }
  const isCollection = step.kind === 'collection'
  if (call.method === 'POST' && isCollection && step.key === undefined)
    return { kind: 'associate', target, navigation, to: checked() }
  if (call.method === 'PUT' && !isCollection) return { kind: 'associate', target, navigation, to: checked() }
  if (call.method !== 'DELETE') throw notHere(call)
  if (!isCollection) return { kind: 'disassociate', target, navigation }
  if (step.key === undefined) return { kind: 'disassociate', target, navigation, from: checked() }
  const key = keyOf(step.table, step.key)
  const from = key.kind === 'id' ? { id: key.id } : { key: Object.fromEntries(key.values) }
  return { kind: 'disassociate', target, navigation, from }
}

/** `{"@odata.id": "…"}` in the body, or `?$id=…`. */
function identityOf(call: ApiCall): string {
  const fromQuery = new URLSearchParams(call.query).get('$id')
  const found = fromQuery ?? (textOf(call) === '' ? undefined : parseJsonObject(textOf(call))['@odata.id'])
  if (typeof found !== 'string')
    throw new ApiRefusal(
      'invalid',
      'The row to refer to is missing: {"@odata.id": "/accounts(…)"} in the body, or $id in the address',
    )
  return found
}

/** `{"value": …}`. */
function propertyValue(call: ApiCall): Json {
  const body = parseJsonBody(textOf(call))
  if (isJsonObject(body) && body.value !== undefined) return body.value
  throw new ApiRefusal('invalid', 'The body of a property is {"value": …}')
}

function preconditionOf(call: ApiCall): Precondition {
  const ifMatch = parseEtag(call.headers['if-match'], 'If-Match')
  const ifNoneMatch = parseEtag(call.headers['if-none-match'], 'If-None-Match')
  if (ifNoneMatch !== undefined && ifNoneMatch !== '*')
    throw new ApiRefusal('invalid', 'If-None-Match of a write is *, which means: only if there is no such row yet')
  return { ...(ifMatch === undefined ? {} : { ifMatch }), ...(ifNoneMatch === undefined ? {} : { ifNoneMatch }) }
}

async function answerWrite(caller: Caller, call: ApiCall, outcome: WriteOutcome, tx: Tx): Promise<ApiAnswer> {
  assert(isWritten(outcome), 'only what was written is answered')
  if (outcome.kind === 'deleted') return emptyAnswer()
  const table = caller.catalog.get(outcome.table)
  const entity = `${caller.root}${table.setName}(${outcome.id})`
  const headers: Record<string, string> = { 'odata-entityid': entity, etag: etagOf(outcome.version) }
  if (caller.dialect === 'portal') headers.entityid = outcome.id
  if (outcome.kind === 'created') headers.location = entity
  const preferences = parsePreferences(call.headers.prefer)
  const represents = preferences.returns === 'representation' && (call.method === 'POST' || call.method === 'PATCH')
  if (!represents || !caller.rules.may(caller.visitor, table.name, 'read')) return emptyAnswer(headers)
  const read = await readOne(tx, caller, { call, table, id: outcome.id })
  if (read === undefined) return emptyAnswer(headers)
  return {
    status: outcome.kind === 'created' ? 201 : 200,
    headers: { ...headers, ...read.headers, 'preference-applied': 'return=representation' },
    body: read.body,
  }
}

function textOf(call: ApiCall): string {
  if (typeof call.body === 'string') return call.body
  throw new ApiRefusal('media', 'The body is JSON: send the Content-Type application/json')
}

function notHere(call: ApiCall): ApiRefusal {
  return new ApiRefusal('method', `${call.method} is not possible at '${printable(call.path)}'`)
}
