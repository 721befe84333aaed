import { AppError } from '#lib/app-error.ts'
import { and, falseSql, identifier, type Sql, sql, trustedSql } from '#postgres/sql.ts'
import { getColumn } from '../definition.ts'
import type { Link } from '../row-query.ts'
import { compileFilter } from './filter.ts'
import {
  type Columns,
  columnEquals,
  columnsOfRow,
  maskedColumn,
  type Place,
  postgresTypeOf,
  Scope,
  type Statement,
} from './scope.ts'

const ALIAS = /^[A-Za-z_][\w-]{0,62}$/

/**
 * Joins the links to the scope, under their names, and answers the conditions of those that only ask whether there are rows. A row of a
 * linked table that the asker may not see is not there: an inner link then drops its row.
 */
export function compileLinks(links: readonly Link[], scope: Scope): Sql[] {
  const conditions: Sql[] = []
  for (const link of links) {
    if (asksOnly(link)) conditions.push(compileQuestion(link, scope, scope))
    else scope.addJoin(compileJoin(link, scope, scope))
  }
  return conditions
}

/** Links whose rows stand in the result, with those inside them: each may make several rows of one, or tell one from another. */
export function joinedLinks(links: readonly Link[]): Link[] {
  return links.flatMap((one) => (asksOnly(one) ? [] : [one, ...joinedLinks(one.links)]))
}

function asksOnly(link: Link): boolean {
  return link.linkType !== 'inner' && link.linkType !== 'outer' && link.linkType !== 'matchfirstrowusingcrossapply'
}

/** `inner join tables.x as t1 on …`; links inside it stand in parentheses with it, so that an outer one keeps the row around it. */
function compileJoin(link: Link, scope: Scope, parent: Place): Sql {
  const place = placeOf(link, scope.statement)
  const name = identifier('tables', link.table.name)
  scope.addLinked(checkedAlias(link.alias), place)
  const inside: Sql[] = []
  const questions: Sql[] = []
  if (link.linkType === 'matchfirstrowusingcrossapply') {
    const inner: Place = { ...place, alias: scope.statement.alias() }
    const where = and(conditionsOf(link, scope, inner, parent))
    const first = sql`select ${inner.alias}.* from ${name} as ${inner.alias} where ${where} order by ${inner.alias}.${identifier(link.table.idColumn)} limit 1`
    for (const one of link.links) {
      if (asksOnly(one)) throw new AppError('request.invalid', `A ${one.linkType} link cannot stand inside ${link.linkType}`)
      inside.push(compileJoin(one, scope, place))
    }
    return sql`cross join lateral (${first}) as ${place.alias} ${spaced(inside)}`
  }
  for (const one of link.links) {
    if (asksOnly(one)) questions.push(compileQuestion(one, scope, place))
    else inside.push(compileJoin(one, scope, place))
  }
  const on = and([...conditionsOf(link, scope, place, parent), ...questions])
  const table = inside.length === 0 ? sql`${name} as ${place.alias}` : sql`(${name} as ${place.alias} ${spaced(inside)})`
  return sql`${trustedSql(link.linkType === 'outer' ? 'left join' : 'inner join')} ${table} on ${on}`
}

/**
 * Whether there are rows. `all` is what Dataverse means by it: there are linked rows, and none of them satisfies the link's filter;
 * `not all` is the same as `any`.
 */
function compileQuestion(link: Link, scope: Scope, parent: Place): Sql {
  const ask = (filtered: boolean): Sql => {
    const inner = new Scope(scope.statement, link.table, scope.rowsOf(link.table))
    const questions = filtered ? compileLinks(link.links, inner) : []
    const where = and([...conditionsOf(filtered ? link : withoutFilter(link), scope, inner, parent), ...questions])
    return sql`exists (select 1 from ${inner.from()} where ${where})`
  }
  switch (link.linkType) {
    case 'not any':
      return sql`not ${ask(true)}`
    case 'all':
      return sql`(${ask(false)} and not ${ask(true)})`
    default:
      return ask(true)
  }
}

function withoutFilter(link: Link): Link {
  const { filter: _filter, ...rest } = link
  return rest
}

function conditionsOf(link: Link, scope: Scope, place: Place, parent: Place): Sql[] {
  const conditions = [matches(link, place, parent)]
  if (place.predicate !== undefined) conditions.push(place.predicate.sql(place.alias))
  if (link.filter !== undefined) conditions.push(compileFilter(link.filter, columnsOfLink(scope, place)))
  return conditions
}

/** `from` of the linked row is `to` of the row around it. */
function matches(link: Link, place: Place, parent: Place): Sql {
  const from = getColumn(place.table, link.from)
  const to = getColumn(parent.table, link.to)
  if (postgresTypeOf(from) !== postgresTypeOf(to))
    throw new AppError(
      'request.invalid',
      `The link ${link.alias.slice(0, 60)} compares ${place.table.name}.${from.name} (${from.type}) with ${parent.table.name}.${to.name} (${to.type})`,
    )
  const conditions = [columnEquals(place, from.name, maskedColumn(parent.alias, parent.table, to.name, parent.predicate).sql)]
  const meant = (of: Place, customer: string, table: string) =>
    conditions.push(sql`${of.alias}.${identifier(`${customer}type`)} = ${table}`)
  if (to.type === 'customer' && from.name === place.table.idColumn) {
    if (!to.targets.includes(place.table.name)) return falseSql
    meant(parent, to.name, place.table.name)
  }
  if (from.type === 'customer' && to.name === parent.table.idColumn) meant(place, from.name, parent.table.name)
  return and(conditions)
}

/** In a link's filter a path without an alias is of the linked table; the names of other links say otherwise. */
function columnsOfLink(scope: Scope, place: Place): Columns {
  const own = columnsOfRow(scope.statement, place)
  return {
    ...own,
    column(path) {
      const [first = '', ...rest] = typeof path === 'string' ? path.split('.') : path
      const linked = rest.length === 0 ? undefined : scope.linked(first)
      return linked === undefined ? own.column(path) : columnsOfRow(scope.statement, linked).column(rest)
    },
  }
}

function placeOf(link: Link, statement: Statement): Place {
  return { alias: statement.alias(), table: link.table, predicate: statement.reach?.(link.table) }
}

function checkedAlias(alias: string): string {
  if (!ALIAS.test(alias)) throw new AppError('request.invalid', 'An alias has letters, digits, _ and - and begins with a letter')
  return alias
}

function spaced(parts: readonly Sql[]): Sql {
  return parts.reduce((before, one) => sql`${before} ${one}`, sql``)
}
