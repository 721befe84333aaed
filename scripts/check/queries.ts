import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { portalMigrations, scmMigrations } from '../../src/context.ts'
import { silentLog } from '../../src/log/log.ts'
import { prepareJobQueue } from '../../src/mail/queue.ts'
import type { Database, Tx } from '../../src/postgres/database.ts'
import { migrate } from '../../src/postgres/migrate.ts'
import { type Sql, sql } from '../../src/postgres/sql.ts'
import { readCatalog } from '../../src/tables/catalog.ts'
import { engineRows } from '../../src/tables/predicate.ts'
import { compileQuery } from '../../src/tables/query.ts'
import { queryLimits } from '../../src/tables/query-limits.ts'
import { applyDefinitions } from '../../src/tables/schema.ts'
import { createTestDatabase } from '../../tests/support/database.ts'
import { anything } from './anything.ts'
import { listFiles } from './files.ts'

/** Files, and functions of them, whose statements are built from table definitions or name a table by argument: their tests run them. */
const BUILT_FROM_DEFINITIONS = new Set([
  'src/tables/rows.queries.ts',
  'src/tables/row-tests.queries.ts',
  'src/tables/visitor-rights.queries.ts openToVisitors',
  'src/tables/visitor-rights.queries.ts dropRuleView',
  'src/tables/files.queries.ts deleteUnusedFiles',
  'src/tables/samples.queries.ts sampleExpression',
  'src/dual-write/compare/moved.queries.ts',
  'src/dual-write/compare/unlinked.queries.ts',
  'src/access/wall/wall.queries.ts createFunction',
  'src/access/wall/wall.queries.ts createPolicy',
  'src/access/wall/wall.queries.ts dropFunction',
  // Of the ERP: statements over any of its tables, from the catalog of entities; its tests run them for every entity set.
  'src/scm/domain/rows.queries.ts',
  'src/scm/data/load/any-table.queries.ts',
  'src/scm/odata/read.queries.ts',
  // Over tables of any other database, from its own catalog; the conformance suite runs them.
  'src/connectors/postgres/read.queries.ts',
  'src/connectors/postgres/write.queries.ts',
  'src/connectors/postgres/sync.queries.ts',
  'src/connectors/postgres/watch.queries.ts',
])
const STATEMENTS_A_FUNCTION_MAX = 40
const DESCRIBABLE = /^\s*(select|insert|update|delete|with|values|merge|table)\b/i

/** `reached` counts all statements, `described` those that PostgreSQL can describe: what makes and drops things it only runs. */
type Report = { problems: string[]; described: number; reached: number }

/**
 * Lets PostgreSQL describe every statement of every `*.queries.ts`: each exported function is called with stand-ins for its
 * arguments and a transaction that prepares what it is given instead of running it. A wrong column, table or type shows here.
 */
export async function checkQueries(root: string): Promise<string[]> {
  await using portal = await createTestDatabase()
  await migrate(portal.database, portalMigrations)
  await prepareJobQueue({ url: portal.url, log: silentLog })
  const catalog = readCatalog()
  await applyDefinitions(portal.database, catalog)
  await using scm = await createTestDatabase()
  await migrate(scm.database, scmMigrations)

  const report: Report = { problems: [], described: 0, reached: 0 }
  for (const path of listFiles(root, 'src', ['.queries.ts'])) {
    if (BUILT_FROM_DEFINITIONS.has(path)) continue
    const module: Record<string, unknown> = await import(pathToFileURL(join(root, path)).href)
    for (const [name, value] of Object.entries(module)) {
      if (typeof value !== 'function' || BUILT_FROM_DEFINITIONS.has(`${path} ${name}`)) continue
      const before = report.reached
      await describeFunction(
        path.startsWith('src/scm/') ? scm.database : portal.database,
        `${path} ${name}`,
        value as Callable,
        report,
      )
      if (report.reached === before && value.constructor.name === 'AsyncFunction')
        report.problems.push(`${path} ${name}: no statement was reached`)
    }
  }
  for (const table of catalog.tables.values()) {
    const columns = [...table.columns.keys()]
    // A query is sorted by so many columns at most: it takes several to sort by all.
    for (let i = 0; i < columns.length; i += queryLimits.orderColumns) {
      const query = compileQuery(catalog, {
        table,
        columns,
        predicate: engineRows,
        orderBy: columns.slice(i, i + queryLimits.orderColumns).map((column) => ({ column, descending: true })),
        search: table.search.length > 0 ? 'a' : '',
        rowsMax: 1,
      })
      await describe(portal.database, `table ${table.name}`, query, report)
    }
  }
  if (report.described < 50) report.problems.push(`only ${report.described} statements were described: this check is broken`)
  return report.problems
}

type Callable = (...args: unknown[]) => unknown

/** Twice: once as if every statement found one row, once as if none did, so that both ways through the function are seen. */
async function describeFunction(database: Database, name: string, call: Callable, report: Report): Promise<void> {
  for (const rows of [[anything()], []]) {
    let statements = 0
    const run = async (query: Sql) => {
      if (++statements > STATEMENTS_A_FUNCTION_MAX) throw new Error('enough statements')
      await describe(database, name, query, report)
      return [...rows]
    }
    const tx = Object.assign((strings: TemplateStringsArray, ...parts: unknown[]) => run(sql(strings, ...parts)), {
      run,
    }) as unknown as Tx
    try {
      await call(tx, anything(), anything(), anything(), anything(), anything())
    } catch {
      // A stand-in was not what the function needs further down; what it asked until then is described.
    }
  }
}

async function describe(database: Database, name: string, query: Sql, report: Report): Promise<void> {
  const { text } = query.compile()
  report.reached++
  if (!DESCRIBABLE.test(text)) return
  const client = await database.pool.connect()
  try {
    await client.query(`prepare described as ${text}`)
    await client.query('deallocate described')
    report.described++
  } catch (error) {
    const problem = `${name}: ${error instanceof Error ? error.message : String(error)}`
    if (!report.problems.includes(problem)) report.problems.push(problem)
  } finally {
    client.release()
  }
}
