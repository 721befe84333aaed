import { closeSync, openSync, readSync, statSync } from 'node:fs'
import type { Database } from '../../src/postgres/database.ts'

/** What the statements of one server have cost: they say the same on a busy machine as on an idle one. */
export type Statements = {
  /** From now on. */
  begin(): Promise<void>
  /** Since `begin`, of both sides. */
  read(): Promise<StatementCost>
  /** While `work` goes on, the plan of each different statement, with what it read and how many rows it met. */
  plansDuring(work: () => Promise<void>): Promise<string>
}

export type StatementCost = {
  statements: number
  /** Pages of 8 kB that were looked at, in memory or not, also by triggers and constraints. */
  pages: number
  ms: number
  /** What costs most of it, the most first. */
  top: { text: string; calls: number; pages: number; ms: number }[]
}

/** The server has to be started with them. */
export const STATEMENT_SETTINGS = {
  shared_preload_libraries: 'pg_stat_statements,auto_explain',
  'pg_stat_statements.max': '5000',
  'pg_stat_statements.track_planning': 'on',
  log_line_prefix: '%m [%p] %d ',
}

/** Statements with this in them are of the bench itself. */
export const OURS = 'of_the_bench'
const TOP = 8

/** `server` is any database of the server, whose log is in `logFile`; what counts happens in `databases`. */
export async function watchStatements(server: Database, logFile: string, databases: readonly string[]): Promise<Statements> {
  await server.pool.query('create extension if not exists pg_stat_statements')
  return {
    async begin() {
      await server.pool.query('select pg_stat_statements_reset()')
    },
    async read() {
      const { rows } = await server.pool.query(
        `select s.query as text, sum(s.calls)::float8 as calls, sum(s.shared_blks_hit + s.shared_blks_read)::float8 as pages,
                sum(s.total_exec_time + s.total_plan_time)::float8 as ms
           from pg_stat_statements s join pg_database d on d.oid = s.dbid
          where d.datname = any($1) and s.query not like '%${OURS}%' group by 1 order by 3 desc`,
        [databases],
      )
      const sum = (name: 'calls' | 'pages' | 'ms') => rows.reduce((total, row) => total + row[name], 0)
      return { statements: sum('calls'), pages: sum('pages'), ms: sum('ms'), top: rows.slice(0, TOP) }
    },
    async plansDuring(work) {
      const from = statSync(logFile).size
      await explain(server, true)
      await work()
      await explain(server, false)
      return lastPlans(readFrom(logFile, from), databases)
    },
  }
}

async function explain(server: Database, isOn: boolean): Promise<void> {
  await server.pool.query(`alter system set auto_explain.log_min_duration = ${isOn ? 0 : -1}`)
  for (const name of ['log_analyze', 'log_buffers', 'log_nested_statements'])
    await server.pool.query(`alter system set auto_explain.${name} = ${isOn ? 'on' : 'off'}`)
  await server.pool.query('select pg_reload_conf()')
  // Sessions look at the next statement they are given.
  await new Promise((done) => setTimeout(done, RELOADED_MS))
}

const RELOADED_MS = 200

function readFrom(file: string, from: number): string {
  const size = statSync(file).size - from
  const buffer = Buffer.alloc(size)
  const handle = openSync(file, 'r')
  readSync(handle, buffer, 0, size, from)
  closeSync(handle)
  return buffer.toString()
}

/** Of each statement of these databases the plan that was seen last. */
function lastPlans(log: string, databases: readonly string[]): string {
  const plans = new Map<string, string>()
  for (const entry of log.split(/^(?=\d{4}-\d\d-\d\d )/m)) {
    const [, database, plan] = /^[^[]*\[\d+\] (\S+) LOG: {2}duration: [^\n]*plan:\n([\s\S]*)$/.exec(entry) ?? []
    if (database === undefined || plan === undefined || !databases.includes(database) || plan.includes(OURS)) continue
    const text = plan.replace(/^\t/gm, '')
    const [query = ''] = text.split(/^(?=\S.*\((?:cost|actual)=?)/m)
    plans.set(`${database} ${query}`, `-- in ${database}\n${text}`)
  }
  return [...plans.values()].join('\n')
}
