import { AppError, messageOf } from '#lib/app-error.ts'
import type { Clock } from '#lib/clock.ts'
import { type Database, sqlStateOf, type Tx } from '#postgres/database.ts'
import { lockMigrations } from '#postgres/migrate.ts'
import { trustedSql } from '#postgres/sql.ts'
import type { Catalog } from './catalog.ts'
import { createDraft, type Phase, type Question } from './schema/draft.ts'
import { planHiddenTable, planNewTable, planTable } from './schema/table-plan.ts'
import {
  countDuplicates,
  countWhere,
  limitLockWaits,
  listActualTables,
  listTakenNames,
  readActualTables,
} from './schema.queries.ts'
import {
  dropRuleView,
  listClosedTables,
  openToVisitors,
  refreshRuleViews,
  secureTriggers,
  withdrawPolicies,
} from './visitor-rights.queries.ts'

/** What it takes to make PostgreSQL hold other definitions, in words and in SQL. Plain data, to be shown before it is done. */
export type ChangePlan = {
  steps: readonly ChangeStep[]
  /** What rows would lose: done only when `confirm` is named by a person. */
  losses: readonly ChangeLoss[]
  /** What stands in the way, each with what to do about it. */
  refusals: readonly string[]
}
export type ChangeStep = { what: string; sql: readonly string[]; phase: Phase; withdraws?: string }
/** `confirm`: the table and column, as `account.contoso_code`. */
export type ChangeLoss = { confirm: string; says: string; rows: number }

/**
 * Compares what PostgreSQL holds of the tables with what `next` says, and asks their rows what they would lose. Tables and columns that
 * `next` lacks are hidden, never dropped. `current` is what was defined until now: indexes of its own are dropped, others are not ours.
 */
export async function planChange(tx: Tx, current: Catalog, next: Catalog, tables: readonly string[]): Promise<ChangePlan> {
  const actual = await readActualTables(tx)
  const taken = await listTakenNames(tx)
  const draft = createDraft()
  for (const name of tables) {
    const [table, held, before] = [next.tables.get(name), actual.get(name), current.tables.get(name)]
    if (table === undefined) {
      if (before !== undefined && held !== undefined) planHiddenTable(draft, before, held)
    } else if (held !== undefined) planTable(draft, { catalog: next, current: before, next: table, actual: held })
    else if (taken.has(name)) draft.refuse(`The name ${name} is taken by Comptoir itself; choose another`)
    else planNewTable(draft, next, table)
  }
  const steps = draft.steps.toSorted((a, b) => PHASES.indexOf(a.phase) - PHASES.indexOf(b.phase) || a.rank - b.rank)
  const { losses, refusals } = await askRows(tx, draft.questions)
  return {
    steps: steps.map(({ what, phase, withdraws, sql }) => ({
      what,
      phase,
      sql: sql.map((one) => one.compile().text),
      ...(withdraws === undefined ? {} : { withdraws }),
    })),
    losses,
    refusals: [...draft.refusals, ...refusals],
  }
}

const PHASES: readonly Phase[] = ['expand', 'build', 'switch']
const LOCK_WAITS_MAX = 20
const LOCK_RETRY_MS = 500
/** lock_not_available */
const LOCK_TIMEOUT = '55P03'

/**
 * Plans and does it, under the migrations' lock. What is small happens in one transaction together with `settle`; where large tables need
 * indexes or a look through their rows, these are made beside their users, and `settle` comes with the last transaction.
 * Throws AppError `tables.cannot_change` for what stands in the way, and `tables.would_lose_data` for losses that `confirm` does not name.
 */
export async function applyChange(
  database: Database,
  change: {
    plan: (tx: Tx) => Promise<ChangePlan>
    confirm: readonly string[]
    /** After the steps of each transaction: policies that a step has withdrawn are written again. */
    restore?: (tx: Tx) => Promise<void>
    settle: (tx: Tx) => Promise<void>
    clock: Pick<Clock, 'sleep'>
  },
): Promise<ChangePlan> {
  const { confirm, clock, restore = async () => undefined } = change
  const { plan, isDone } = await withShortLocks(database, clock, async (tx) => {
    const made = await change.plan(tx)
    requirePossible(made, confirm)
    const isOnce = made.steps.every((step) => step.phase !== 'build')
    await runSteps(tx, isOnce ? made.steps : made.steps.filter((step) => step.phase === 'expand'))
    await openTables(tx)
    await restore(tx)
    if (isOnce) await change.settle(tx)
    return { plan: made, isDone: isOnce }
  })
  if (isDone) return plan
  await buildBeside(database, plan)
  await withShortLocks(database, clock, async (tx) => {
    await runSteps(
      tx,
      plan.steps.filter((step) => step.phase === 'switch'),
    )
    await restore(tx)
    await change.settle(tx)
  })
  return plan
}

function requirePossible(plan: ChangePlan, confirm: readonly string[]): void {
  if (plan.refusals.length > 0)
    throw new AppError('tables.cannot_change', `The definitions cannot be changed so:\n  ${plan.refusals.join('\n  ')}`, {
      details: { problems: plan.refusals },
    })
  const open = plan.losses.filter((loss) => !confirm.includes(loss.confirm))
  if (open.length > 0)
    throw new AppError(
      'tables.would_lose_data',
      `This would lose data:\n  ${open.map((loss) => loss.says).join('\n  ')}\nTo agree, confirm ${open.map((loss) => loss.confirm).join(', ')}`,
      { details: { losses: open } },
    )
}

/** A change that waits for a lock makes everybody behind it wait: it gives up soon, and tries again. */
async function withShortLocks<T>(database: Database, clock: Pick<Clock, 'sleep'>, work: (tx: Tx) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await database.transaction(async (tx) => {
        await lockMigrations(tx)
        await limitLockWaits(tx)
        return work(tx)
      })
    } catch (error) {
      if (sqlStateOf(error) !== LOCK_TIMEOUT) throw error
      if (attempt >= LOCK_WAITS_MAX)
        throw new AppError('tables.busy', 'The tables are in use without a pause; try again when long work on them has ended', {
          cause: error,
        })
      await clock.sleep(LOCK_RETRY_MS)
    }
  }
}

async function runSteps(tx: Tx, steps: readonly ChangeStep[]): Promise<void> {
  for (const step of steps) {
    if (step.withdraws !== undefined) {
      await withdrawPolicies(tx, step.withdraws)
      await dropRuleView(tx, step.withdraws)
    }
    for (const statement of step.sql) await runStatement(tx, step, statement)
  }
}

/** What rows hold is asked before; what a calculation or another writer brings shows only here. */
async function runStatement(tx: Tx, step: ChangeStep, statement: string): Promise<void> {
  try {
    await tx.run(trustedSql(statement))
  } catch (cause) {
    if (sqlStateOf(cause)?.startsWith('23') !== true) throw cause
    const problem = `${step.what}: the rows that are there stand against it (${messageOf(cause)})`
    throw new AppError('tables.cannot_change', `The definitions cannot be changed so:\n  ${problem}`, {
      cause,
      details: { problems: [problem] },
    })
  }
}

/** New tables are behind the second wall from their first moment: no visitor sees a row before a permission says so. */
async function openTables(tx: Tx): Promise<void> {
  const tables = await listActualTables(tx)
  await openToVisitors(tx, await listClosedTables(tx, tables))
  await refreshRuleViews(tx, tables)
  await secureTriggers(tx)
}

/** Each statement by itself: `create index concurrently` wants no transaction, and none of them a limit of time. */
async function buildBeside(database: Database, plan: ChangePlan): Promise<void> {
  const client = await database.pool.connect()
  try {
    await client.query('set statement_timeout = 0')
    for (const step of plan.steps) {
      if (step.phase !== 'build') continue
      for (const statement of step.sql) await client.query(statement)
    }
  } catch (cause) {
    throw new AppError(
      'tables.cannot_change',
      'A row that came meanwhile stands in the way; nothing has changed for users. Look at the plan again',
      { cause },
    )
  } finally {
    // Not given back: its settings are its own.
    client.release(true)
  }
}

async function askRows(tx: Tx, questions: readonly Question[]): Promise<{ losses: ChangeLoss[]; refusals: string[] }> {
  const losses: ChangeLoss[] = []
  const refusals: string[] = []
  for (const question of questions) {
    const { condition, confirm } = question
    const rows =
      'duplicatesOf' in condition
        ? await countDuplicates(tx, question.table, condition.duplicatesOf)
        : await countWhere(tx, question.table, condition)
    if (rows === 0) continue
    if (confirm === undefined) refusals.push(question.says(rows))
    else losses.push({ confirm, says: question.says(rows), rows })
  }
  return { losses, refusals }
}
