import assert from 'node:assert/strict'
import { join } from 'node:path'
import test from 'node:test'
import type { Tx } from '#postgres/database.ts'
import { migrate } from '#postgres/migrate.ts'
import { claimChanges, countQueues } from '#tables/changes.queries.ts'
import { countFailing, countParkedSince } from '#tables/troubled-changes.queries.ts'
import { listWaiting } from '#tables/waiting-changes.queries.ts'
import { createTestDatabase } from '../../tests/support/database.ts'
import { countFailingRecords, countParkedRecordsSince } from './alerts.queries.ts'
import { releaseParkedRecords } from './parked-records.queries.ts'
import { listQueuedRecords } from './queued-records.queries.ts'
import { claimRemoteChanges, countRemoteQueues } from './remote-changes.queries.ts'
import { putTombstones } from './tombstones.queries.ts'

const LONG = 20_000
const DUE = 3
/** A few for each that is due, and none for those that are not. */
const READ_MAX = 100

/** Beside a few changes that are due: one long queue that backs off, one of a paused map, one that is parked, and many deletions. */
async function setUp() {
  const { database, ...rest } = await createTestDatabase()
  await migrate(
    database,
    ['tables', 'dual-write'].map((module) => ({ module, folder: join(import.meta.dirname, '../../src', module, 'migrations') })),
  )
  await database.pool.query(`
    insert into tables.change (subscriber, table_name, row_id, operation, columns, due_at, reason_code, parked_at)
    select m, 'account', gen_random_uuid(), 'update', '{name}',
           clock_timestamp() + case when kind = 'later' then interval '1 day' else interval '-1 day' end,
           case when kind = 'later' then 'dual_write.parent' end,
           case when kind = 'parked' then clock_timestamp() - interval '1 day' end
      from (values ('map', 'later'), ('map', 'parked'), ('paused', 'now'), ('map', 'due')) v(m, kind),
           generate_series(1, ${LONG}) n where kind <> 'due' or n <= ${DUE};
    insert into dual_write.remote_change (map, remote_key, due_at, reason_code, parked_at)
    select subscriber, number, due_at, reason_code, parked_at from tables.change;
    insert into dual_write.tombstone (map, remote_key, kind) select 'map', n, 'gone' from generate_series(1, ${LONG}) n;
    analyze`)
  return { database, [Symbol.asyncDispose]: () => rest[Symbol.asyncDispose]() }
}

test('however many changes back off, wait for another map or are parked: a claim, a count and an alert read what they answer', async () => {
  await using t = await setUp()
  const window = { windowMinutes: 60, countMax: 10 }
  const failing = { codes: null, without: ['dual_write.parent'], countMax: 10 }
  const steps = {
    'changes are claimed': (tx) => claimChanges(tx, { subscribers: ['map', 'idle'], rowsMax: 10, leaseMs: 1_000 }),
    'records are claimed': (tx) => claimRemoteChanges(tx, { maps: ['map', 'idle'], rowsMax: 500, leaseMs: 1_000 }),
    'changes of an idle map are counted': (tx) => countQueues(tx, ['idle'], 1_000),
    'records of an idle map are counted': (tx) => countRemoteQueues(tx, ['idle'], 1_000),
    'those parked of late are counted': (tx) => countParkedSince(tx, { subscriber: null, ...window }),
    'records parked of late are counted': (tx) => countParkedRecordsSince(tx, { map: null, ...window }),
    'failing changes are counted': (tx) => countFailing(tx, { subscriber: null, ...failing }),
    'failing records are counted': (tx) => countFailingRecords(tx, { map: null, ...failing }),
    'the first changes of a long queue are listed': (tx) =>
      listWaiting(tx, { subscribers: ['map', 'paused'], after: 0, rowsMax: 10 }),
    'changes far behind are listed': (tx) => listWaiting(tx, { subscribers: ['map', 'paused'], after: LONG / 2, rowsMax: 10 }),
    'the first records of a long queue are listed': (tx) =>
      listQueuedRecords(tx, { maps: ['map', 'paused'], after: undefined, rowsMax: 10 }),
    'records far behind are listed': async (tx) => {
      const [middle] = await listQueuedRecords(tx, { maps: ['paused'], after: undefined, rowsMax: 1 })
      await listQueuedRecords(tx, { maps: ['map', 'paused'], after: middle, rowsMax: 10 })
    },
    'a record that came is released': (tx) => releaseParkedRecords(tx, [{ map: 'map', remoteKey: 'none' }]),
    'a deletion is remembered': (tx) => putTombstones(tx, 'map', [{ remoteKey: 'new', rowId: null, kind: 'gone' }]),
  } satisfies Record<string, (tx: Tx) => Promise<unknown>>
  const read: Record<string, number> = {}
  for (const [name, step] of Object.entries(steps)) {
    read[name] = await t.database.transaction(async (tx) => {
      const before = await rowsRead(tx)
      await step(tx)
      return (await rowsRead(tx)) - before
    })
  }
  const much = Object.entries(read).filter(([, rows]) => !(rows <= READ_MAX))
  assert.deepEqual(much, [], `rows read beside ${LONG} of each`)
})

/** By this connection, as far as it has not told the statistics of all. */
async function rowsRead(tx: Tx): Promise<number> {
  const [found] = await tx<{ rows: number }>`
    select sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::int as rows from pg_stat_xact_user_tables
     where schemaname in ('tables', 'dual_write')`
  return found?.rows ?? Number.NaN
}

test('what is due is claimed beside a long queue that is not', async () => {
  await using t = await setUp()
  const changes = await t.database.transaction((tx) => claimChanges(tx, { subscribers: ['map'], rowsMax: 10, leaseMs: 1_000 }))
  const records = await t.database.transaction((tx) => claimRemoteChanges(tx, { maps: ['map'], rowsMax: 10, leaseMs: 1_000 }))
  assert.deepEqual([changes.length, records.length], [DUE, DUE])
})
