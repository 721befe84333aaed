import { openFileOf } from '../../src/access/files.ts'
import { behindWall } from '../../src/access/wall.ts'
import { parseFetch } from '../../src/lib/fetchxml/parse.ts'
import { systemClock } from '../../src/log/system-clock.ts'
import { runFetch } from '../../src/tables/fetch.ts'
import { planView } from '../../src/tables/view.ts'
import { runView } from '../../src/tables/views.ts'
import type { Ground, TestVisitor } from './ground.ts'
import type { TableName } from './oracle.ts'
import type { Surface } from './surfaces.ts'
import { FILE_COLUMN, ID_COLUMNS, PROBED, SET_NAMES } from './worlds.ts'

/** Surfaces that take queries: both APIs with OData, FetchXML and views, and what lies behind them. */
type Row = Readonly<Record<string, unknown>>

/** Where this visitor's requests go: programs have an API of their own. */
export function rootOf({ token }: TestVisitor): string {
  return token === undefined ? '/_api' : '/api/data/v9.2'
}

/** The rows of an answer; undefined for what is closed to the visitor, which is told as something that is not there. */
export async function ask(ground: Ground, visitor: TestVisitor, path: string): Promise<Row[] | undefined> {
  const answer = await request(ground, visitor, path)
  if ([400, 401, 403, 404].includes(answer.statusCode)) return undefined
  if (answer.statusCode !== 200) throw new Error(`${path} answered ${answer.statusCode}: ${answer.body.slice(0, 500)}`)
  return (answer.json() as { value: Row[] }).value
}

function request(ground: Ground, visitor: TestVisitor, path: string) {
  const { token, cookies } = visitor
  const headers = token === undefined ? { cookie: cookies } : { authorization: `Bearer ${token}` }
  return ground.portal.server.inject({ url: `${rootOf(visitor)}/${path}`, headers })
}

export function byId(rows: readonly Row[] | undefined, table: TableName): Map<string, Row> {
  return new Map((rows ?? []).map((row) => [String(row[ID_COLUMNS[table]]), row]))
}

/** `/_api` for people, `/api/data` for programs. */
export const odata: Surface = {
  name: 'OData',
  shows: 'rows and columns',
  read: async (ground, visitor, table) => byId(await ask(ground, visitor, SET_NAMES[table]), table),
}

/** How many there are, without the rows: as many as are answered, one for each. */
export const counted: Surface = {
  name: '$count',
  shows: 'rows',
  async read(ground, visitor, table) {
    const path = `${SET_NAMES[table]}?$select=${ID_COLUMNS[table]}&$count=true`
    const [plain, rows, groups] = [
      await request(ground, visitor, `${SET_NAMES[table]}/$count`),
      await ask(ground, visitor, path),
      await ask(ground, visitor, `${SET_NAMES[table]}?$apply=aggregate($count as n)`),
    ]
    const counts = [plain.statusCode === 200 ? Number(plain.body.replace('\uFEFF', '')) : 0, Number(groups?.[0]?.n ?? 0)]
    if (counts.some((count) => count !== (rows?.length ?? 0)))
      throw new Error(`${table}: ${rows?.length} rows, counted ${counts}`)
    return byId(rows, table)
  },
}

/** One row after the other, by its address. */
export const oneByOne: Surface = {
  name: 'one by one',
  shows: 'rows and columns',
  async read(ground, visitor, table) {
    const found = new Map<string, Row>()
    for (const { id } of ground.world.rows[table]) {
      const answer = await request(ground, visitor, `${SET_NAMES[table]}(${id})`)
      if (answer.statusCode === 200) found.set(id, answer.json())
      else if (![401, 403, 404].includes(answer.statusCode)) throw new Error(`${answer.statusCode}: ${answer.body.slice(0, 300)}`)
    }
    return found
  },
}

export function fetchGroundOf({ portal, permissions }: Ground, { visitor }: TestVisitor) {
  const contactId = visitor.kind === 'contact' ? visitor.contactId : null
  const accountId = visitor.kind === 'anonymous' ? null : visitor.accountId
  const asOf = { nowMs: systemClock.nowMs(), timeZone: 'UTC', contactId, accountId }
  return { catalog: portal.catalog, reach: permissions.reach(visitor), asOf }
}

export async function fetchRows(ground: Ground, visitor: TestVisitor, text: string): Promise<readonly Row[]> {
  const place = behindWall(ground.portal.database, visitor.visitor)
  return (await place.read((tx) => runFetch(tx, fetchGroundOf(ground, visitor), parseFetch(text)))).rows
}

export const fetchXml: Surface = {
  name: 'FetchXML',
  shows: 'rows and columns',
  async read(ground, visitor, table) {
    const attributes = [ID_COLUMNS[table], ...PROBED[table]].map((column) => `<attribute name="${column}"/>`).join('')
    return byId(await fetchRows(ground, visitor, `<fetch><entity name="${table}">${attributes}</entity></fetch>`), table)
  },
}

/** The same over HTTP, where a closed column does not exist: all that are open are asked for. */
export const fetchXmlByHttp: Surface = {
  name: '?fetchXml=',
  shows: 'rows and columns',
  async read(ground, visitor, table) {
    const text = `<fetch><entity name="${table}"><all-attributes/></entity></fetch>`
    return byId(await ask(ground, visitor, `${SET_NAMES[table]}?fetchXml=${encodeURIComponent(text)}`), table)
  },
}

export const view: Surface = {
  name: 'view',
  shows: 'rows and columns',
  async read(ground, visitor, table) {
    const kept = ground.views.get(table)
    if (kept === undefined) throw new Error(`${table} has no view`)
    const { catalog, database } = ground.portal
    const planned = planView(fetchGroundOf(ground, visitor), kept)
    const { rows } = await behindWall(database, visitor.visitor).read((tx) => runView(tx, catalog, planned, { rowsMax: 100 }))
    return byId(rows, table)
  },
}

export const viewByHttp: Surface = {
  name: '?userQuery=',
  shows: 'rows and columns',
  async read(ground, visitor, table) {
    return byId(await ask(ground, visitor, `${SET_NAMES[table]}?userQuery=${ground.views.get(table)?.id}`), table)
  },
}

/** A file column: what it holds, where row and column are open. */
export async function readPapers(ground: Ground, visitor: TestVisitor): Promise<Map<string, string>> {
  const { catalog, database } = ground.portal
  const place = { database, catalog, permissions: ground.permissions, visitor: visitor.visitor }
  const found = new Map<string, string>()
  for (const { id } of ground.world.rows.invoice) {
    const file = await openFileOf(place, { table: catalog.get('invoice'), target: { id }, column: FILE_COLUMN })
    if (file === undefined) continue
    const pieces: Buffer[] = []
    for await (const piece of file.content) pieces.push(piece)
    found.set(id, Buffer.concat(pieces).toString())
  }
  return found
}

export async function downloadPapers(ground: Ground, visitor: TestVisitor): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for (const { id } of ground.world.rows.invoice) {
    const answer = await request(ground, visitor, `invoices(${id})/${FILE_COLUMN}/$value`)
    if (answer.statusCode === 200) found.set(id, answer.body)
    else if (![204, 400, 401, 403, 404].includes(answer.statusCode))
      throw new Error(`${answer.statusCode}: ${answer.body.slice(0, 300)}`)
  }
  return found
}
