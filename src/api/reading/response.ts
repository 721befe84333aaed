import { required } from '#lib/assert.ts'
import { type ColumnDefinition, isLookup } from '#tables/definition.ts'
import type { QueryRow } from '#tables/row-query.ts'
import type { Reading } from './request.ts'

const FORMATTED = '@OData.Community.Display.V1.FormattedValue'
const LOGICAL_NAME = '@Microsoft.Dynamics.CRM.lookuplogicalname'

/** `https://…/_api/$metadata#salesorders(ordernumber,_customerid_value)` */
export function contextOf(reading: Reading, url: URL): string {
  const { table } = reading.query
  return `${url.origin}/_api/$metadata#${table.setName}(${reading.shown.map((name) => memberOf(columnOf(reading, name))).join(',')})`
}

/** One row as a JSON object. Decimals are numbers with exactly the digits the database has; lookups are `_<name>_value`. */
export function rowJson(reading: Reading, row: QueryRow): string {
  const members: string[] = []
  const version = row.versionnumber
  if (version !== undefined && version !== null) members.push(`"@odata.etag":${JSON.stringify(`W/"${version}"`)}`)
  for (const name of reading.shown) {
    const column = columnOf(reading, name)
    const value = row[name] ?? null
    members.push(`${JSON.stringify(memberOf(column))}:${valueJson(column, value)}`)
    if (reading.annotates && value !== null) members.push(...annotations(reading, column, row))
  }
  return `{${members.join(',')}}`
}

function columnOf(reading: Reading, name: string): ColumnDefinition {
  return required(reading.query.table.columns.get(name), `the column ${name}`)
}

function memberOf(column: ColumnDefinition): string {
  return isLookup(column) ? `_${column.name}_value` : column.name
}

function valueJson(column: ColumnDefinition, value: QueryRow[string]): string {
  // PostgreSQL's text of a numeric is a JSON number, save NaN and Infinity, which columns of ours do not take.
  if ((column.type === 'decimal' || column.type === 'money') && typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value))
    return value
  return JSON.stringify(value)
}

function annotations(reading: Reading, column: ColumnDefinition, row: QueryRow): string[] {
  const members: string[] = []
  const say = (annotation: string, text: string) =>
    members.push(`${JSON.stringify(memberOf(column) + annotation)}:${JSON.stringify(text)}`)
  if (column.type === 'choice') {
    const member = [...column.options].find(([, value]) => value === row[column.name])?.[0]
    if (member !== undefined) say(FORMATTED, member)
  }
  const path = reading.names.get(column.name)
  const name = path === undefined ? null : (row[path] ?? null)
  if (name !== null) say(FORMATTED, String(name))
  if (column.type === 'lookup' && column.targets[0] !== undefined) say(LOGICAL_NAME, column.targets[0])
  return members
}
