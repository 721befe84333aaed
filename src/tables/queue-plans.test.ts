import assert from 'node:assert/strict'
import test from 'node:test'
import { silentLog } from '#log/log.ts'
import { openDatabase } from '#postgres/database.ts'
import { migrate } from '#postgres/migrate.ts'
import { createTestDatabase } from '../../tests/support/database.ts'
import { claimChanges, postponeChanges, settleChanges } from './changes.queries.ts'

const ROWS = 3_000
const SETTLED = 10
const LIVE = { prepared: true, isDurable: false }

test('plans that were made while the queue was empty do not read all of it when it has grown', async () => {
  await using server = await createTestDatabase()
  const database = openDatabase({ url: server.url, log: silentLog, connectionsMax: 1 })
  try {
    await migrate(database, [{ module: 'tables', folder: `${import.meta.dirname}/migrations` }])
    await database.pool.query('vacuum analyze tables.change')
    const work = () =>
      database.transaction(async (tx) => {
        const claimed = await claimChanges(tx, { subscribers: ['map'], rowsMax: SETTLED, leaseMs: 60_000 })
        const [first, ...rest] = claimed
        if (first !== undefined)
          await postponeChanges(tx, 'map', [{ change: first, afterMs: 60_000, code: 'later', reason: 'later' }])
        return settleChanges(tx, 'map', rest)
      }, LIVE)
    const fill = (rows: number) =>
      database.pool.query(
        `insert into tables.change (subscriber, table_name, row_id, operation, columns, attempt)
         select 'map', 't', gen_random_uuid(), 'create', '{}', 0 from generate_series(1, ${rows})`,
      )
    // Often enough that the plans are kept.
    for (let i = 0; i < 20; i++) {
      await fill(SETTLED)
      await work()
    }
    await fill(ROWS)
    const read = async () => {
      await database.pool.query('select pg_stat_force_next_flush()')
      const { rows } = await database.pool.query(
        `select seq_tup_read::int as all_of_it from pg_stat_user_tables where relid = 'tables.change'::regclass`,
      )
      return rows[0].all_of_it as number
    }
    const before = await read()
    assert.equal((await work()).size, SETTLED - 1)
    assert.equal(await read(), before)
  } finally {
    await database.close()
  }
})
