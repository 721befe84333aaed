import { behindWall } from '../../src/access/wall.ts'
import { parseFilter } from '../../src/lib/odata/parse-filter.ts'
import type { RowQuery } from '../../src/tables/row-query.ts'
import { listRows } from '../../src/tables/rows.queries.ts'
import type { Ground, TestVisitor } from './ground.ts'
import type { TableName, Value } from './oracle.ts'
import { ask, fetchRows } from './query-surfaces.ts'
import { rowsOfList } from './surfaces.ts'
import { ID_COLUMNS, PROBED, SET_NAMES, type TableLink } from './worlds.ts'

/**
 * Ways to learn what a column holds without being shown it. Each answers undefined where the surface says that there is no such column; a
 * way that a surface does not have is left out.
 */
export type Prober = {
  name: string
  only?: 'people' | 'programs'
  /** Whether its filters look for the whole value or for parts of it. */
  matches?: 'whole' | 'parts'
  /** Ids of the rows whose column has this value; of those that have any, without one. */
  filter?(ground: Ground, visitor: TestVisitor, table: TableName, column: string, value: Value): Promise<string[] | undefined>
  /** Ids in the order of the column. */
  sort?(ground: Ground, visitor: TestVisitor, table: TableName, column: string): Promise<string[] | undefined>
  /** How many rows have which value. */
  group?(ground: Ground, visitor: TestVisitor, table: TableName, column: string): Promise<Map<string, number> | undefined>
  /** Ids of the rows in which the text is found. */
  search?(ground: Ground, visitor: TestVisitor, table: TableName, text: string): Promise<string[]>
  /** Ids of rows whose row behind the link has a value in the column, and the other way round. */
  filterBehind?(ground: Ground, visitor: TestVisitor, link: TableLink, column: string): Promise<string[] | undefined>
  filterBelow?(ground: Ground, visitor: TestVisitor, link: TableLink, column: string): Promise<string[] | undefined>
}
type Row = Readonly<Record<string, unknown>>

/** Group of the rows in which the column is empty or hidden. */
export const EMPTY = '(empty)'

function comparison(column: string, value: Value): string {
  if (value === null) return `${column} ne null`
  return /^-?\d+(\.\d+)?$/.test(String(value)) ? `${column} eq ${value}` : `${column} eq '${value}'`
}

const ids = (rows: readonly Row[] | undefined, table: TableName) => rows?.map((row) => String(row[ID_COLUMNS[table]]))

function groupsOf(rows: readonly Row[] | undefined, key: string): Map<string, number> | undefined {
  if (rows === undefined) return undefined
  return new Map(rows.map((row) => [textOf(row[key]), Number(row.n)]))
}

export function textOf(value: unknown): string {
  if (value === null || value === undefined || value === '') return EMPTY
  return /^-?[\d,]+(\.\d+)?$/.test(String(value)) ? String(Number(String(value).replaceAll(',', ''))) : String(value)
}

function statementRows(ground: Ground, { visitor }: TestVisitor, table: TableName, query: Partial<RowQuery>) {
  const { portal, permissions } = ground
  return behindWall(portal.database, visitor).read((tx) =>
    listRows(tx, portal.catalog, {
      table: portal.catalog.get(table),
      columns: [ID_COLUMNS[table]],
      predicate: permissions.predicate(visitor, table, 'read'),
      reach: permissions.reach(visitor),
      rowsMax: 100,
      ...query,
    }),
  )
}

export const statement: Prober = {
  name: 'statement',
  async filter(ground, visitor, table, column, value) {
    return ids(await statementRows(ground, visitor, table, { filter: parseFilter(comparison(column, value)) }), table)
  },
  async sort(ground, visitor, table, column) {
    return ids(await statementRows(ground, visitor, table, { orderBy: [{ column, descending: false }] }), table)
  },
  async group(ground, visitor, table, column) {
    const group = { by: [{ column, as: 'g' }], values: [{ as: 'n', method: 'count' as const }] }
    return groupsOf(await statementRows(ground, visitor, table, { columns: [], group }), 'g')
  },
  async search(ground, visitor, table, text) {
    return ids(await statementRows(ground, visitor, table, { search: text }), table) ?? []
  },
  async filterBehind(ground, visitor, { table, through }, column) {
    const filter = parseFilter(`${through}/${column} ne null`)
    return ids(await statementRows(ground, visitor, table, { filter }), table)
  },
}

export const odata: Prober = {
  name: 'OData',
  async filter(ground, visitor, table, column, value) {
    return ids(await ask(ground, visitor, `${SET_NAMES[table]}?$filter=${encodeURIComponent(comparison(column, value))}`), table)
  },
  async sort(ground, visitor, table, column) {
    return ids(await ask(ground, visitor, `${SET_NAMES[table]}?$orderby=${column}`), table)
  },
  async group(ground, visitor, table, column) {
    return groupsOf(await ask(ground, visitor, `${SET_NAMES[table]}?$apply=groupby((${column}),aggregate($count as n))`), column)
  },
  async filterBehind(ground, visitor, { table, navigation }, column) {
    return ids(await ask(ground, visitor, `${SET_NAMES[table]}?$filter=${navigation}/${column} ne null`), table)
  },
  async filterBelow(ground, visitor, { parent, collection }, column) {
    return ids(await ask(ground, visitor, `${SET_NAMES[parent]}?$filter=${collection}/any(o:o/${column} ne null)`), parent)
  },
}
function fetchOf(table: TableName, inside: string, aggregate = false): string {
  return `<fetch${aggregate ? ' aggregate="true"' : ''}><entity name="${table}">${inside}</entity></fetch>`
}

const condition = (column: string, value: Value) =>
  value === null
    ? `<condition attribute="${column}" operator="not-null"/>`
    : `<condition attribute="${column}" operator="eq" value="${value}"/>`

export const fetchXml: Prober = {
  name: 'FetchXML',
  async filter(ground, visitor, table, column, value) {
    const text = `<attribute name="${ID_COLUMNS[table]}"/><filter>${condition(column, value)}</filter>`
    return ids(await fetchRows(ground, visitor, fetchOf(table, text)), table)
  },
  async sort(ground, visitor, table, column) {
    const text = `<attribute name="${ID_COLUMNS[table]}"/><order attribute="${column}"/>`
    return ids(await fetchRows(ground, visitor, fetchOf(table, text)), table)
  },
  async group(ground, visitor, table, column) {
    const text = `<attribute name="${ID_COLUMNS[table]}" alias="n" aggregate="count"/><attribute name="${column}" alias="g" groupby="true"/>`
    return groupsOf(await fetchRows(ground, visitor, fetchOf(table, text, true)), 'g')
  },
  async filterBehind(ground, visitor, { table, through, parent }, column) {
    const link = `<link-entity name="${parent}" from="${ID_COLUMNS[parent]}" to="${through}" alias="l"><filter>${condition(column, null)}</filter></link-entity>`
    return ids(await fetchRows(ground, visitor, fetchOf(table, `<attribute name="${ID_COLUMNS[table]}"/>${link}`)), table)
  },
  async filterBelow(ground, visitor, { table, through, parent }, column) {
    const link = `<link-entity name="${table}" from="${through}" to="${ID_COLUMNS[parent]}" link-type="exists"><filter>${condition(column, null)}</filter></link-entity>`
    return ids(await fetchRows(ground, visitor, fetchOf(parent, `<attribute name="${ID_COLUMNS[parent]}"/>${link}`)), parent)
  },
}

async function listed(ground: Ground, { cookies }: TestVisitor, table: TableName, query: Record<string, string>) {
  const url = `/rows/${table}?${new URLSearchParams(query)}`
  const answer = await ground.portal.server.inject({ url, headers: { cookie: cookies, accept: 'text/html' } })
  if (answer.statusCode !== 200) throw new Error(`The page answered ${answer.statusCode}: ${answer.body.slice(0, 500)}`)
  return [...rowsOfList(answer.body, table).keys()]
}

export const list: Prober = {
  name: 'list',
  only: 'people',
  matches: 'parts',
  filter: (ground, visitor, table, column, value) => listed(ground, visitor, table, { [column]: String(value) }),
  sort: (ground, visitor, table, column) => listed(ground, visitor, table, { sort: `${column} asc` }),
  search: (ground, visitor, table, text) => listed(ground, visitor, table, { q: text }),
}

/** The last probed column of most tables is an amount. */
export function isText(table: TableName, column: string): boolean {
  return PROBED[table].indexOf(column) < PROBED[table].length - 1 || table === 'contact'
}
