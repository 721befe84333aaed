import { parse } from 'csv-parse/sync'
import { explainRow } from '../../src/access/explain.ts'
import { behindWall } from '../../src/access/wall.ts'
import { listPeopleWhoMay } from '../../src/access/who.ts'
import { systemClock } from '../../src/log/system-clock.ts'
import { identifier, sql } from '../../src/postgres/sql.ts'
import { listRows } from '../../src/tables/rows.queries.ts'
import type { Ground, TestVisitor } from './ground.ts'
import { TABLES, type TableName } from './oracle.ts'
import { ID_COLUMNS, PROBED } from './worlds.ts'

/**
 * One way in which rows leave the program. `read` answers what a visitor gets to see of a table: values of the probed columns by row id
 * (null where they are hidden). A surface that shows no columns answers empty records and says so.
 */
export type Surface = {
  name: string
  shows: 'rows and columns' | 'rows'
  /** Who comes this way: people with a session and those without, or programs with a token; everybody where it is left out. */
  only?: 'people' | 'programs'
  read(ground: Ground, visitor: TestVisitor, table: TableName): Promise<Map<string, Readonly<Record<string, unknown>>>>
}

const ROWS_MAX = 100

/** The predicate in a statement, without any surface around it. */
export const statement: Surface = {
  name: 'statement',
  shows: 'rows and columns',
  async read({ portal, permissions }, { visitor }, table) {
    const { catalog, database } = portal
    const rows = await database.read((tx) =>
      listRows(tx, catalog, {
        table: catalog.get(table),
        columns: PROBED[table],
        predicate: permissions.predicate(visitor, table, 'read'),
        rowsMax: ROWS_MAX,
      }),
    )
    return new Map(rows.map((row) => [String(row[ID_COLUMNS[table]]), row]))
  },
}

/** PostgreSQL's row-level security alone: a statement that forgot its predicate. */
export const wall: Surface = {
  name: 'wall',
  shows: 'rows',
  async read({ portal }, { visitor }, table) {
    const id = identifier(ID_COLUMNS[table])
    const rows = await behindWall(portal.database, visitor).read((tx) =>
      tx.run<{ id: string }>(sql`select ${id} as id from ${identifier('tables', table)}`),
    )
    return new Map(rows.map((row) => [row.id, {}]))
  },
}

/** Why, row by row: an explanation that says yes exactly where the row is there. */
export const explanation: Surface = {
  name: 'explanation',
  shows: 'rows and columns',
  async read({ portal, permissions, world }, { visitor }, table) {
    const found = new Map<string, Record<string, unknown>>()
    for (const row of world.rows[table]) {
      const told = await explainRow({ ...portal, clock: systemClock }, permissions, visitor, {
        table,
        rowId: row.id,
        privilege: 'read',
      })
      if (!told.allowed) continue
      const open = new Set(told.columns.filter((one) => one.allowed).map((one) => one.column))
      found.set(row.id, Object.fromEntries(PROBED[table].map((column) => [column, open.has(column) ? row[column] : null])))
    }
    return found
  },
}

/** Asked the other way round: of every row, who may see it. */
export const whoMay: Surface = {
  name: 'who may see it',
  only: 'people',
  shows: 'rows',
  async read(ground, { plain }, table) {
    const { portal, permissions, world } = ground
    const found = new Map<string, Record<string, unknown>>()
    for (const { id } of world.rows[table]) {
      const question = { table, rowId: id, privilege: 'read' as const }
      const { people } = await listPeopleWhoMay({ ...portal, clock: systemClock }, permissions, question, {
        offset: 0,
        rowsMax: 50,
      })
      if (people.some((one) => one.id === plain.contactId && one.accountId === plain.accountId)) found.set(id, {})
    }
    return found
  },
}

/** A list part of a page, as HTML. */
export const page: Surface = {
  name: 'page',
  only: 'people',
  shows: 'rows and columns',
  async read(ground, { cookies }, table) {
    const answer = await ground.portal.server.inject({ url: `/rows/${table}`, headers: { cookie: cookies, accept: 'text/html' } })
    if (answer.statusCode !== 200) throw new Error(`The page answered ${answer.statusCode}: ${answer.body.slice(0, 500)}`)
    return rowsOfList(answer.body, table)
  },
}

/** The same list as a file. */
export const exported: Surface = {
  name: 'export',
  shows: 'rows and columns',
  only: 'people',
  async read(ground, { cookies }, table) {
    const url = `/rows/${table}?list=${table}&export=csv`
    const answer = await ground.portal.server.inject({ url, headers: { cookie: cookies } })
    if (answer.statusCode !== 200) throw new Error(`The export answered ${answer.statusCode}: ${answer.body.slice(0, 500)}`)
    const rows: Record<string, string>[] = parse(answer.body, { columns: true, bom: true })
    return new Map(rows.map((row) => [row[ID_COLUMNS[table]] ?? '', row]))
  },
}

/** A query in the Liquid of a page. */
export const liquid: Surface = {
  name: 'Liquid',
  shows: 'rows and columns',
  only: 'people',
  async read(ground, { cookies }, table) {
    const answer = await ground.portal.server.inject({ url: `/fetched/${table}`, headers: { cookie: cookies } })
    if (answer.statusCode !== 200) throw new Error(`The page answered ${answer.statusCode}: ${answer.body.slice(0, 500)}`)
    const rows = [...answer.body.matchAll(/<pre>(.*?)<\/pre>/g)].map(([, text = '']) => JSON.parse(text.replaceAll('&#34;', '"')))
    return new Map(rows.map((row) => [String(row[ID_COLUMNS[table]]), row]))
  },
}

/** What a live stream tells: everything has changed since the page was made, so every visible row is named at once. */
export const live: Surface = {
  name: 'live',
  only: 'people',
  shows: 'rows',
  async read(ground, { name, cookies }, table) {
    const before = told.get(ground.world) ?? new Map<string, Promise<Told>>()
    told.set(ground.world, before)
    const news = before.get(name) ?? listen(ground, cookies)
    before.set(name, news)
    return new Map(((await news)[table] ?? []).map((id) => [id, {}]))
  },
}

type Told = Readonly<Record<string, string[]>>
/** One stream speaks of all tables. */
const told = new WeakMap<object, Map<string, Promise<Told>>>()

async function listen({ world, url }: Ground, cookies: string): Promise<Told> {
  const watched = TABLES.filter((table) => world.rows[table].length > 0).map(
    (table) => `${table}:${world.rows[table].map((row) => row.id).join(',')}`,
  )
  const ending = new AbortController()
  const answer = await fetch(`${url}/live?since=1&rows=${watched.join(';')}`, {
    headers: { cookie: cookies },
    signal: ending.signal,
  })
  const reader = answer.body?.getReader()
  let text = ''
  // The stream says how long to wait before a reconnect and then, in the same breath, what has changed.
  const nothingMore = setTimeout(() => ending.abort(), 150)
  try {
    while (!text.includes('event: row')) text += Buffer.from((await reader?.read())?.value ?? []).toString()
  } catch (error) {
    if (!ending.signal.aborted) throw error
  }
  clearTimeout(nothingMore)
  ending.abort()
  const data = /event: row\ndata: (.*)\n/.exec(text)?.[1]
  return data === undefined ? {} : JSON.parse(data)
}

/** Ids from the rows' links, values from the cells; the columns that are shown at all stand in the head. */
export function rowsOfList(body: string, table: TableName): Map<string, Record<string, unknown>> {
  const shown = [...body.matchAll(/<th [^>]*>(?:<a href="[^"]*sort=([a-z0-9_]+)[^"]*">)?/g)].map((match) => match[1] ?? '')
  const found = new Map<string, Record<string, unknown>>()
  for (const [, row = ''] of body.matchAll(/<tr>(<td.*?)<\/tr>/gs)) {
    const id = /href="[^"]*\/row\/([0-9a-f-]{36})"/.exec(row)?.[1] ?? ''
    const cells = [...row.matchAll(/<td[^>]*>(?:<a[^>]*>)?([^<]*)/g)].map((match) => (match[1] === '–' ? null : match[1]))
    found.set(id, Object.fromEntries(shown.map((column, i) => [column, cells[i] ?? null])))
  }
  if (found.has('')) throw new Error(`A row of ${table} has no link`)
  return found
}
