import fc from 'fast-check'
import { behindWall } from '../../src/access/wall.ts'
import { write } from '../../src/access/writing.ts'
import type { Ground, TestVisitor } from './ground.ts'
import { open, type PlainWorld, TABLES, type TableName, type Value } from './oracle.ts'
import { rootOf } from './query-surfaces.ts'
import { COMPANIES, ID_COLUMNS, LINKS, SET_NAMES, WRITTEN } from './worlds.ts'
import type { Deed, Refusal } from './write-oracle.ts'

/** What a way of writing answered. */
export type Answer = 'done' | Refusal

/** A way in which rows come into the program. Undefined for what cannot be asked in this way. */
export type WaySurface = {
  name: string
  only?: 'people' | 'programs'
  perform(ground: Ground, visitor: TestVisitor, deed: Deed): Promise<Answer | undefined>
}

const AMOUNTS: ReadonlySet<string> = new Set(['creditlimit', 'totalamount', 'quantity', 'msdyn_totalamount'])

const index = fc.nat(1_000)
export type DrawnDeed = {
  visitor: number
  way: number
  kind: string
  table: TableName
  row: number
  columns: number
  values: number
}
export const deedsArbitrary: fc.Arbitrary<DrawnDeed[]> = fc.array(
  fc.record({
    visitor: index,
    way: index,
    kind: fc.constantFrom('create', 'update', 'update', 'update', 'delete'),
    table: fc.constantFrom(...TABLES),
    row: index,
    columns: index,
    values: index,
  }),
  { minLength: 25, maxLength: 40 },
)

/** Undefined where the world has no row for it. People and their accounts stay, since who asks shall not change under way. */
export function deedOf(world: PlainWorld, drawn: DrawnDeed, id: string): Deed | undefined {
  const { table } = drawn
  const rows = world.rows[table]
  const row = rows[drawn.row % Math.max(rows.length, 1)]
  const values = valuesOf(world, drawn)
  if (drawn.kind === 'create') {
    const number = { account: { accountnumber: id }, invoice: { msdyn_invoicenumber: id }, contact: { lastname: 'New' } }
    const order =
      table === 'salesorderdetail' ? world.rows.salesorder[drawn.row % Math.max(world.rows.salesorder.length, 1)] : undefined
    if (table === 'salesorderdetail' && order === undefined) return undefined
    const needed = {
      ...(table in number ? mapShort(number[table as 'account']) : {}),
      ...(order === undefined ? {} : { salesorderid: order.id }),
      msdyn_company: COMPANIES[drawn.row % 2] ?? COMPANIES[0],
    }
    return { kind: 'create', table, id, values: { ...values, ...needed } }
  }
  if (row === undefined) return undefined
  if (drawn.kind === 'update') return { kind: 'update', table, id: row.id, values }
  return table === 'account' || table === 'contact' ? undefined : { kind: 'delete', table, id: row.id }
}

/** Numbers of twenty characters at most. */
function mapShort(values: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value.slice(-12)]))
}

function valuesOf(world: PlainWorld, { table, columns, values }: DrawnDeed): Record<string, Value> {
  const chosen = WRITTEN[table].filter((_, i) => (columns >> i) % 2 === 1)
  const named = chosen.length === 0 ? WRITTEN[table].slice(0, 1) : chosen
  return Object.fromEntries(
    named.map((column, i) => {
      const link = LINKS.find((one) => one.table === table && one.through === column)
      const turn = Math.floor(values / 4 ** i)
      if (link === undefined) return [column, (AMOUNTS.has(column) ? ['10', '150', null] : ['x', 'y', null])[turn % 3] ?? null]
      const targets = world.rows[link.parent]
      const target = targets[turn % Math.max(targets.length, 1)]?.id ?? null
      return [column, turn % 5 === 4 && column !== 'salesorderid' ? null : target]
    }),
  )
}

/** The one way in, behind the wall. */
export const statement: WaySurface = {
  name: 'statement',
  async perform({ portal, permissions }, { visitor }, deed) {
    const { catalog, database } = portal
    const values =
      deed.kind === 'delete'
        ? {}
        : Object.fromEntries(Object.entries(deed.values).map(([name, value]) => [name, bound(deed.table, name, value)]))
    const { table, id } = deed
    const outcome = await behindWall(database, visitor).transaction((tx) => {
      const place = { tx, catalog, permissions, visitor }
      if (deed.kind === 'create') return write(place, { kind: 'create', table, values: { ...values, [ID_COLUMNS[table]]: id } })
      if (deed.kind === 'update') return write(place, { kind: 'update', table, target: { id }, values })
      return write(place, { kind: 'delete', table, target: { id } })
    })
    if (outcome.kind === 'created' || outcome.kind === 'updated' || outcome.kind === 'deleted') return 'done'
    if (outcome.kind === 'forbidden' || outcome.kind === 'not_found' || outcome.kind === 'invalid') return outcome.kind
    throw new Error(`${deed.kind} of ${deed.table}: ${outcome.kind}`)
  },
}

function bound(table: TableName, name: string, value: Value): unknown {
  const link = LINKS.find((one) => one.table === table && one.through === name)
  return link === undefined || value === null ? value : { bind: { table: link.parent, id: value } }
}

/** `/_api` with the token of a page, `/api/data` with that of a program. */
export const odata: WaySurface = {
  name: 'OData',
  perform: (ground, visitor, deed) => send(ground, visitor, deed, deed.id),
}

async function send(ground: Ground, visitor: TestVisitor, deed: Deed, id: string): Promise<Answer> {
  const { table } = deed
  const address = `${rootOf(visitor)}/${SET_NAMES[table]}`
  const body =
    deed.kind === 'delete'
      ? {}
      : { ...bodyOf(table, deed.values), ...(deed.kind === 'create' ? { [ID_COLUMNS[table]]: id } : {}) }
  const answer = await ground.portal.server.inject({
    method: ({ create: 'POST', update: 'PATCH', delete: 'DELETE' } as const)[deed.kind],
    url: deed.kind === 'create' ? address : `${address}(${id})`,
    headers: {
      ...(await credentials(ground, visitor)),
      ...(deed.kind === 'delete' ? {} : { 'content-type': 'application/json' }),
      // Otherwise a change of a row that is not there makes it.
      ...(deed.kind === 'update' ? { 'if-match': '*' } : {}),
    },
    ...(deed.kind === 'delete' ? {} : { payload: JSON.stringify(body) }),
  })
  return answerOf(answer.statusCode, `${deed.kind} ${answer.body}`)
}

function answerOf(status: number, text: string): Answer {
  if ([200, 201, 204, 303].includes(status)) return 'done'
  const known: Readonly<Record<number, Answer>> = {
    400: 'invalid',
    422: 'invalid',
    401: 'forbidden',
    403: 'forbidden',
    404: 'not_found',
  }
  const answer = known[status]
  if (answer === undefined) throw new Error(`${status}: ${text.slice(0, 500)}`)
  return answer
}

/** The same request for a row that there is not: nobody can tell it from one that is hidden. */
export function performOnNothing(ground: Ground, visitor: TestVisitor, deed: Deed): Promise<Answer> {
  return send(ground, visitor, deed, '0000000f-0000-4000-8000-00000000000f')
}

function bodyOf(table: TableName, values: Readonly<Record<string, Value>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => {
      const link = LINKS.find((one) => one.table === table && one.through === name)
      if (name === 'msdyn_company') return ['msdyn_company@odata.bind', `/cdm_companies(${value})`]
      if (link !== undefined)
        return value === null
          ? [link.navigation, null]
          : [`${link.navigation}@odata.bind`, `/${SET_NAMES[link.parent]}(${value})`]
      return [name, AMOUNTS.has(name) && value !== null ? Number(value) : value]
    }),
  )
}

async function credentials(ground: Ground, visitor: TestVisitor): Promise<Record<string, string>> {
  if (visitor.token !== undefined) return { authorization: `Bearer ${visitor.token}` }
  const page = await ground.portal.server.inject({ url: '/_layout/tokenhtml', headers: { cookie: visitor.cookies } })
  const cookie = [visitor.cookies, ...page.cookies.map((one) => `${one.name}=${one.value}`)]
    .filter((one) => one !== '')
    .join('; ')
  return { cookie, 'x-csrf-token': /value="([^"]*)"/.exec(page.body)?.[1] ?? '' }
}

/** A form of a page, with every field that it has: what is not changed is sent as it was shown. */
export const form: WaySurface = {
  name: 'form',
  only: 'people',
  async perform(ground, visitor, deed) {
    if (deed.kind !== 'update') return undefined
    const { 'x-csrf-token': token = '', ...headers } = await credentials(ground, visitor)
    const fields: [string, string][] = Object.entries(deed.values).map(([name, value]) => [
      name,
      value === null ? '' : String(value),
    ])
    const answer = await ground.portal.server.inject({
      method: 'POST',
      url: `/edit/${deed.table}/${deed.id}`,
      headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
      payload: new URLSearchParams([...fields, ['_csrf', token], ['_form', deed.table]]).toString(),
    })
    return answerOf(answer.statusCode, answer.body)
  },
}

/** What a form asks for: only fields that hold something else than what its reader is shown. */
export function asForm(world: PlainWorld, { plain }: TestVisitor, deed: Deed): Deed | undefined {
  if (deed.kind !== 'update') return undefined
  const columns = Object.keys(deed.values).filter(
    (column) => !LINKS.some((one) => one.table === deed.table && one.through === column),
  )
  const shown = open(world, plain, deed.table, 'read', columns).get(deed.id)
  const row = world.rows[deed.table].find((one) => one.id === deed.id)
  const values = columns.filter((column) => {
    const before = shown?.has(column) === true ? (row?.[column] ?? null) : null
    return before === null || deed.values[column] === null
      ? before !== deed.values[column]
      : Number.isNaN(Number(before))
        ? before !== deed.values[column]
        : Number(before) !== Number(deed.values[column])
  })
  return { ...deed, values: Object.fromEntries(values.map((column) => [column, deed.values[column] ?? null])) }
}
