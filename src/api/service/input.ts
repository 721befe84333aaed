import type { Bind, Reference, RowInput } from '#access/write-model.ts'
import { isJsonObject, type Json, type JsonObject } from '#lib/json.ts'
import { parseKey } from '#lib/odata/parse-options.ts'
import type { Catalog } from '#tables/catalog.ts'
import { isLookup, type TableDefinition } from '#tables/definition.ts'
import { findCollection, findLookup } from '#tables/navigation.ts'
import { splitPath } from '../protocol/address.ts'
import { ApiRefusal, printable } from '../protocol/refusals.ts'
import { type Caller, offered } from './caller.ts'
import { keyOf } from './locate.ts'

/** Tables of what earlier requests of the change set wrote, by their Content-ID. */
export type References = ReadonlyMap<string, TableDefinition>

const BIND = '@odata.bind'

/**
 * What a body says of a row, in the words of writing.ts: `x@odata.bind` becomes a reference, other annotations are passed over. Refuses
 * columns and tables that this API does not have.
 */
export function inputOf(caller: Caller, table: TableDefinition, body: JsonObject, references: References): RowInput {
  const open = offered(caller, table)
  if (open === undefined) throw new ApiRefusal('column_forbidden', `${table.setName} is not open to this API`)
  const input: Record<string, unknown> = Object.create(null)
  for (const [name, value] of Object.entries(body)) {
    if (name.endsWith(BIND)) {
      const [key, bound] = bindingOf(caller, table, name.slice(0, -BIND.length), value, references)
      requireOpen(table, open, key)
      input[key] = bound
    } else if (!name.includes('@')) {
      const column = writtenName(table, name)
      input[column] = memberOf(caller, table, open, column, value, references)
    }
  }
  return input
}

/** Dataverse takes `_primarycontactid_value` for reading only; code that generators make writes it, too, and means the lookup. */
function writtenName(table: TableDefinition, name: string): string {
  const lookup = table.columns.get(/^_(.+)_value$/.exec(name)?.[1] ?? '')
  return lookup !== undefined && isLookup(lookup) ? lookup.name : name
}

/** The row that an address names: `/accounts(…)`, 'accounts(accountnumber='X')', 'https://…/accounts(…)', '$1'. */
export function referenceOf(
  caller: Pick<Caller, 'catalog' | 'root'>,
  address: string,
  references: References,
): { table: TableDefinition; reference: Reference } {
  const contentId = /^\/?\$([\w.-]{1,64})$/.exec(address)?.[1]
  const known = contentId === undefined ? undefined : references.get(contentId)
  if (contentId !== undefined && known !== undefined) return { table: known, reference: { result: contentId } }
  const [first, ...rest] = splitPath(pathBelow(caller.root, address))
  const table = first === undefined ? undefined : caller.catalog.findBySet(first.name)
  if (table === undefined || first?.inside === undefined || rest.length > 0)
    throw new ApiRefusal(
      'invalid',
      `'${printable(address)}' does not name a row, such as /accounts(00000000-0000-0000-0000-000000000001)`,
    )
  const key = keyOf(table, parseKey(first.inside))
  return { table, reference: key.kind === 'id' ? { id: key.id } : { key: Object.fromEntries(key.values) } }
}

/** What stands after the service's root: clients write it absolute, with the path alone, and relative. */
export function pathBelow(root: string, address: string): string {
  const rootPath = new URL(root).pathname
  const path = address.replace(/^https?:\/\/[^/]*/i, '')
  return path.startsWith(rootPath) ? path.slice(rootPath.length) : path.replace(/^\/+/, '')
}

function memberOf(
  caller: Caller,
  table: TableDefinition,
  open: ReadonlySet<string>,
  name: string,
  value: Json,
  references: References,
): unknown {
  const child = childTable(caller.catalog, table, name)
  if (child !== undefined && isJsonObject(value)) {
    requireOpen(table, open, child.lookup ?? name)
    return inputOf(caller, child.table, value, references)
  }
  if (child !== undefined && child.lookup === undefined && Array.isArray(value)) {
    return value.map((one: Json) => {
      if (!isJsonObject(one)) throw new ApiRefusal('invalid', `${printable(name)} is a list of objects`)
      return inputOf(caller, child.table, one, references)
    })
  }
  requireOpen(table, open, name)
  return value
}

/** The table behind a navigation property, with the lookup's column where it leads to one row. */
function childTable(
  catalog: Catalog,
  table: TableDefinition,
  name: string,
): { table: TableDefinition; lookup: string | undefined } | undefined {
  const many = findCollection(catalog, table, name)
  if (many !== undefined) return { table: many.table, lookup: undefined }
  const single = findLookup(catalog, table, name)
  return single === undefined ? undefined : { table: single.target, lookup: single.lookup.name }
}

function bindingOf(
  caller: Caller,
  table: TableDefinition,
  name: string,
  value: Json,
  references: References,
): readonly [key: string, bound: unknown] {
  const child = childTable(caller.catalog, table, name)
  if (child === undefined)
    throw new ApiRefusal(
      'column',
      `${printable(name)} is no navigation property of ${table.name}: names are as $metadata writes them`,
    )
  const key = child.lookup ?? name
  if (value === null && child.lookup !== undefined) return [key, null]
  const bind = (address: Json): Bind => {
    if (typeof address !== 'string')
      throw new ApiRefusal('invalid', `${printable(name)}${BIND} is the address of a row in text, such as "/accounts(…)"`)
    const { table: target, reference } = referenceOf(caller, address, references)
    if (target.name !== child.table.name)
      throw new ApiRefusal('invalid', `${printable(name)}${BIND} takes a row of ${child.table.setName}, not of ${target.setName}`)
    return { bind: { table: target.name, ...reference } }
  }
  if (child.lookup !== undefined) return [key, bind(value)]
  if (!Array.isArray(value)) throw new ApiRefusal('invalid', `${printable(name)}${BIND} is a list of addresses`)
  return [key, value.map(bind)]
}

/** What is no column of the table at all is refused with the other values, by name. */
function requireOpen(table: TableDefinition, open: ReadonlySet<string>, name: string): void {
  if (table.columns.has(name) && !open.has(name))
    throw new ApiRefusal('column_forbidden', `The column ${name} of ${table.name} is not open to this API`)
}
