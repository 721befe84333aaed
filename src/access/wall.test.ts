import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { isAppError } from '#lib/app-error.ts'
import { silentLog } from '#log/log.ts'
import { openDatabase } from '#postgres/database.ts'
import { identifier, quoteLiteral, sql, trustedSql } from '#postgres/sql.ts'
import { ensureVisitorRole } from '#postgres/visitor-role.ts'
import { subscribe } from '#tables/changes.queries.ts'
import { engineRows } from '#tables/predicate.ts'
import { countRows, deleteRow, insertRows, listRows, nextNumber, setActor, updateRow } from '#tables/rows.queries.ts'
import { createPeople, type People, visitorFor } from '../../tests/support/people.ts'
import { anonymousVisitor, type Visitor } from './visitor.ts'
import { behindWall } from './wall.ts'

let people: People
before(async () => {
  people = await createPeople()
})
after(() => people[Symbol.asyncDispose]())

const NAMES = ['nora', 'jane', 'sam', 'may', 'admin'] as const
const visitors = (): [string, Visitor][] => [
  ['anybody', anonymousVisitor('en')],
  ...NAMES.map((name): [string, Visitor] => [name, visitorFor(people, name)]),
]

test('with the rights of the engine by mistake everybody still sees exactly his own rows, in every table', async () => {
  const { database, catalog } = people.place
  for (const [name, visitor] of visitors()) {
    for (const table of catalog.tables.values()) {
      const idsWith = (predicate = engineRows) => ({ table, columns: [table.idColumn], predicate, rowsMax: 100 })
      const mine = people.permissions.predicate(visitor, table.name, 'read')
      const expected = await database.read((tx) => listRows(tx, catalog, idsWith(mine)))
      const found = await behindWall(database, visitor).read((tx) => listRows(tx, catalog, idsWith()))
      assert.deepEqual(found, expected, `${name}, ${table.name}`)
      assert.equal(await behindWall(database, visitor).read((tx) => countRows(tx, catalog, idsWith())), expected.length)
    }
  }
})

test('with the rights of the engine by mistake nobody changes, deletes or adds what is not his', async () => {
  const { database, catalog } = people.place
  const [orders, contacts] = [catalog.get('salesorder'), catalog.get('contact')]
  const jane = behindWall(database, visitorFor(people, 'jane'))
  const rename = (table: typeof contacts, id: string, values: Record<string, string>) =>
    jane.transaction((tx) => updateRow(tx, table, id, values, { predicate: engineRows }))
  assert.equal(await rename(contacts, people.contacts.jane, { jobtitle: 'Buyer' }), true)
  assert.equal(await rename(contacts, people.contacts.sam, { jobtitle: 'Thief' }), false)
  assert.equal(await rename(orders, people.orders.jane, { name: 'Changed' }), false)
  assert.equal(await jane.transaction((tx) => deleteRow(tx, orders, people.orders.jane, engineRows)), false)
  const order = { ordernumber: 'W-9', customeridtype: 'account', msdyn_company: people.usmf }
  const forOther = { ...order, customerid: people.accounts.y, msdyn_contactperson: people.contacts.may }
  const refused = jane.transaction((tx) => insertRows(tx, orders, [forOther]))
  await assert.rejects(refused, (error) => isAppError(error) && error.code === 'tables.forbidden')
  const own = { ...order, customerid: people.accounts.x, msdyn_contactperson: people.contacts.jane }
  assert.equal((await jane.transaction((tx) => insertRows(tx, orders, [own]))).length, 1)
})

test('what tables do by themselves they do for visitors too: versions, captured changes with their author, numbers', async () => {
  const { database, catalog } = people.place
  await database.transaction((tx) => subscribe(tx, 'contact', 'test', null))
  const visitor = visitorFor(people, 'sam')
  const number = await behindWall(database, visitor).transaction(async (tx) => {
    await setActor(tx, visitor.contactId)
    await updateRow(tx, catalog.get('contact'), visitor.contactId, { jobtitle: 'Buyer' }, { predicate: engineRows })
    return nextNumber(tx, 'wall-test')
  })
  assert.equal(number, 1)
  const changes = await database.read((tx) => tx`select actor, columns from tables.change where subscriber = 'test'`)
  assert.deepEqual(changes, [{ actor: visitor.contactId, columns: ['jobtitle'] }])
})

test('behind the wall there is nothing but rows of tables: no password, no session, no queue, no other role', async () => {
  const { database } = people.place
  const everything = behindWall(database, visitorFor(people, 'admin'))
  const run = (text: string) => everything.transaction((tx) => tx.run(trustedSql(text)))
  const denied = [
    'select password_hash from access.identity',
    'select * from access.session',
    'select * from tables.change',
    'insert into tables.capture values ($$contact$$, $$spy$$, null)',
    'select * from tables.number_series',
    'update tables.number_series set value = 0',
    'select * from mail.message',
    'select * from comptoir.migration',
    'select rolpassword from pg_authid',
    'select pg_read_file($$postgresql.conf$$)',
    'select lo_import($$/etc/passwd$$)',
    "select * from pg_stat_file('.')",
    'insert into access.contact_role (contact_id, role, granted_at) values (gen_random_uuid(), $$Administrator$$, now())',
    `select pg_terminate_backend(pid) from pg_stat_activity where usename = current_user or true`,
  ]
  for (const text of denied) await assert.rejects(run(text), { code: '42501' }, text)
  const refused = [
    'reset role',
    'set role none',
    'set local role comptoir',
    "select set_config('role', 'none', true)",
    "select SET_CONFIG ('comptoir.roles', '{Administrator}', true)",
    "set local comptoir.roles = '{Administrator}'",
    'commit',
    "do $$ begin execute 'reset role'; end $$",
    'alter table tables.contact disable row level security',
    'drop policy comptoir_select on tables.contact',
    'create function pg_temp.f() returns int language sql as $$ select 1 $$',
    'copy tables.contact to stdout',
  ]
  for (const text of refused) await assert.rejects(run(text), /behind the wall only rows are read and written/, text)
})

test('asked by hand, a question of the wall answers for the visitor himself and nobody else', async () => {
  const { database } = people.place
  const questions = await database.read(
    (tx) => tx<{ name: string }>`
      select p.proname as name from pg_proc p where p.pronamespace = 'access_wall'::regnamespace and p.proretset`,
  )
  assert.ok(questions.length > 0, 'lines of orders are asked for by the ids of the orders')
  const idsFor = async (visitor: Visitor) => {
    const answers = await behindWall(database, visitor).read((tx) =>
      Promise.all(
        questions.map(({ name }) =>
          tx.run<{ id: string }>(
            sql`select o.salesorderid as id from rule_tables.salesorder o where exists (select 1 from ${identifier('access_wall', name)}(o.salesorderid))`,
          ),
        ),
      ),
    )
    return answers.flat().map((row) => row.id)
  }
  assert.deepEqual(await idsFor(anonymousVisitor('en')), [])
  assert.ok((await idsFor(visitorFor(people, 'jane'))).includes(people.orders.jane))
  assert.ok(!(await idsFor(visitorFor(people, 'may'))).includes(people.orders.jane))
  const [outside] = await database.read(
    (tx) => tx<{ may: boolean }>`select has_schema_privilege('comptoir_visitor', 'access', 'usage') as may`,
  )
  assert.equal(outside?.may, false)
})

test('a transaction leaves nothing of its visitor behind for the next one on the same connection', async () => {
  const { database } = people.place
  const one = openDatabase({ url: database.url, log: silentLog, connectionsMax: 1 })
  try {
    const count = (visitor: Visitor) =>
      behindWall(one, visitor).read(async (tx) => (await tx`select salesorderid from tables.salesorder`).length)
    assert.ok((await count(visitorFor(people, 'admin'))) > 2)
    assert.equal(await count(anonymousVisitor('en')), 0)
    const failed = behindWall(one, visitorFor(people, 'admin')).transaction((tx) => tx`select 1 / 0`)
    await assert.rejects(failed, { code: '22012' })
    assert.equal(await count(visitorFor(people, 'may')), 0)
  } finally {
    await one.close()
  }
})

test('where the role may not be used, the start stops and says the two commands that an administrator must run', async () => {
  const { database } = people.place
  const [name, password] = [`wall_${randomBytes(6).toString('hex')}`, randomBytes(12).toString('hex')]
  await database.pool.query(`create role ${name} login password ${quoteLiteral(password)}`)
  const url = new URL(database.url)
  url.username = name
  url.password = password
  const guest = openDatabase({ url: url.href, log: silentLog, connectionsMax: 1 })
  try {
    await assert.rejects(guest.transaction(ensureVisitorRole), (error) => {
      assert.ok(isAppError(error) && error.code === 'postgres.visitor_role')
      assert.match(error.message, /create role comptoir_visitor nologin;\n\s+grant comptoir_visitor to "wall_/)
      return true
    })
    await database.pool.query(`grant comptoir_visitor to ${name}`)
    await guest.transaction(ensureVisitorRole)
  } finally {
    await guest.close()
    await database.pool.query(`drop role ${name}`)
  }
})
