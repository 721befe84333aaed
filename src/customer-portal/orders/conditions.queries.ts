import { required } from '#lib/assert.ts'
import { and, identifier, or, type Sql, sql } from '#postgres/sql.ts'
import type { Catalog } from '#tables/catalog.ts'
import { optionOf } from '#tables/definition.ts'
import { allOf, havingChild, type RowPredicate } from '#tables/predicate.ts'
import { type OrderStatus, type ProcessingStatus, STATUSES } from '../status.ts'

/** Conditions on orders and lines that a list filters by, as SQL over the columns of whatever alias they are asked for. */
export const TABS = ['open', 'done', 'all'] as const
export type Tab = (typeof TABS)[number]

/** Statuses to filter by. Before the ERP has an order its states change by the second: they are one, `sending`. */
export type StatusFilter = Exclude<OrderStatus, 'received' | 'refused'>
export const STATUS_FILTERS: readonly StatusFilter[] = STATUSES.filter((status) => status !== 'received' && status !== 'refused')

/** Lines that still have something to deliver. */
export function openLines(catalog: Catalog): RowPredicate {
  const canceled = optionOf(catalog.get('salesorderdetail'), 'msdyn_linestatus', 'canceled')
  return {
    reason: 'open',
    sql: (alias) =>
      sql`coalesce(${alias}.quantitybackordered, 1) > 0 and ${alias}.msdyn_linestatus is distinct from ${canceled}::integer`,
  }
}

/** Open: something is still to come. Done: all shipped or invoiced. Cancelled orders are among all alone. */
export function tabCondition(catalog: Catalog, tab: Tab): RowPredicate | undefined {
  if (tab === 'all') return undefined
  const partly = processing(catalog, ['partiallyInvoiced'])
  const short = hasOpenLine(catalog)
  if (tab === 'open') {
    const early = processing(catalog, ['active', 'confirmed', 'picked', 'partiallyDelivered'])
    return {
      reason: 'open',
      sql: (alias) =>
        or([sql`${alias}.msdyn_processingstatus is null`, early.sql(alias), and([partly.sql(alias), short.sql(alias)])]),
    }
  }
  const late = processing(catalog, ['delivered', 'deliveredPartiallyInvoiced', 'invoiced'])
  return { reason: 'done', sql: (alias) => or([late.sql(alias), and([partly.sql(alias), not(short.sql(alias))])]) }
}

/** Orders that `orderStatus` (status.ts) gives this status, as far as the tables alone can tell. */
export function statusCondition(catalog: Catalog, status: StatusFilter): RowPredicate {
  const inErp: RowPredicate = { reason: 'in the ERP', sql: (alias) => sql`${alias}.msdyn_salesordernumber is not null` }
  const stopped: RowPredicate = {
    reason: 'stopped',
    sql: (alias) => sql`coalesce(${alias}.msdyn_issalesprocessingstopped, false)`,
  }
  const goingOn: RowPredicate = { reason: 'going on', sql: (alias) => not(stopped.sql(alias)) }
  const moving = (...members: ProcessingStatus[]) => allOf([inErp, goingOn, processing(catalog, members)])
  switch (status) {
    case 'sending':
      return {
        reason: 'not in the ERP',
        sql: (alias) => and([not(inErp.sql(alias)), not(processing(catalog, ['canceled']).sql(alias))]),
      }
    case 'cancelled':
      return processing(catalog, ['canceled'])
    case 'invoiced':
      return allOf([inErp, processing(catalog, ['invoiced'])])
    case 'on-hold':
      return allOf([
        inErp,
        stopped,
        { reason: 'not over', sql: (alias) => not(processing(catalog, ['canceled', 'invoiced']).sql(alias)) },
      ])
    case 'accepted':
      return {
        reason: 'accepted',
        sql: (alias) =>
          and([
            inErp.sql(alias),
            goingOn.sql(alias),
            or([sql`${alias}.msdyn_processingstatus is null`, processing(catalog, ['active']).sql(alias)]),
          ]),
      }
    case 'confirmed':
    case 'picked':
      return moving(status)
    case 'shipped':
      return moving('delivered')
    case 'partly-shipped': {
      const [delivered, invoiced] = [moving('partiallyDelivered'), moving('partiallyInvoiced')]
      return {
        reason: 'partly shipped',
        sql: (alias) => or([delivered.sql(alias), and([invoiced.sql(alias), hasOpenLine(catalog).sql(alias)])]),
      }
    }
    case 'partly-invoiced': {
      const [delivered, invoiced] = [moving('deliveredPartiallyInvoiced'), moving('partiallyInvoiced')]
      return {
        reason: 'partly invoiced',
        sql: (alias) => or([delivered.sql(alias), and([invoiced.sql(alias), not(hasOpenLine(catalog).sql(alias))])]),
      }
    }
    default:
      return status satisfies never
  }
}

/** What a buyer had better look at: stopped, not taken by the ERP, or open after its day. `today` is YYYY-MM-DD. */
export function attentionCondition(catalog: Catalog, today: string): RowPredicate {
  const [stopped, waiting] = [statusCondition(catalog, 'on-hold'), statusCondition(catalog, 'sending')]
  const open = requireTab(catalog, 'open')
  return {
    reason: 'attention',
    sql: (alias) => or([stopped.sql(alias), waiting.sql(alias), and([sql`${dueDate(alias)} < ${today}::date`, open.sql(alias)])]),
  }
}

/** Open, moving, and due today or later. */
export function upcomingCondition(catalog: Catalog, today: string): RowPredicate {
  const open = requireTab(catalog, 'open')
  return {
    reason: 'to come',
    sql: (alias) =>
      and([
        sql`${alias}.msdyn_salesordernumber is not null and not coalesce(${alias}.msdyn_issalesprocessingstopped, false)`,
        sql`${dueDate(alias)} >= ${today}::date`,
        open.sql(alias),
      ]),
  }
}

/** Every word is found in one of the order's numbers or references, or on one of its lines. */
export function searchCondition(catalog: Catalog, search: string, visibleLines: RowPredicate): RowPredicate {
  const words = search.split(/\s+/).filter((word) => word !== '')
  const [orders, lines] = [catalog.get('salesorder'), catalog.get('salesorderdetail')]
  const patterns = words.map((word) => `%${word.replace(/[\\%_]/g, (char) => `\\${char}`)}%`)
  return {
    reason: 'search',
    sql: (alias) =>
      and(
        patterns.map((pattern) => {
          const onLine: RowPredicate = {
            reason: 'search',
            sql: (line) => sql`(${line}.productnumber ilike ${pattern} or ${line}.description ilike ${pattern})`,
          }
          const own = orders.search.map((column) => sql`${alias}.${identifier(column)} ilike ${pattern}`)
          return or([...own, havingChild(orders, lines, 'salesorderid', allOf([onLine, visibleLines])).sql(alias)])
        }),
      ),
  }
}

/** The day that was confirmed, else the one that was asked for. */
function dueDate(alias: Sql): Sql {
  return sql`coalesce(${alias}.msdyn_confirmedreceiptdate, ${alias}.msdyn_requestedreceiptdate)`
}

function requireTab(catalog: Catalog, tab: Exclude<Tab, 'all'>): RowPredicate {
  return required(tabCondition(catalog, tab), 'the condition of a tab')
}

function hasOpenLine(catalog: Catalog): RowPredicate {
  return havingChild(catalog.get('salesorder'), catalog.get('salesorderdetail'), 'salesorderid', openLines(catalog))
}

function processing(catalog: Catalog, members: readonly ProcessingStatus[]): RowPredicate {
  const values = members.map((member) => optionOf(catalog.get('salesorder'), 'msdyn_processingstatus', member))
  return {
    reason: members.join(' or '),
    sql: (alias) => sql`coalesce(${alias}.msdyn_processingstatus = any(${values}::integer[]), false)`,
  }
}

function not(condition: Sql): Sql {
  return sql`not ${condition}`
}
