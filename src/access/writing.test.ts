import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { engineRows } from '#tables/predicate.ts'
import { testRows } from '#tables/row-tests.queries.ts'
import { insertRows, readRowsById } from '#tables/rows.queries.ts'
import { createPeople, type People, visitorFor } from '../../tests/support/people.ts'
import { WRITING_POLICY } from '../../tests/support/writing-policy.ts'
import { createPermissions, type Permissions } from './permissions.ts'
import { parsePolicy } from './policy.ts'
import type { Visitor } from './visitor.ts'
import { behindWall, buildWall } from './wall.ts'
import type { Operation, WriteOutcome } from './write-model.ts'
import { changeSet, createRows, write } from './writing.ts'

/** Every promise holds behind the wall, where visitors' transactions run. */
let people: People
let permissions: Permissions

before(async () => {
  people = await createPeople()
  const { catalog, clock, database } = people.place
  const policy = parsePolicy(new Map(Object.entries(WRITING_POLICY)))
  permissions = createPermissions(catalog, policy, clock)
  await database.transaction((tx) => buildWall(tx, catalog, policy))
})
after(() => people[Symbol.asyncDispose]())

const as = (role: string, name: 'jane' | 'may' = 'jane'): Visitor => ({ ...visitorFor(people, name), roles: [role] })

function writeAs(visitor: Visitor, operation: Operation): Promise<WriteOutcome> {
  const { catalog, database } = people.place
  return behindWall(database, visitor).transaction((tx) => write({ tx, catalog, permissions, visitor }, operation))
}

function setAs(visitor: Visitor, operations: Operation[]) {
  const { catalog, database } = people.place
  return behindWall(database, visitor).transaction((tx) => changeSet({ tx, catalog, permissions, visitor }, operations))
}

async function rowOf(table: string, id: string) {
  const { catalog, database } = people.place
  return (await database.read((tx) => readRowsById(tx, catalog.get(table), [id]))).get(id)
}

async function insert(table: string, values: Record<string, string | number | null>): Promise<string> {
  const { catalog, database } = people.place
  const [id = ''] = await database.transaction((tx) =>
    insertRows(tx, catalog.get(table), [{ msdyn_company: people.usmf, ...values }]),
  )
  return id
}

const contactOf = (accountId: string, values: Record<string, string | number> = {}) =>
  insert('contact', { firstname: 'A', lastname: 'B', parentcustomerid: accountId, statecode: 0, ...values })

function columnsOf(outcome: WriteOutcome): string[] {
  return outcome.kind === 'invalid' ? outcome.problems.map((one) => `${one.at}:${one.column}:${one.code}`).sort() : [outcome.kind]
}

test('a row that cannot be seen is not found; one that may not be changed is forbidden; another change goes through', async () => {
  const target = { id: people.orders.jane }
  const update = (visitor: Visitor, id: string) =>
    writeAs(visitor, { kind: 'update', table: 'salesorder', target: { id }, values: { name: 'x' } })
  assert.equal((await update(as('Buyer', 'may'), people.orders.jane)).kind, 'not_found')
  assert.equal((await update(as('Buyer'), crypto.randomUUID())).kind, 'not_found')
  assert.equal((await update(as('Clerk'), people.orders.jane)).kind, 'forbidden')
  assert.equal((await writeAs(as('Clerk'), { kind: 'delete', table: 'salesorder', target })).kind, 'forbidden')
  assert.equal((await writeAs(as('Buyer', 'may'), { kind: 'delete', table: 'salesorder', target })).kind, 'not_found')
  assert.equal((await update(as('Buyer'), people.orders.jane)).kind, 'updated')
})

test('columns that are closed to the visitor are named, on the rows where they are closed', async () => {
  const [present, gone] = [await contactOf(people.accounts.x), await contactOf(people.accounts.x, { statecode: 1 })]
  const phone = (id: string) =>
    writeAs(as('Buyer'), { kind: 'update', table: 'contact', target: { id }, values: { telephone1: '1', firstname: 'N' } })
  assert.equal((await phone(present)).kind, 'updated')
  const refused = await phone(gone)
  assert.ok(refused.kind === 'forbidden')
  assert.deepEqual(refused.columns, ['telephone1'])
  assert.equal((await rowOf('contact', gone))?.firstname, 'A')
})

test('a write cannot carry a row out of reach, neither to another account nor to another state', async () => {
  const id = await contactOf(people.accounts.x)
  const away = await writeAs(as('Buyer'), {
    kind: 'update',
    table: 'contact',
    target: { id },
    values: { parentcustomerid: people.accounts.y },
  })
  // The other account cannot be seen at all.
  assert.deepEqual(columnsOf(away), [':parentcustomerid:reference'])
  const nowhere = await writeAs(as('Buyer'), {
    kind: 'update',
    table: 'contact',
    target: { id },
    values: { parentcustomerid: null },
  })
  assert.equal(nowhere.kind, 'forbidden')
  const order = await insert('salesorder', { customerid: people.accounts.x, customeridtype: 'account', statecode: 0 })
  const closed = await writeAs(as('Buyer'), {
    kind: 'update',
    table: 'salesorder',
    target: { id: order },
    values: { statecode: 1 },
  })
  assert.equal(closed.kind, 'forbidden')
  assert.equal((await rowOf('salesorder', order))?.statecode, 0)
  const made = await writeAs(as('Buyer'), {
    kind: 'create',
    table: 'salesorder',
    values: { customerid: people.accounts.x, customeridtype: 'account', statecode: 1, msdyn_company: people.usmf },
  })
  assert.equal(made.kind, 'forbidden')
})

test('a lookup needs append on the row and append to on what it points to, and what cannot be seen does not exist', async () => {
  const id = await contactOf(people.accounts.x)
  const order = (contact: string): Operation => ({
    kind: 'update',
    table: 'salesorder',
    target: { id: people.orders.jane },
    values: { msdyn_contactperson: contact },
  })
  assert.equal((await writeAs(as('Buyer'), order(id))).kind, 'updated')
  const hidden = await writeAs(as('Buyer'), order(people.contacts.may))
  const missing = await writeAs(as('Buyer'), order(crypto.randomUUID()))
  assert.deepEqual(columnsOf(hidden), [':msdyn_contactperson:reference'])
  assert.deepEqual(hidden, missing)
})

test('everything that is wrong is told at once', async () => {
  const outcome = await writeAs(as('Chief'), {
    kind: 'create',
    table: 'salesorder',
    values: {
      nothing: 1,
      versionnumber: 5,
      ordernumber: 'x'.repeat(31),
      totalamount: 'much',
      submitdate: '2026-02-30T10:00:00Z',
      msdyn_ordertype: 7,
      customerid: people.accounts.x,
      order_details: [{ quantity: 'two', msdyn_company: people.usmf }, { quantity: '2' }],
    },
  })
  assert.deepEqual(columnsOf(outcome), [
    ':customeridtype:required',
    ':msdyn_company:required',
    ':msdyn_ordertype:option',
    ':nothing:unknown_column',
    ':ordernumber:too_long',
    ':submitdate:type',
    ':totalamount:type',
    ':versionnumber:computed',
    'order_details/0:quantity:type',
    'order_details/1:msdyn_company:required',
  ])
})

test('a row is made with what hangs on it and what it hangs on, or not at all', async () => {
  const lines = (second: string) => [
    { quantity: '1', sequencenumber: 1, msdyn_company: people.usmf },
    { quantity: second, sequencenumber: 2, msdyn_company: people.usmf },
  ]
  const order = (ordernumber: string, second: string, accountId: string): Operation => ({
    kind: 'create',
    table: 'salesorder',
    values: {
      ordernumber,
      msdyn_company: people.usmf,
      customerid: { bind: { table: 'account', id: accountId } },
      statecode: 0,
      msdyn_contactperson: { lastname: 'New', parentcustomerid: people.accounts.x, msdyn_company: people.usmf, statecode: 0 },
      order_details: lines(second),
    },
  })
  const made = await writeAs(as('Buyer'), order('DEEP-1', '2', people.accounts.x))
  assert.ok(made.kind === 'created')
  const row = await rowOf('salesorder', made.id)
  assert.equal((await rowOf('contact', String(row?.msdyn_contactperson)))?.lastname, 'New')
  assert.equal(row?.versionnumber, made.version)
  assert.deepEqual(columnsOf(await writeAs(as('Buyer'), order('DEEP-2', 'x', people.accounts.x))), [
    'order_details/1:quantity:type',
  ])
  assert.deepEqual(columnsOf(await writeAs(as('Buyer'), order('DEEP-1', '2', people.accounts.x))), [':ordernumber:duplicate'])
  assert.deepEqual(columnsOf(await writeAs(as('Buyer'), order('DEEP-3', '2', people.accounts.y))), [':customerid:reference'])
  const { rows } = await people.place.database.pool.query(`select count(*)::int as n from tables.contact where lastname = 'New'`)
  assert.equal(rows[0].n, 1, 'what was refused has left nobody behind')
})

test('versions: an expected one that has moved on is stale; create only and update only hold', async () => {
  const id = await contactOf(people.accounts.x)
  const version = Number((await rowOf('contact', id))?.versionnumber)
  const upsert = (target: { id: string }, precondition: { ifMatch?: number | '*'; ifNoneMatch?: '*' }) =>
    writeAs(as('Chief'), {
      kind: 'upsert',
      table: 'contact',
      target,
      values: { firstname: 'V', msdyn_company: people.usmf },
      precondition,
    })
  assert.equal((await upsert({ id }, { ifMatch: version })).kind, 'updated')
  const stale = await upsert({ id }, { ifMatch: version })
  assert.ok(stale.kind === 'stale' && stale.version > version)
  assert.equal((await upsert({ id }, { ifNoneMatch: '*' })).kind, 'exists')
  const fresh = crypto.randomUUID()
  assert.equal((await upsert({ id: fresh }, { ifMatch: '*' })).kind, 'not_found')
  assert.equal((await upsert({ id: fresh }, { ifNoneMatch: '*' })).kind, 'created')
  const deletion = { kind: 'delete', table: 'contact', target: { id }, precondition: { ifMatch: version } } as const
  assert.equal((await writeAs(as('Chief'), deletion)).kind, 'stale')
})

test('two upserts of one alternate key at once make one row', async () => {
  const key = { accountnumber: 'RACE', msdyn_company: { bind: { table: 'cdm_company', id: people.usmf } } }
  const outcomes = await Promise.all(
    ['a', 'b', 'c', 'd'].map((name) =>
      writeAs(as('Chief'), { kind: 'upsert', table: 'account', target: { key }, values: { name } }),
    ),
  )
  const ids = new Set(outcomes.map((one) => ('id' in one ? one.id : one.kind)))
  assert.equal(ids.size, 1)
  assert.equal(outcomes.filter((one) => one.kind === 'created').length, 1)
})

test('a key that another account holds is told as taken, and stays as it was', async () => {
  const outcome = await writeAs(as('Buyer'), {
    kind: 'upsert',
    table: 'salesorder',
    target: { key: { ordernumber: 'W-3' } },
    values: { customerid: people.accounts.x, customeridtype: 'account', statecode: 0, msdyn_company: people.usmf },
  })
  assert.deepEqual(columnsOf(outcome), [':ordernumber:duplicate'])
  assert.equal((await rowOf('salesorder', people.orders.may))?.customerid, people.accounts.y)
})

test('a change set is done as a whole, refers to its own rows, and says of every operation what is wrong', async () => {
  const create = (as: string, lastname: string): Operation => ({
    kind: 'create',
    table: 'contact',
    as,
    values: { lastname, parentcustomerid: people.accounts.x, msdyn_company: people.usmf, statecode: 0 },
  })
  const attach = (result: string): Operation => ({
    kind: 'update',
    table: 'salesorder',
    target: { id: people.orders.jane },
    values: { msdyn_contactperson: { bind: { table: 'contact', result } } },
  })
  const done = await setAs(as('Chief'), [create('1', 'Set'), attach('1')])
  assert.equal(done.kind, 'done')
  const [made] = done.outcomes
  assert.equal((await rowOf('salesorder', people.orders.jane))?.msdyn_contactperson, made?.kind === 'created' ? made.id : '')
  const refused = await setAs(as('Chief'), [
    create('1', 'Kept out'),
    create('2', 'x'.repeat(51)),
    attach('2'),
    { kind: 'delete', table: 'contact', target: { id: crypto.randomUUID() } },
  ])
  assert.deepEqual(
    refused.outcomes.map((one) => one.kind),
    ['created', 'invalid', 'depends', 'not_found'],
  )
  const [first] = refused.outcomes
  assert.equal(await rowOf('contact', first?.kind === 'created' ? first.id : ''), undefined)
})

test('rows are associated and disassociated from either side', async () => {
  const id = await contactOf(people.accounts.x)
  const operation = { table: 'salesorder', target: { id: people.orders.jane }, navigation: 'msdyn_contactperson' }
  assert.equal((await writeAs(as('Buyer'), { ...operation, kind: 'associate', to: { id } })).kind, 'updated')
  assert.equal((await rowOf('salesorder', people.orders.jane))?.msdyn_contactperson, id)
  const wrong = await writeAs(as('Buyer'), { ...operation, kind: 'disassociate', from: { id: people.contacts.sam } })
  assert.equal(wrong.kind, 'not_found')
  assert.equal((await writeAs(as('Buyer'), { ...operation, kind: 'disassociate' })).kind, 'updated')
  assert.equal((await rowOf('salesorder', people.orders.jane))?.msdyn_contactperson, null)
})

test('bulk rows made by our own code must still be ones that the visitor may make', async () => {
  const { catalog, database } = people.place
  const table = catalog.get('salesorder')
  const visitor = as('Buyer')
  const make = (accountId: string) =>
    behindWall(database, visitor).transaction((tx) =>
      createRows(
        { tx, catalog, permissions, visitor },
        table,
        [{ customerid: accountId, customeridtype: 'account', statecode: 0, msdyn_company: people.usmf }],
        { chosenBy: 'program' },
      ),
    )
  assert.equal((await make(people.accounts.x)).kind, 'done')
  assert.equal((await make(people.accounts.y)).kind, 'refused')
})

test('whatever is written by whomever, only rows inside the write predicate change, and they stay inside', async () => {
  const { catalog, database } = people.place
  const tables = ['contact', 'salesorder', 'account'] as const
  const accounts = () => [people.accounts.x, people.accounts.y, null]
  const snapshot = async () => {
    const rows = new Map<string, number>()
    for (const name of tables) {
      const table = catalog.get(name)
      const found = await database.pool.query(`select ${table.idColumn} as id, versionnumber from tables.${name}`)
      for (const row of found.rows) rows.set(`${name} ${row.id}`, Number(row.versionnumber))
    }
    return rows
  }
  const insideOf = async (visitor: Visitor, name: string, id: string) => {
    const table = catalog.get(name)
    const tests = Object.fromEntries(
      (['read', 'write', 'create', 'delete'] as const).map((one) => [one, permissions.predicate(visitor, name, one)]),
    )
    const rows = await database.read((tx) => testRows(tx, table, [id], { tests: { ...tests, all: engineRows } }))
    return rows.get(id)?.inside ?? new Set<string>()
  }
  const move = fc.record({
    role: fc.constantFrom('Buyer', 'Clerk', 'Chief'),
    who: fc.constantFrom('jane' as const, 'may' as const),
    table: fc.constantFrom('contact' as const, 'salesorder' as const),
    row: fc.nat(50),
    to: fc.nat(2),
    state: fc.nat(2),
    kind: fc.constantFrom('create' as const, 'update' as const, 'upsert' as const, 'delete' as const),
  })
  await fc.assert(
    fc.asyncProperty(move, async ({ role, who, table, row, to, state, kind }) => {
      const visitor = as(role, who)
      const before = await snapshot()
      const ids = [...before.keys()].filter((one) => one.startsWith(`${table} `)).map((one) => one.slice(table.length + 1))
      // Once every row has been deleted, the move is tried on one that does not exist.
      const id = ids[row % ids.length] ?? crypto.randomUUID()
      const inside = await insideOf(visitor, table, id)
      const account = accounts()[to] ?? null
      const values =
        table === 'contact'
          ? {
              parentcustomerid: account,
              lastname: `L${row}`,
              ...(kind === 'update' ? {} : { msdyn_company: people.usmf }),
              statecode: state,
            }
          : {
              customerid: account,
              customeridtype: account === null ? null : 'account',
              ...(kind === 'update' ? {} : { msdyn_company: people.usmf }),
              statecode: state,
            }
      const target = { id: kind === 'upsert' && state === 2 ? crypto.randomUUID() : id }
      const operation =
        kind === 'delete'
          ? { kind, table, target }
          : kind === 'create'
            ? { kind, table, values }
            : { kind, table, target, values }
      const outcome = await writeAs(visitor, operation as Operation)
      const now = await snapshot()
      const changed = [...new Set([...before.keys(), ...now.keys()])].filter((one) => before.get(one) !== now.get(one))
      if (outcome.kind === 'created') {
        assert.ok((await insideOf(visitor, table, outcome.id)).has('create'))
        assert.deepEqual(changed, [`${table} ${outcome.id}`])
      } else if (outcome.kind === 'updated') {
        assert.ok(inside.has('read') && inside.has('write'))
        const then = await insideOf(visitor, table, outcome.id)
        assert.ok(then.has('read') && then.has('write'))
        assert.deepEqual(changed, [`${table} ${id}`])
      } else if (outcome.kind === 'deleted') {
        assert.ok(inside.has('read') && inside.has('delete'))
        assert.ok(changed.includes(`${table} ${id}`))
      } else {
        assert.deepEqual(changed, [])
        if (kind === 'update' || kind === 'delete') {
          if (!inside.has('read')) assert.equal(outcome.kind, 'not_found')
          else if (!inside.has(kind === 'update' ? 'write' : 'delete')) assert.equal(outcome.kind, 'forbidden')
        }
      }
    }),
    { numRuns: 150 },
  )
})
