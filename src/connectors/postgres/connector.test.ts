import assert from 'node:assert/strict'
import test from 'node:test'
import type { Connector, RecordWrite, WriteGroup } from '#connector/contract.ts'
import type { Log } from '#log/log.ts'
import { silentLog } from '#log/log.ts'
import { systemClock } from '#log/system-clock.ts'
import { createTestDatabase } from '../../../tests/support/database.ts'
import { createDatabaseLine } from '../../../tests/support/database-line.ts'
import { createPostgresConnector, type PostgresOptions } from './connector.ts'

const SIGNAL = new AbortController().signal
const WAIT_MS_MAX = 20_000
const ENTITY = 'public.thing'

test('a group with an id is carried out once, also where nothing else would find it again', async () => {
  await using world = await setUp()
  const connector = world.connect()
  const writes: RecordWrite[] = [{ operation: 'create', entity: ENTITY, company: undefined, fields: { name: 'x' }, findBy: {} }]
  // Every request of it in turn: those that make the place for outcomes first, at last the commit itself.
  let lost = 0
  for (let nth = 1; ; nth++) {
    world.line.faults.loseAnswer(nth)
    const [first] = await world.connect().writeGroup({ attempt: 1, id: `group-${nth}`, writes }, SIGNAL)
    const wasHit = world.line.faults.writesSeen() >= nth
    world.line.faults.none()
    const [again] = await connector.writeGroup({ attempt: 2, id: `group-${nth}`, writes }, SIGNAL)
    assert.equal(again?.kind, 'applied')
    assert.equal((await world.run('select from thing')).length, nth)
    if (!wasHit) {
      assert.deepEqual(again, first)
      break
    }
    lost++
    assert.equal(first?.kind, 'retry')
  }
  assert(lost >= 3, `${lost} answers were lost`)
})

test('a call that is aborted ends its statement over there, and leaves no connection behind', async () => {
  await using world = await setUp()
  const connector = world.connect()
  await world.run(`insert into thing (name) values ('x')`)
  const client = await world.pool.connect()
  await client.query('begin; lock table thing in access exclusive mode')
  const stop = new AbortController()
  const reading = connector.readPage({ entity: ENTITY, fields: [], company: undefined, rowsMax: 1 }, stop.signal)
  reading.catch(() => undefined)
  await until(async () => (await world.waiting()) === 1)
  stop.abort(new Error('enough'))
  await assert.rejects(reading, /enough/)
  await until(async () => (await world.waiting()) === 0)
  await client.query('rollback')
  client.release()
  await connector.close?.()
  await until(async () => world.line.connections() === 0)
})

test('a log that may have missed something says so: a table emptied at once, a trigger taken away', async () => {
  await using world = await setUp()
  const connector = world.connect()
  const begin = async () => (await connector.readChanges?.({ entity: ENTITY, since: undefined, rowsMax: 10 }, SIGNAL))?.next
  const since = await begin()
  await world.run('truncate thing')
  const ask = (cursor: string | undefined) => connector.readChanges?.({ entity: ENTITY, since: cursor, rowsMax: 10 }, SIGNAL)
  await assert.rejects(async () => ask(since), { code: 'connector.cursor_lost' })
  const anew = await begin()
  assert.deepEqual((await ask(anew))?.notices, [])
  await world.run('drop trigger comptoir_sync_change on thing')
  await assert.rejects(async () => ask(anew), { code: 'connector.cursor_lost' })
})

test('a database that cannot be reached or does not let us in: neither log nor outcome says the password', async () => {
  await using world = await setUp()
  const lines: string[] = []
  const wrong = new URL(world.line.url)
  wrong.username = 'nobody'
  wrong.password = 's3cret'
  for (const url of [wrong.href, 'postgresql://us:s3cret@127.0.0.1:1/erp', 'postgresql://us:s3cret@no.such.host.invalid/erp']) {
    const connector = world.connect({ url, log: recordingLog(lines) })
    const writes: RecordWrite[] = [{ operation: 'delete', entity: ENTITY, key: 'id=1' }]
    const [outcome] = await connector.writeGroup({ attempt: 1, writes }, SIGNAL)
    assert.equal(outcome?.kind, 'retry')
    lines.push(JSON.stringify(outcome))
    await assert.rejects(connector.ping(SIGNAL), (error: Error) => {
      lines.push(error.message, JSON.stringify(error))
      return (error as { code?: string }).code === 'connector.unavailable'
    })
  }
  for (const line of lines) assert.doesNotMatch(line, /s3cret/)
})

test('groups that go together: each in its order, a stale version is the conflict of that group alone, an earlier attempt is found', async () => {
  await using world = await setUp()
  const connector = world.connect()
  await world.run(`insert into thing (id, name) values (1, 'one'), (2, 'two'), (3, 'three'), (4, 'four')`)
  const read = await connector.readRecords({ entity: ENTITY, fields: ['name'], keys: ['id=1', 'id=2'] }, SIGNAL)
  await world.run(`update thing set name = 'moved on' where id = 2`)
  const rename = (id: number, name: string, ifVersion?: string): RecordWrite => ({
    operation: 'update',
    entity: ENTITY,
    key: `id=${id}`,
    fields: { name },
    ...(ifVersion === undefined ? {} : { ifVersion }),
  })
  const make = (id: number): RecordWrite => ({
    operation: 'create',
    entity: ENTITY,
    company: undefined,
    fields: { id, name: 'made' },
    findBy: {},
  })
  const groups: WriteGroup[] = [
    { attempt: 1, id: 'a', writes: [rename(1, 'renamed', read.get('id=1')?.version)] },
    { attempt: 1, id: 'b', writes: [rename(2, 'lost', read.get('id=2')?.version)] },
    { attempt: 1, id: 'c', writes: [rename(3, 'first'), rename(3, 'second'), make(10)] },
    { attempt: 1, id: 'd', writes: [rename(3, 'third')] },
    { attempt: 2, id: 'e', writes: [make(4)] },
    {
      attempt: 1,
      id: 'f',
      writes: [make(11), rename(11, 'made and renamed'), { operation: 'delete', entity: ENTITY, key: 'id=4' }],
    },
  ]
  const outcomes = (await connector.writeGroups?.(groups, SIGNAL)) ?? []
  assert.deepEqual(
    outcomes.map((group) => group.map((one) => one.kind)),
    [['applied'], ['conflict'], ['applied', 'applied', 'applied'], ['applied'], ['applied'], ['applied', 'applied', 'applied']],
  )
  const rows = await world.run('select id, name from thing order by id')
  assert.deepEqual(
    rows.map((row) => `${row.id} ${row.name}`),
    ['1 renamed', '2 moved on', '3 third', '10 made', '11 made and renamed'],
  )
  const again = await connector.writeGroups?.(groups.slice(0, 1), SIGNAL)
  assert.deepEqual(again, outcomes.slice(0, 1))
})

test('groups that go together take as many statements for sixty orders as for two', async () => {
  await using world = await setUp()
  const connector = world.connect()
  await world.run('create table line (thing int references thing, number int, primary key (thing, number))')
  const order = (id: number): WriteGroup => ({
    attempt: 1,
    id: `order ${id}`,
    writes: [
      { operation: 'create', entity: ENTITY, company: undefined, fields: { id, name: 'x' }, findBy: {} },
      ...[1, 2, 3].map(
        (number): RecordWrite => ({
          operation: 'create',
          entity: 'public.line',
          company: undefined,
          fields: { number },
          findBy: { number },
          parent: { index: 0, fields: { thing: 'id' } },
        }),
      ),
    ],
  })
  const requests = async (from: number, count: number) => {
    world.line.faults.loseAnswer(1_000_000)
    const outcomes = await connector.writeGroups?.(
      Array.from({ length: count }, (_, at) => order(from + at)),
      SIGNAL,
    )
    assert(outcomes?.every((group) => group.length === 4 && group.every((one) => one.kind === 'applied')))
    return world.line.faults.writesSeen()
  }
  await requests(1, 2)
  const few = await requests(10, 2)
  assert.equal(await requests(100, 60), few)
  assert.equal((await world.run('select from line')).length, 64 * 3)
})

test('who writes is told that a change is its own, but not of what a trigger over there has made of it, nor is anybody else', async () => {
  await using world = await setUp()
  await world.run(`
    create table total (id int primary key, things int);
    insert into total values (1, 0);
    create function count_up() returns trigger language plpgsql as $$ begin
      update total set things = things + 1;
      if new.name = 'odd' then update thing set name = 'even' where id = new.id; end if;
      return null; end $$;
    create trigger count_up after insert on thing for each row execute function count_up()`)
  const connector = world.connect()
  const begin = async (entity: string) => (await connector.readChanges?.({ entity, since: undefined, rowsMax: 10 }, SIGNAL))?.next
  const since = { thing: await begin(ENTITY), total: await begin('public.total') }
  const make = (id: number, name: string): WriteGroup => ({
    attempt: 1,
    id: `make ${id}`,
    writes: [{ operation: 'create', entity: ENTITY, company: undefined, fields: { id, name }, findBy: {} }],
  })
  await connector.writeGroups?.([make(1, 'plain'), make(2, 'odd')], SIGNAL)
  await connector.writeGroup(make(3, 'plain'), SIGNAL)
  await world.run(`insert into thing values (4, 'theirs')`)
  const told = async (by: Connector, entity: string, from: string | undefined) => {
    const page = await by.readChanges?.({ entity, since: from, rowsMax: 10 }, SIGNAL)
    return page?.notices.map((notice) => `${notice.key}${notice.isOwn === true ? ' own' : ''}`)
  }
  assert.deepEqual(await told(connector, ENTITY, since.thing), ['id=1 own', 'id=2', 'id=3 own', 'id=4'])
  assert.deepEqual(await told(connector, 'public.total', since.total), ['id=1'])
  assert.deepEqual(await told(world.connect(), ENTITY, since.thing), ['id=1', 'id=2', 'id=3', 'id=4'])
})

test('of groups that go together one that is refused is found, and the others are written', async () => {
  await using world = await setUp()
  const connector = world.connect()
  const groups = Array.from(
    { length: 40 },
    (_, at): WriteGroup => ({
      attempt: 1,
      id: `group ${at}`,
      writes: [
        {
          operation: 'create',
          entity: ENTITY,
          company: undefined,
          fields: { id: at === 17 ? 'no number' : at, name: 'x' },
          findBy: {},
        },
      ],
    }),
  )
  const outcomes = (await connector.writeGroups?.(groups, SIGNAL)) ?? []
  assert.deepEqual(
    outcomes.flatMap((group, at) => (group[0]?.kind === 'applied' ? [] : [`${at} ${group[0]?.kind}`])),
    ['17 rejected'],
  )
  assert.equal((await world.run('select from thing')).length, 39)
})

async function setUp() {
  const other = await createTestDatabase()
  const { pool } = other.database
  await pool.query('create table thing (id int generated by default as identity primary key, name text)')
  const line = await createDatabaseLine(other.url)
  const connectors: Connector[] = []
  return {
    line,
    pool,
    run: async (text: string) => (await pool.query<Record<string, unknown>>(text)).rows,
    waiting: async () =>
      (
        await pool.query(
          `select from pg_stat_activity where application_name = 'comptoir connector' and wait_event_type = 'Lock'`,
        )
      ).rows.length,
    connect(changed: Partial<PostgresOptions> = {}) {
      const connector = createPostgresConnector({
        url: line.url,
        clock: systemClock,
        log: silentLog,
        changes: 'trigger',
        ...changed,
      })
      connectors.push(connector)
      return connector
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(connectors.map((one) => one.close?.().catch(() => undefined)))
      await line[Symbol.asyncDispose]()
      await other[Symbol.asyncDispose]()
    },
  }
}

function recordingLog(lines: string[]): Log {
  const note = (values: unknown, text?: string) => void lines.push(JSON.stringify([values, text]))
  const log = { debug: note, info: note, warn: note, error: note, child: () => log } as unknown as Log
  return log
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const deadlineMs = Date.now() + WAIT_MS_MAX
  while (!(await isSo())) {
    assert(Date.now() < deadlineMs, 'in time')
    await systemClock.sleep(20)
  }
}
