import { AppError, messageOf } from '#lib/app-error.ts'
import type { FilterExpression } from '#lib/odata/ast.ts'
import { identifier } from '#postgres/sql.ts'
import type { Catalog } from '#tables/catalog.ts'
import type { TableDefinition } from '#tables/definition.ts'
import { compileCondition } from '#tables/query.ts'
import type { Policy, TablePermission } from '../policy.ts'

/** Throws AppError `policy.invalid` with every table, column and relationship that the definitions do not bear out. */
export function checkPolicy(catalog: Catalog, policy: Policy): void {
  const problems: string[] = []
  const byName = new Map(policy.permissions.map((one) => [one.name, one]))
  for (const one of policy.permissions) {
    const table = catalog.tables.get(one.table)
    if (table === undefined) {
      problems.push(`${one.file}: there is no table ${one.table}`)
      continue
    }
    const say = (problem: string) => problems.push(`${one.file}: ${one.name}: ${problem}`)
    for (const column of one.columns ?? []) if (!table.columns.has(column)) say(`${one.table} has no column ${column}`)
    const condition = one.where === undefined ? undefined : conditionProblem(catalog, table, one.where)
    if (condition !== undefined) say(`where: ${condition}`)
    const problem = scopeProblem(one, table, byName)
    if (problem !== undefined) say(problem)
  }
  for (const open of policy.webApi.values()) {
    const table = catalog.tables.get(open.table)
    if (table === undefined) problems.push(`${open.file}: there is no table ${open.table}`)
    for (const column of open.columns)
      if (table !== undefined && !table.columns.has(column))
        problems.push(`${open.file}: webApi: ${open.table} has no column ${column}`)
  }
  if (problems.length > 0) throw new AppError('policy.invalid', `Roles and permissions:\n  ${problems.join('\n  ')}`)
}

function conditionProblem(catalog: Catalog, table: TableDefinition, where: FilterExpression): string | undefined {
  try {
    compileCondition(catalog, table, where, identifier('t'))
    return undefined
  } catch (error) {
    return messageOf(error)
  }
}

function scopeProblem(
  one: TablePermission,
  table: TableDefinition,
  byName: ReadonlyMap<string, TablePermission>,
): string | undefined {
  const { scope } = one
  switch (scope.accessType) {
    case 'global':
      return undefined
    case 'company':
      return table.scope === 'company' ? undefined : `rows of ${table.name} belong to no legal entity`
    case 'account':
    case 'hierarchy':
      if (scope.relationship === undefined)
        return table.name === 'account' ? undefined : 'a relationship is needed: the column that points to the account'
      return lookupProblem(table, scope.relationship, 'account')
    case 'contact':
      return (
        lookupProblem(table, scope.relationship, 'contact') ??
        (scope.accountRelationship === undefined ? undefined : lookupProblem(table, scope.accountRelationship, 'account'))
      )
    case 'self':
      return table.name === 'contact' ? undefined : 'the access type self is for the table contact'
    case 'parent': {
      const parent = byName.get(scope.permission)
      return parent === undefined ? undefined : lookupProblem(table, scope.through, parent.table)
    }
    default:
      return scope satisfies never
  }
}

function lookupProblem(table: TableDefinition, column: string, target: string): string | undefined {
  const found = table.columns.get(column)
  if (found === undefined) return `${table.name} has no column ${column}`
  if (!found.targets.includes(target)) return `${table.name}.${column} does not point to the table ${target}`
  return undefined
}
