import { isJsonObject, type Json, type JsonObject } from '#lib/json.ts'
import type { FilterExpression, Operand } from '#lib/odata/ast.ts'
import { parseKey, parseQueryOptions } from '#lib/odata/parse-options.ts'
import {
  attributeDefinitions,
  entityDefinition,
  keyDefinitions,
  optionSet,
  relationshipDefinitions,
} from '../metadata/definitions.ts'
import type { ApiTable } from '../metadata/model.ts'
import { type Segment, unknownResource } from '../protocol/address.ts'
import { type ApiAnswer, type ApiCall, jsonAnswer } from '../protocol/call.ts'
import { ApiRefusal, printable } from '../protocol/refusals.ts'
import { type Caller, tablesOf } from './caller.ts'

const CRM = 'Microsoft.Dynamics.CRM.'

/** `EntityDefinitions…` and `GlobalOptionSetDefinitions`: what there is, for those who may use it. Read only. */
export function readDefinitions(caller: Caller, call: ApiCall, segments: readonly Segment[]): ApiAnswer {
  const [first, ...rest] = segments
  if (first?.name === 'GlobalOptionSetDefinitions' && rest.length === 0) return listAnswer(caller, call, first.name, [])
  if (first?.name !== 'EntityDefinitions') throw unknownResource(first?.name ?? '')
  const tables = tablesOf(caller)
  const describe = (one: ApiTable): JsonObject => expanded(caller, call, one)
  if (first.inside === undefined) {
    if (rest.length > 0) throw unknownResource(rest[0]?.name ?? '')
    return listAnswer(caller, call, first.name, [...tables.values()].map(describe))
  }
  const key = keyText(first.inside)
  const one = [...tables.values()].find((table) => isNamed(entityDefinition(table, caller.language), key))
  if (one === undefined) throw new ApiRefusal('row', `There is no table '${printable(key)}'`)
  if (rest.length === 0) return oneAnswer(caller, call, 'EntityDefinitions', describe(one))
  return readPart(caller, call, one, rest)
}

function readPart(caller: Caller, call: ApiCall, one: ApiTable, [part, ...rest]: readonly Segment[]): ApiAnswer {
  const list = part === undefined ? undefined : partsOf(caller, one)[part.name]?.()
  if (part === undefined || list === undefined) throw unknownResource(part?.name ?? '')
  const context = `EntityDefinitions('${one.table.name}')/${part.name}`
  const cast = rest.find((segment) => segment.name.startsWith(CRM))
  const typed = cast === undefined ? list : list.filter((item) => item['@odata.type'] === `#${cast.name}`)
  const others = rest.filter((segment) => segment !== cast)
  if (part.inside === undefined) {
    if (others.length > 0) throw unknownResource(others[0]?.name ?? '')
    return listAnswer(caller, call, context, typed)
  }
  const key = keyText(part.inside)
  const found = typed.find((item) => isNamed(item, key))
  if (found === undefined) throw new ApiRefusal('row', `${one.table.name} has no '${printable(key)}' among its ${part.name}`)
  const [option, ...more] = others
  if (option === undefined) return oneAnswer(caller, call, context, found)
  const column = one.table.columns.get(String(found.LogicalName))
  if (option.name !== 'OptionSet' || more.length > 0 || column === undefined || column.options.size === 0)
    throw unknownResource(option.name)
  return oneAnswer(caller, call, `${context}/OptionSet`, optionSet(column, caller.language))
}

function partsOf(caller: Caller, one: ApiTable): Readonly<Record<string, () => JsonObject[]>> {
  const tables = tablesOf(caller)
  return {
    Attributes: () => attributeDefinitions(one, caller.language),
    Keys: () => keyDefinitions(one),
    ManyToOneRelationships: () => relationshipDefinitions(caller.catalog, tables, one, 'ManyToOne'),
    OneToManyRelationships: () => relationshipDefinitions(caller.catalog, tables, one, 'OneToMany'),
    ManyToManyRelationships: () => [],
  }
}

/** The definition, with the parts that `$expand` asks for. */
function expanded(caller: Caller, call: ApiCall, one: ApiTable): JsonObject {
  const { expand = [] } = parseQueryOptions(new URLSearchParams(call.query))
  const parts = partsOf(caller, one)
  const definition = entityDefinition(one, caller.language)
  const inside = expand.map(({ path, options }): [string, Json] => {
    const name = path.join('/')
    const list = Object.hasOwn(parts, name) ? parts[name]?.() : undefined
    if (list === undefined) throw new ApiRefusal('invalid', `$expand of a definition takes ${Object.keys(parts).join(', ')}`)
    const kept = options.filter === undefined ? list : list.filter((item) => holds(item, options.filter as FilterExpression))
    return [
      name,
      kept.map((item) =>
        selected(
          item,
          options.select?.map((one) => one.path.join('/')),
        ),
      ),
    ]
  })
  return { ...definition, ...Object.fromEntries(inside) }
}

/** Of few items, all in memory: what `$filter`, `$select` and `$top` leave of them. */
export function listAnswer(caller: Caller, call: ApiCall, context: string, items: readonly JsonObject[]): ApiAnswer {
  const { filter, select, expand, top } = parseQueryOptions(new URLSearchParams(call.query))
  const kept = filter === undefined ? items : items.filter((item) => holds(item, filter))
  const names = withExpanded(select, expand)
  const value = kept.slice(0, top ?? kept.length).map((item) => selected(item, names))
  return jsonAnswer(JSON.stringify({ '@odata.context': `${caller.root}$metadata#${context}`, value }))
}

export function oneAnswer(caller: Caller, call: ApiCall, context: string, item: JsonObject): ApiAnswer {
  const { select, expand } = parseQueryOptions(new URLSearchParams(call.query))
  const kept = selected(item, withExpanded(select, expand))
  return jsonAnswer(JSON.stringify({ '@odata.context': `${caller.root}$metadata#${context}/$entity`, ...kept }))
}

type Paths = readonly { path: readonly string[] }[] | undefined

function withExpanded(select: Paths, expand: Paths): string[] | undefined {
  return select === undefined ? undefined : [...select, ...(expand ?? [])].map((one) => one.path.join('/'))
}

/** The named members, and those that say what it is. */
function selected(item: JsonObject, names: readonly string[] | undefined): JsonObject {
  if (names === undefined || names.includes('*')) return item
  const kept = new Set([...names, 'MetadataId', 'savedqueryid', 'userqueryid', '@odata.type'])
  return Object.fromEntries(Object.entries(item).filter(([name]) => kept.has(name)))
}

export function keyText(inside: string): string {
  const key = parseKey(inside)
  const literal = key.kind === 'value' ? key.literal : key.parts[0]?.literal
  const isName =
    key.kind === 'value' || (key.parts.length === 1 && ['LogicalName', 'MetadataId'].includes(key.parts[0]?.name ?? ''))
  if (!isName || literal === undefined || (literal.type !== 'string' && literal.type !== 'guid'))
    throw new ApiRefusal('invalid', "A definition is found by (LogicalName='…') or by its MetadataId")
  return literal.value
}

function isNamed(item: JsonObject, key: string): boolean {
  return item.LogicalName === key || item.MetadataId === key || item.SchemaName === key
}

/** Definitions are few: what is asked of them is looked for in memory, with the operators that such questions have. */
function holds(item: JsonObject, filter: FilterExpression): boolean {
  switch (filter.kind) {
    case 'and':
      return holds(item, filter.left) && holds(item, filter.right)
    case 'or':
      return holds(item, filter.left) || holds(item, filter.right)
    case 'not':
      return !holds(item, filter.operand)
    case 'in':
      return filter.values.some((one) => memberOf(item, filter.left) === memberOf(item, one))
    case 'compare':
      if (filter.operator === 'eq') return memberOf(item, filter.left) === memberOf(item, filter.right)
      if (filter.operator === 'ne') return memberOf(item, filter.left) !== memberOf(item, filter.right)
  }
  throw new ApiRefusal('not_implemented', '$filter of definitions knows eq, ne, in, and, or, not')
}

function memberOf(item: JsonObject, operand: Operand): unknown {
  if (operand.kind === 'path') {
    let at: Json | undefined = item
    for (const name of operand.names) at = isJsonObject(at) && Object.hasOwn(at, name) ? at[name] : undefined
    return at ?? null
  }
  if (operand.kind !== 'literal') throw new ApiRefusal('not_implemented', '$filter of definitions compares members with values')
  const { literal } = operand
  if (literal.type === 'null') return null
  if (literal.type === 'number') return Number(literal.text)
  return literal.type === 'enum' ? literal.member : literal.value
}
