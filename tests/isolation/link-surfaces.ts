import { behindWall } from '../../src/access/wall.ts'
import { listRows } from '../../src/tables/rows.queries.ts'
import type { Ground, TestVisitor } from './ground.ts'
import { ask, fetchRows } from './query-surfaces.ts'
import { ID_COLUMNS, PROBED, SET_NAMES, type TableLink } from './worlds.ts'

/** A way on which a query goes from a row to another one: answers by id of the row which one it reached, and what it saw of it. */
export type LinkSurface = {
  name: string
  read(ground: Ground, visitor: TestVisitor, link: TableLink): Promise<Map<string, Seen>>
}
export type Seen = { id: string; columns: Readonly<Record<string, unknown>> }
type Row = Readonly<Record<string, unknown>>

export const path: LinkSurface = {
  name: 'path in a statement',
  async read({ portal, permissions }, { visitor }, { table, through, parent }) {
    const columns = [ID_COLUMNS[parent], ...PROBED[parent]]
    const rows = await behindWall(portal.database, visitor).read((tx) =>
      listRows(tx, portal.catalog, {
        table: portal.catalog.get(table),
        columns: columns.map((column) => `${through}.${column}`),
        predicate: permissions.predicate(visitor, table, 'read'),
        reach: permissions.reach(visitor),
        rowsMax: 100,
      }),
    )
    return seen(rows, ID_COLUMNS[table], (row) => prefixed(row, through, columns), parent)
  },
}

/** $expand of the row behind a lookup. */
export const expandedLookup: LinkSurface = {
  name: '$expand of a lookup',
  async read(ground, visitor, { table, parent, navigation }) {
    const rows = await ask(ground, visitor, `${SET_NAMES[table]}?$expand=${navigation}`)
    return seen(rows ?? [], ID_COLUMNS[table], (row) => row[navigation] as Row | null, parent)
  },
}

/** $expand of the rows that point to one: the same pairs, from the other end. What is seen of the row at that end is its own. */
export const expandedCollection: LinkSurface = {
  name: '$expand of a collection',
  async read(ground, visitor, { table, parent, collection }) {
    const found = new Map<string, Seen>()
    for (const row of (await ask(ground, visitor, `${SET_NAMES[parent]}?$expand=${collection}`)) ?? [])
      for (const below of (row[collection ?? ''] ?? []) as Row[])
        found.set(String(below[ID_COLUMNS[table]]), { id: String(row[ID_COLUMNS[parent]]), columns: row })
    return found
  },
}

/** The rows that point to one, by an address that leads from one to the other. */
export const below: LinkSurface = {
  name: 'rows below',
  async read(ground, visitor, { table, parent, collection }) {
    const found = new Map<string, Seen>()
    for (const row of (await ask(ground, visitor, SET_NAMES[parent])) ?? []) {
      const id = String(row[ID_COLUMNS[parent]])
      const rows = await ask(ground, visitor, `${SET_NAMES[parent]}(${id})/${collection}`)
      for (const one of rows ?? []) found.set(String(one[ID_COLUMNS[table]]), { id, columns: row })
    }
    return found
  },
}

/** Those that start from the row that others point to. */
export const NEED_COLLECTION: ReadonlySet<LinkSurface> = new Set([expandedCollection, below])

const linkElement = ({ parent, through }: TableLink, type: string, inside: string) =>
  `<link-entity name="${parent}" from="${ID_COLUMNS[parent]}" to="${through}" alias="l" link-type="${type}">${inside}</link-entity>`

const fetchWith = (type: 'inner' | 'outer'): LinkSurface => ({
  name: `FetchXML ${type} link`,
  async read(ground, visitor, link) {
    const { table, parent } = link
    const columns = [ID_COLUMNS[parent], ...PROBED[parent]]
    const inside = columns.map((column) => `<attribute name="${column}"/>`).join('')
    const text = `<fetch><entity name="${table}"><attribute name="${ID_COLUMNS[table]}"/>${linkElement(link, type, inside)}</entity></fetch>`
    const rows = await fetchRows(ground, visitor, text)
    return seen(rows, ID_COLUMNS[table], (row) => prefixed(row, 'l', columns), parent)
  },
})
export const fetchInner = fetchWith('inner')
export const fetchOuter = fetchWith('outer')

export const fetchByHttp: LinkSurface = {
  name: '?fetchXml= with a link',
  async read(ground, visitor, link) {
    const { table, parent } = link
    const text = `<fetch><entity name="${table}"><attribute name="${ID_COLUMNS[table]}"/>${linkElement(link, 'inner', '<all-attributes/>')}</entity></fetch>`
    const rows = await ask(ground, visitor, `${SET_NAMES[table]}?fetchXml=${encodeURIComponent(text)}`)
    return seen(rows ?? [], ID_COLUMNS[table], (row) => prefixed(row, 'l', [ID_COLUMNS[parent], ...PROBED[parent]]), parent)
  },
}

function prefixed(row: Row, prefix: string, columns: readonly string[]): Row {
  return Object.fromEntries(columns.map((column) => [column, row[`${prefix}.${column}`] ?? null]))
}

function seen(
  rows: readonly Row[],
  idColumn: string,
  behind: (row: Row) => Row | null,
  parent: TableLink['parent'],
): Map<string, Seen> {
  const found = new Map<string, Seen>()
  for (const row of rows) {
    const columns = behind(row)
    const id = columns?.[ID_COLUMNS[parent]] ?? null
    if (columns !== null && id !== null) found.set(String(row[idColumn]), { id: String(id), columns })
    else if (Object.values(columns ?? {}).some((value) => value !== null))
      throw new Error(`Columns of a row that is not there: ${JSON.stringify(columns)}`)
  }
  return found
}
